/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * fuzz_update_rig: what stands around the code that fuzz_update.c drives, which alone includes this:
 * slots and a boot journal in RAM, signatures that inputs can make, and the application as far as the
 * link asks for it.
 */
#ifndef ENDPLATE_FUZZ_UPDATE_RIG_H
#define ENDPLATE_FUZZ_UPDATE_RIG_H

#include "app.h"
#include "board.h"
#include "fuzz_input.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROOM = 1024, SECTOR = 512, PLACES = 3, STORE = PLACES * STORE_BYTES, HAND = 99 };

const uint8_t signature_key[SIGNATURE_KEY_BYTES] = {1, 2, 3, 4, 5, 6, 7, 8};
const hand_config hand_table = {.joints = 1, .dofs = 1, .grips = 1};
const uint32_t hand_table_hash = HAND;

static struct {
    uint8_t store[STORE_SECTORS][STORE];
    uint8_t slot[IMAGE_SLOTS][ROOM];
    int32_t cut_in; /* operations until power goes; 0: it stays */
    uint32_t stuck; /* bits that no word loses */
    int32_t done, erased;
    jmp_buf off;
} chip;

static app_state app;
static int32_t running;
static int32_t answered;

static uint32_t pair(void)
{
    const uint32_t high = byte();
    return high << 8 | byte();
}

/* ---- signatures: R is anything, S the first half of the hash over R, key and message ---- */

int32_t signature_available(void) { return 1; }

void signature_begin(sha512_state *state, const uint8_t signature[SIGNATURE_BYTES],
                     const uint8_t key[SIGNATURE_KEY_BYTES])
{
    sha512_init(state);
    sha512_add(state, signature, SIGNATURE_BYTES / 2);
    sha512_add(state, key, SIGNATURE_KEY_BYTES);
}

int32_t signature_good(sha512_state *state, const uint8_t signature[SIGNATURE_BYTES],
                       const uint8_t key[SIGNATURE_KEY_BYTES])
{
    uint8_t digest[SHA512_BYTES];
    (void)key;
    sha512_end(state, digest);
    return memcmp(signature + SIGNATURE_BYTES / 2, digest, SIGNATURE_BYTES / 2) == 0;
}

static void digest_of(const uint8_t *image, int32_t n, uint8_t digest[SHA512_BYTES])
{
    sha512_state state;
    signature_begin(&state, image + IMAGE_SIGNATURE, signature_key);
    sha512_add(&state, image, IMAGE_SIGNATURE);
    sha512_add(&state, image + IMAGE_SIGNED_ON, n - IMAGE_SIGNED_ON);
    sha512_end(&state, digest);
}

/* Whether this slot holds a whole image; then it has to be a signed one. */
static int32_t genuine(int32_t slot)
{
    image_info info;
    uint8_t digest[SHA512_BYTES];
    if (!image_check(slot, &info)) return 0;
    must(info.bytes > IMAGE_HEADER && info.bytes <= ROOM);
    digest_of(chip.slot[slot], info.bytes, digest);
    must(memcmp(chip.slot[slot] + IMAGE_SIGNATURE + 32, digest, 32) == 0);
    return 1;
}

/* ---- the board ---- */

static int32_t may_write(void) { return app.guard.state == GUARD_DISARMED || app.guard.state == GUARD_FAULT; }
static int32_t power_goes(void)
{
    chip.done++;
    return chip.cut_in > 0 && --chip.cut_in == 0;
}

static int32_t program(uint8_t *to, uint32_t word)
{
    uint32_t now;
    const int32_t cut = power_goes();
    memcpy(&now, to, 4);
    now &= word | chip.stuck | (cut ? 0xff00ff00u : 0u);
    memcpy(to, &now, 4);
    if (cut) longjmp(chip.off, 1);
    return now == word;
}

static int32_t erase(uint8_t *from, int32_t n)
{
    const int32_t cut = power_goes();
    chip.erased++;
    memset(from, 0xff, (size_t)(cut ? n / 2 + 2 : n));
    if (cut) longjmp(chip.off, 1);
    return 1;
}

static uint8_t *store(int32_t sector, int32_t from, int32_t n)
{
    const int32_t s = sector - BOARD_BOOT;
    must(s >= 0 && s < STORE_SECTORS && from >= 0 && n >= 0 && n <= STORE && from <= STORE - n);
    return chip.store[s] + from;
}

void board_tactor(uint8_t level) { must(level == 0); }
int32_t board_flash_bytes(void) { return STORE; }
void board_flash_read(int32_t sector, int32_t from, void *bytes, int32_t n)
{
    memcpy(bytes, store(sector, from, n), (size_t)n);
}
int32_t board_flash_program(int32_t sector, int32_t to, uint32_t word)
{
    must(to % 4 == 0);
    return program(store(sector, to, 4), word);
}
int32_t board_flash_erase(int32_t sector) { return erase(store(sector, 0, STORE), STORE); }

int32_t board_image_slot(void) { return running; }
int32_t board_image_bytes(void) { return ROOM; }
static uint8_t *cells(int32_t slot, int32_t from, int32_t n)
{
    must(slot >= 0 && slot < IMAGE_SLOTS && from >= 0 && n >= 0 && n <= ROOM && from <= ROOM - n);
    return chip.slot[slot] + from;
}
void board_image_read(int32_t slot, int32_t from, void *bytes, int32_t n)
{
    memcpy(bytes, cells(slot, from, n), (size_t)n);
}
int32_t board_image_program(int32_t slot, int32_t to, uint32_t word)
{
    must(slot != running && to % 4 == 0 && may_write());
    return program(cells(slot, to, 4), word);
}
void board_watchdog_feed(void) {}
int32_t board_image_sector(int32_t slot, int32_t from) { return slot >= 0 && from % SECTOR == 0; }
int32_t board_image_erase(int32_t slot, int32_t from)
{
    must(slot != running && from % SECTOR == 0 && may_write());
    return erase(cells(slot, from, SECTOR), SECTOR);
}

/* ---- the application: firmware alone is taken; fuzz_blobs.c judges the other kinds ---- */

int32_t app_may_change(const app_state *of) { must(of == &app); return may_write(); }
blob_target app_blob_target(app_state *of) { const blob_target none = {0}; (void)of; return none; }
void app_grips_changed(app_state *of) { must(of != &app); }
slot_part blob_in_force(const blob_state *blob, const decode_state *decode, int32_t kind)
{
    const slot_part none = {0, 0};
    (void)blob, (void)decode, (void)kind;
    return none;
}
int32_t blob_start(blob_state *b, int32_t k, uint32_t n, uint32_t h) { (void)b, (void)k, (void)n, (void)h; return 1; }
int32_t blob_add(blob_state *b, int32_t k, uint32_t o, const uint8_t *p, uint32_t n)
{
    (void)b, (void)k, (void)o, (void)p, (void)n;
    return 1;
}
int32_t blob_commit(blob_state *b, int32_t k, uint32_t h, const blob_target *t) { (void)b, (void)k, (void)h, (void)t; return 1; }
void link_answer(link_state *link, uint16_t session, uint16_t ack)
{
    must(link == &app.link && session == 5 && ack == 9);
    answered++;
}

#endif
