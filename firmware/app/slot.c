/* SPDX-License-Identifier: MIT */
#include "slot.h"

#include "board.h"
#include "store.h" /* its CRC */

#include <string.h>

enum { MAGIC, SEQUENCE, CRC, TABLE, WORDS = TABLE + 3 * SLOT_PARTS };
enum { PIECE = 64 /* bytes read at once */, FIRST = BOARD_FLASH_SLOTS };

static const uint32_t WHOLE = 0x544F4C53u; /* "SLOT" */
static const uint32_t ERASED = 0xFFFFFFFFu;

_Static_assert(4 * (int)WORDS == (int)SLOT_HEADER, "the header is as long as it says");

static uint32_t padded(uint32_t size)
{
    return (size + 3u) & ~3u;
}

/* Bytes of a whole slot, or 0 when it cannot be one. */
static int32_t length(const slot_part *part)
{
    const uint32_t room = (uint32_t)board_flash_slot_bytes();
    uint32_t n = SLOT_HEADER;
    for (int32_t i = 0; i < SLOT_PARTS; i++) {
        if (part[i].size > room) {
            return 0;
        }
        n += padded(part[i].size);
    }
    return n <= room ? (int32_t)n : 0;
}

/* Whether every part lies within the first `end` bytes, behind the header, at a whole word. */
static int32_t placed(const slot_part *part, const uint32_t *place, int32_t end)
{
    for (int32_t i = 0; i < SLOT_PARTS; i++) {
        if (place[i] < (uint32_t)SLOT_HEADER || place[i] % 4u != 0u || place[i] > (uint32_t)end
            || padded(part[i].size) > (uint32_t)end - place[i]) {
            return 0;
        }
    }
    return 1;
}

/* CRC of flash, going on from `crc`. */
static uint32_t crc_of_flash(uint32_t crc, int32_t slot, int32_t at, int32_t end)
{
    uint8_t piece[PIECE];
    while (at < end) {
        const int32_t n = end - at < PIECE ? end - at : PIECE;
        board_flash_read(FIRST + slot, at, piece, n);
        crc = store_crc(crc, piece, n);
        at += n;
    }
    return crc;
}

static uint32_t crc_of_slot(int32_t slot, int32_t end)
{
    const uint32_t crc = crc_of_flash(0, slot, 4 * SEQUENCE, 4 * CRC);
    return crc_of_flash(crc, slot, 4 * TABLE, end);
}

/* 1 when it checks, 0 when it is empty or was cut short, -1 when it is damaged. */
static int32_t look(int32_t slot, uint32_t *sequence, slot_part *part, uint32_t *place)
{
    uint32_t word[WORDS];
    board_flash_read(FIRST + slot, 0, word, (int32_t)sizeof word);
    for (int32_t i = 0; i < SLOT_PARTS; i++) {
        part[i].size = word[TABLE + 3 * i];
        part[i].hash = word[TABLE + 3 * i + 1];
        place[i] = word[TABLE + 3 * i + 2];
    }
    *sequence = word[SEQUENCE];
    if (word[MAGIC] != WHOLE) {
        return 0;
    }
    const int32_t end = length(part);
    return end != 0 && placed(part, place, end) && word[CRC] == crc_of_slot(slot, end) ? 1 : -1;
}

void slot_open(slot_state *slots)
{
    slot_part part[SLOT_PARTS];
    uint32_t place[SLOT_PARTS], sequence = 0;
    memset(slots, 0, sizeof *slots);
    slots->slot = -1;
    for (int32_t s = 0; s < SLOTS && board_flash_slot_bytes() != 0; s++) {
        const int32_t found = look(s, &sequence, part, place);
        slots->damaged |= found < 0;
        if (found > 0 && (slots->slot < 0 || sequence >= slots->sequence)) {
            slots->slot = s;
            slots->sequence = sequence;
            memcpy(slots->part, part, sizeof slots->part);
            memcpy(slots->place, place, sizeof slots->place);
        }
    }
}

static int32_t other(const slot_state *slots)
{
    return slots->slot == 0 ? 1 : 0;
}

const uint8_t *slot_bytes(const slot_state *slots, int32_t part)
{
    return board_flash_at(FIRST + slots->slot) + slots->place[part];
}

const uint8_t *slot_new(const slot_state *slots)
{
    return board_flash_at(FIRST + other(slots)) + SLOT_HEADER;
}

