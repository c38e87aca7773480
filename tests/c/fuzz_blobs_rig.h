/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * fuzz_blobs_rig: what stands around the code that fuzz_blobs.c drives; fuzz_blobs_checks.h alone
 * includes this. A small hand, flash in RAM, the line, and the application as far as the link asks
 * for it.
 */
#ifndef ENDPLATE_FUZZ_BLOBS_RIG_H
#define ENDPLATE_FUZZ_BLOBS_RIG_H

#include "app.h"
#include "board.h"
#include "fuzz_input.h"
#include "store.h"

#include <math.h> /* NAN */
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SCHEMA = 0x5EED, BOOT_ID = 77, SLOT_BYTES = 6144, EMG_OLD_MS = 150 };

const hand_config hand_table = {
    .name = "fuzzed", .joints = 2, .dofs = 2, .grips = 2, .rest_grip = 1, .supply_ma = 3000.0f,
    .joint = {{"a", 1, 1, 2.0f, 80.0f, 0.0f, 90.0f, 150.0f, 500.0f},
              {"b", 2, -1, 1.0f, 80.0f, -40.0f, 40.0f, 100.0f, 400.0f}},
    .dof = {{"hand", HAND_DOF_GRIP, 0, 1}, {"wrist", HAND_DOF_JOINT, 1, 0}},
    .grip = {{"power", {0.0f, NAN}, {90.0f, NAN}, {0}, {1.0f, 1.0f}, 1.0f, 1.0f},
             {"pinch", {10.0f, NAN}, {60.0f, NAN}, {0}, {1.0f, 1.0f}, 1.0f, 0.5f}},
    .digit = {{-1, -1, 0, 0}, {-1, -1, 0, 0}, {-1, -1, 0, 0}, {-1, -1, 0, 0}, {-1, -1, 0, 0}},
};
const uint32_t hand_table_hash = 99;
const uint8_t signature_key[SIGNATURE_KEY_BYTES] = {0};

static struct {
    _Alignas(4) uint8_t bytes[SLOTS][SLOT_BYTES];
    int32_t cut_in; /* operations until power goes; 0: it stays */
    uint32_t stuck; /* bits that no word loses */
    int32_t done;
    int32_t refused; /* words that it did not take */
    jmp_buf off;
} chip;

static app_state app;
static const uint8_t *line;
static int32_t line_n;
static int32_t answered;
static int32_t armed, relaxed, stopped;
static uint64_t heard_us; /* the newest EMG or COMMAND that was taken */
static uint64_t commits[SLOT_PARTS], driven, hops, cuts;

/* ---- the board ---- */

int32_t board_link_read(uint8_t *bytes, int32_t capacity)
{
    const int32_t n = line_n < capacity ? line_n : capacity;
    if (n > 0) memcpy(bytes, line, (size_t)n);
    line += n;
    line_n -= n;
    return n;
}

uint32_t board_boot_id(void) { return BOOT_ID; }
uint32_t board_schema_hash(uint32_t compiled) { (void)compiled; return SCHEMA; }
void board_log(const char *text) { (void)text; }
void board_watchdog_feed(void) {}
void board_tactor(uint8_t level) { (void)level; }
int32_t board_flash_bytes(void) { return 0; }
int32_t board_flash_slot_bytes(void) { return SLOT_BYTES; }

static uint8_t *cells(int32_t sector, int32_t from, int32_t n)
{
    const int32_t slot = sector - BOARD_FLASH_SLOTS;
    must(slot >= 0 && slot < SLOTS && from >= 0 && n >= 0 && n <= SLOT_BYTES && from <= SLOT_BYTES - n);
    return chip.bytes[slot] + from;
}

void board_flash_read(int32_t sector, int32_t from, void *bytes, int32_t n)
{
    memcpy(bytes, cells(sector, from, n), (size_t)n);
}

const uint8_t *board_flash_at(int32_t sector) { return cells(sector, 0, SLOT_BYTES); }

/* Whether power goes in this operation. Only where the hand may be changed there is any. */
static int32_t power_goes(void)
{
    must(app_may_change(&app));
    chip.done++;
    return chip.cut_in > 0 && --chip.cut_in == 0;
}

