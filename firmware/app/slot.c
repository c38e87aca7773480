/* SPDX-License-Identifier: MIT */
#include "slot.h"

#include "board.h"
#include "store.h" /* its CRC */

#include <string.h>

enum { MAGIC, SEQUENCE, CRC, TABLE, WORDS = TABLE + 2 * SLOT_PARTS };
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
static int32_t look(int32_t slot, uint32_t *sequence, slot_part *part)
{
    uint32_t word[WORDS];
    board_flash_read(FIRST + slot, 0, word, (int32_t)sizeof word);
    for (int32_t i = 0; i < SLOT_PARTS; i++) {
        part[i].size = word[TABLE + 2 * i];
        part[i].hash = word[TABLE + 2 * i + 1];
    }
    *sequence = word[SEQUENCE];
    if (word[MAGIC] != WHOLE) {
        return 0;
    }
    const int32_t end = length(part);
    return end != 0 && word[CRC] == crc_of_slot(slot, end) ? 1 : -1;
}

void slot_open(slot_state *slots)
{
    slot_part part[SLOT_PARTS];
    uint32_t sequence = 0;
    memset(slots, 0, sizeof *slots);
    slots->slot = -1;
    for (int32_t s = 0; s < SLOTS && board_flash_slot_bytes() != 0; s++) {
        const int32_t found = look(s, &sequence, part);
        slots->damaged |= found < 0;
        if (found > 0 && (slots->slot < 0 || sequence >= slots->sequence)) {
            slots->slot = s;
            slots->sequence = sequence;
            memcpy(slots->part, part, sizeof slots->part);
        }
    }
}

/* Where a part begins in the slot in use. */
static int32_t place(const slot_state *slots, int32_t part)
{
    uint32_t at = SLOT_HEADER;
    for (int32_t i = 0; i < part; i++) {
        at += padded(slots->part[i].size);
    }
    return (int32_t)at;
}

void slot_read(const slot_state *slots, int32_t part, uint8_t *to)
{
    if (slots->slot >= 0) {
        board_flash_read(FIRST + slots->slot, place(slots, part), to,
                         (int32_t)slots->part[part].size);
    }
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

/* One word, and the CRC over it. The watchdog is fed here: all of it takes at most 0.2 s on
 * silicon, every word is bounded by the board, and the hand stands still. */
static int32_t put(int32_t slot, int32_t at, uint32_t word, uint32_t *crc)
{
    *crc = store_crc(*crc, (const uint8_t *)&word, 4);
    board_watchdog_feed();
    return board_flash_program(FIRST + slot, at, word);
}

int32_t slot_write(slot_state *slots, int32_t part, slot_part what, const uint8_t *bytes,
                   int32_t without)
{
    const int32_t to = slots->slot == 0 ? 1 : 0;
    const uint32_t sequence = slots->sequence + 1u;
    slot_part all[SLOT_PARTS];
    uint32_t crc = 0;
    memcpy(all, slots->part, sizeof all);
    if (without >= 0) {
        memset(&all[without], 0, sizeof all[without]);
    }
    all[part] = what;
    const int32_t end = length(all);
    if (end == 0 || (!erased(to) && !store_erase(FIRST + to))) {
        return SLOT_NOT_KEPT;
    }
    int32_t at = SLOT_HEADER;
    int32_t good = put(to, 4 * SEQUENCE, sequence, &crc);
    for (int32_t i = 0; i < SLOT_PARTS; i++) {
        good = good && put(to, 4 * (TABLE + 2 * i), all[i].size, &crc)
            && put(to, 4 * (TABLE + 2 * i) + 4, all[i].hash, &crc);
    }
    for (int32_t i = 0; i < SLOT_PARTS; i++) {
        for (uint32_t n = 0; good && n < padded(all[i].size); n += 4u, at += 4) {
            uint32_t word = 0;
            if (i == part) {
                for (uint32_t b = 0; b < 4u; b++) {
                    word |= (uint32_t)bytes[n + b] << (8u * b);
                }
            } else {
                board_flash_read(FIRST + slots->slot, place(slots, i) + (int32_t)n, &word, 4);
            }
            good = put(to, at, word, &crc);
        }
    }
    uint32_t spare = 0;
    good = good && put(to, 4 * CRC, crc, &spare) && crc_of_slot(to, end) == crc
        && put(to, 4 * MAGIC, WHOLE, &spare);
    if (!good) {
        return SLOT_NOT_KEPT;
    }
    slots->slot = to;
    slots->sequence = sequence;
    slots->damaged = 0;
    memcpy(slots->part, all, sizeof slots->part);
    return SLOT_OK;
}