static int32_t erased(int32_t slot)
{
    uint32_t word = 0;
    for (int32_t at = 0; at < board_flash_slot_bytes(); at += 4) {
        board_flash_read(FIRST + slot, at, &word, 4);
        if (word != ERASED) {
            return 0;
        }
    }
    return 1;
}

int32_t slot_begin(const slot_state *slots)
{
    const int32_t to = other(slots);
    return board_flash_slot_bytes() != 0 && (erased(to) || store_erase(FIRST + to))
        ? SLOT_OK : SLOT_NOT_KEPT;
}

/* The watchdog is fed here: every word is bounded by the board, all of a slot takes at most 1.6 s on
 * silicon, and the hand stands still. */
static int32_t program(int32_t slot, uint32_t at, uint32_t word)
{
    board_watchdog_feed();
    return board_flash_program(FIRST + slot, (int32_t)at, word);
}

int32_t slot_put(const slot_state *slots, uint32_t at, uint32_t word)
{
    const uint32_t room = (uint32_t)board_flash_slot_bytes() - (uint32_t)SLOT_HEADER;
    if (at % 4u != 0u || at >= room || !program(other(slots), SLOT_HEADER + at, word)) {
        return SLOT_NOT_KEPT;
    }
    return SLOT_OK;
}

/* A word of the header, read back, and the CRC over it as it should be. */
static int32_t head(int32_t slot, int32_t number, uint32_t word, uint32_t *crc)
{
    uint32_t stands = 0;
    *crc = store_crc(*crc, (const uint8_t *)&word, 4);
    if (!program(slot, 4u * (uint32_t)number, word)) {
        return 0;
    }
    board_flash_read(FIRST + slot, 4 * number, &stands, 4);
    return stands == word;
}

/* A part of the slot in use, again at `at`. */
static int32_t copy(const slot_state *slots, int32_t part, uint32_t at)
{
    const int32_t to = other(slots);
    const uint32_t size = slots->part[part].size;
    for (uint32_t n = 0; n < padded(size); n += 4u) {
        uint32_t word = 0;
        board_flash_read(FIRST + slots->slot, (int32_t)(slots->place[part] + n), &word, 4);
        if (!program(to, at + n, word)) {
            return 0;
        }
    }
    return crc_of_flash(0, to, (int32_t)at, (int32_t)(at + size)) == slots->part[part].hash;
}

int32_t slot_finish(slot_state *slots, int32_t part, slot_part what, int32_t without)
{
    const int32_t to = other(slots);
    const uint32_t sequence = slots->sequence + 1u;
    slot_part all[SLOT_PARTS];
    uint32_t at[SLOT_PARTS], crc = 0, spare = 0;
    memcpy(all, slots->part, sizeof all);
    if (without >= 0) {
        memset(&all[without], 0, sizeof all[without]);
    }
    all[part] = what;
    const int32_t end = length(all);
    if (end == 0
        || crc_of_flash(0, to, SLOT_HEADER, SLOT_HEADER + (int32_t)what.size) != what.hash) {
        return SLOT_NOT_KEPT;
    }
    uint32_t next = (uint32_t)SLOT_HEADER + padded(what.size);
    int32_t good = 1;
    for (int32_t i = 0; i < SLOT_PARTS; i++) {
        at[i] = i == part ? (uint32_t)SLOT_HEADER : next;
        if (i != part && all[i].size != 0u) {
            good = good && copy(slots, i, next);
            next += padded(all[i].size);
        }
    }
    good = good && head(to, SEQUENCE, sequence, &crc);
    for (int32_t i = 0; i < SLOT_PARTS; i++) {
        good = good && head(to, TABLE + 3 * i, all[i].size, &crc)
            && head(to, TABLE + 3 * i + 1, all[i].hash, &crc)
            && head(to, TABLE + 3 * i + 2, at[i], &crc);
    }
    crc = crc_of_flash(crc, to, SLOT_HEADER, end);
    good = good && head(to, CRC, crc, &spare) && head(to, MAGIC, WHOLE, &spare);
    if (!good) {
        return SLOT_NOT_KEPT;
    }
    slots->slot = to;
    slots->sequence = sequence;
    slots->damaged = 0;
    memcpy(slots->part, all, sizeof slots->part);
    memcpy(slots->place, at, sizeof slots->place);
    return SLOT_OK;
}
