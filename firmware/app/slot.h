/* SPDX-License-Identifier: MIT
 *
 * slot: up to three blobs that survive the loss of power at any write, all of them together. Two
 * slots of flash (board.h), one in use; a change is written whole into the other one.
 *
 *   slot    magic, sequence, crc, {size, hash} of each part, then each part's bytes, filled up to words
 *
 * The magic is programmed last, after everything else has been read back: until then the slot in use
 * is the old one. The CRC-32C is of all words but magic and itself. The newer of two that check
 * counts, by its sequence.
 */
#ifndef ENDPLATE_SLOT_H
#define ENDPLATE_SLOT_H

#include <stdint.h>

enum slot_sizes { SLOT_PARTS = 3, SLOTS = 2, SLOT_HEADER = 4 * (3 + 2 * SLOT_PARTS) /* bytes */ };
enum slot_status { SLOT_OK = 0, SLOT_NOT_KEPT = -1 };

typedef struct slot_part {
    uint32_t size; /* bytes; 0: there is none */
    uint32_t hash; /* CRC-32C of them */
} slot_part;

typedef struct slot_state {
    int32_t slot;      /* in use; -1: none */
    int32_t damaged;   /* 1: one that was finished does not check */
    uint32_t sequence; /* of the one in use */
    slot_part part[SLOT_PARTS];
} slot_state;

/* Looks at both; writes nothing. */
void slot_open(slot_state *slots);
/* The bytes of one part of the slot in use; `to` has room for its size. */
void slot_read(const slot_state *slots, int32_t part, uint8_t *to);
/* Has `part` be these bytes (a multiple of 4 may be read) and `without` (-1: none) be empty; the
 * others stay as they are. SLOT_OK only when all of it has been read back. */
int32_t slot_write(slot_state *slots, int32_t part, slot_part what, const uint8_t *bytes,
                   int32_t without);

#endif
