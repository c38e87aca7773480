/* SPDX-License-Identifier: MIT
 *
 * slot: up to three blobs that survive the loss of power at any write, all of them together. Two
 * slots of flash (board.h), one in use; a change is written whole into the other one.
 *
 *   slot    magic, sequence, crc, {size, hash, place} of each part, then the parts' bytes, each filled
 *           up to words; place: from the slot's first byte
 *
 * The new part is written first, word by word as it comes (slot_begin, slot_put), and read where it
 * stands (slot_new); slot_finish has the other parts follow it. The magic is programmed last, after
 * everything else has been read back: until then the slot in use is the old one. The CRC-32C is of all
 * words but magic and itself. The newer of two that check counts, by its sequence.
 */
#ifndef ENDPLATE_SLOT_H
#define ENDPLATE_SLOT_H

#include <stdint.h>

enum slot_sizes { SLOT_PARTS = 3, SLOTS = 2, SLOT_HEADER = 4 * (3 + 3 * SLOT_PARTS) /* bytes */ };
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
    uint32_t place[SLOT_PARTS];
} slot_state;

/* Looks at both; writes nothing. */
void slot_open(slot_state *slots);
/* The bytes of a part of the slot in use, where they stand until the next slot_begin but one. */
const uint8_t *slot_bytes(const slot_state *slots, int32_t part);
/* Has the other slot be empty. SLOT_NOT_KEPT: it cannot. */
int32_t slot_begin(const slot_state *slots);
/* Programs a word of the new part, `at` bytes from its begin: each once. */
int32_t slot_put(const slot_state *slots, uint32_t at, uint32_t word);
/* The bytes of the new part. */
const uint8_t *slot_new(const slot_state *slots);
/* Has `part` be what was put and `without` (-1: none) be empty; the others stay as they are. SLOT_OK
 * only when all of it has been read back. */
int32_t slot_finish(slot_state *slots, int32_t part, slot_part what, int32_t without);

#endif