int32_t board_flash_program(int32_t sector, int32_t to, uint32_t word)
{
    uint32_t now;
    must(to % 4 == 0 && sector - BOARD_FLASH_SLOTS != app.blob.slots.slot); /* the other one */
    uint8_t *cell = cells(sector, to, 4);
    const int32_t cut = power_goes();
    memcpy(&now, cell, 4);
    now &= word | chip.stuck | (cut ? 0xff00ff00u : 0u);
    memcpy(cell, &now, 4);
    if (cut) longjmp(chip.off, 1);
    chip.refused += now != word;
    return now == word;
}

int32_t board_flash_erase(int32_t sector)
{
    must(sector - BOARD_FLASH_SLOTS != app.blob.slots.slot);
    const int32_t cut = power_goes();
    memset(cells(sector, 0, SLOT_BYTES), 0xff, cut ? SLOT_BYTES / 2 + 2 : SLOT_BYTES);
    if (cut) longjmp(chip.off, 1);
    return 1;
}

/* ---- what else is asked for; firmware is judged by fuzz_update.c ---- */

int32_t update_usable(const update_state *update) { (void)update; return 0; }
int32_t update_on_trial(const update_state *update) { (void)update; return 0; }
int32_t update_begin(update_state *u, uint32_t n, uint32_t h) { (void)u, (void)n, (void)h; return 1; }
int32_t update_commit(update_state *update, uint32_t hash) { (void)update, (void)hash; return 1; }
int32_t update_chunk(update_state *u, uint32_t o, const uint8_t *b, int32_t n, uint32_t h)
{
    (void)u, (void)o, (void)b, (void)n, (void)h;
    return 1;
}
int32_t board_image_bytes(void) { return 0; }
uint32_t log_oldest(const log_state *log) { (void)log; return 0; }
void link_param(link_state *link, app_state *of) { (void)link, (void)of; }
void link_hello_ack(link_state *link, const app_state *of, uint16_t session, uint16_t ack, uint8_t ok)
{
    (void)link, (void)of, (void)session, (void)ack, (void)ok;
}
void app_restart(app_state *of) { (void)of; }
uint32_t app_ms(const app_state *of) { return (uint32_t)(of->now_us / 1000u); }
int32_t app_may_change(const app_state *of)
{
    return of->guard.state == GUARD_DISARMED || of->guard.state == GUARD_FAULT;
}

void link_answer(link_state *link, uint16_t session, uint16_t ack)
{
    must(session == app.link.session && link->open);
    (void)ack;
    answered++;
}

void app_event(app_state *of, int32_t event)
{
    const int32_t before = of->guard.state;
    (void)guard_raise(&of->guard, &of->guard_config, event, app_ms(of));
    if (event == GUARD_EV_ARM) {
        armed |= before == GUARD_DISARMED || before == GUARD_LINK_LOST;
        relaxed &= before != GUARD_DISARMED && before != GUARD_LINK_LOST;
    } else if (event != GUARD_EV_CLEAR_FAULT && event != GUARD_EV_SELF_TEST_DONE) {
        armed = relaxed = 0;
    }
    stopped |= event == GUARD_EV_ESTOP;
    if (of->guard.state == GUARD_ARMED) blob_forget(&of->blob);
}

int32_t app_command(app_state *of, const guard_command *command, int32_t grip, const uint8_t *caps)
{
    const int32_t taken = guard_command_take(&of->guard, &of->guard_config, command, app_ms(of));
    int32_t neutral = 1;
    (void)caps;
    must(grip >= 0 && grip < of->table.grips);
    if (app_decoding(of) == DECODE_HAND) must(taken != GUARD_REFUSED_VALUE);
    if (taken != CORE_OK) return taken;
    must(armed && !stopped);
    if (app_decoding(of) == DECODE_HAND) {
        must((int32_t)((uint32_t)of->now_us - of->decode.hop_emg_us) <= EMG_OLD_MS * 1000);
    }
    for (int32_t i = 0; i < hand_table.dofs; i++) neutral &= fabsf(command->target[i]) < 0.05f;
    relaxed |= neutral || command->mode == 0;
    of->fresh_us = of->now_us;
    of->grip = grip;
    return taken;
}

/* What a COMMIT may change. */
typedef struct force {
    slot_part part[SLOT_PARTS];
    hand_config table;
    chain_config config;
    int32_t ready;
} force;

static force in_force(void)
{
    force now;
    memset(&now, 0, sizeof now);
    memcpy(now.part, app.blob.slots.part, sizeof now.part);
    now.table = app.table;
    now.ready = app.decode.ready;
    if (now.ready) now.config = app.decode.config;
    return now;
}

static int32_t same(const force *a, const force *b) { return memcmp(a, b, sizeof *a) == 0; }

#endif
