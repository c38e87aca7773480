/* SPDX-License-Identifier: MIT
 *
 * store: a row of numbers that survives the loss of power at any write. A journal in two sectors of
 * flash (board.h), of records one after another; the newest that checks is what is kept.
 *
 *   record  magic, sequence, format, count, values, crc, done      64 words of 32 bits
 *
 * Writing programs one word after another; the CRC comes last but one, so a record is whole or does
 * not check, and the one before it is still there. A record that ends without `done` was cut short,
 * which is no damage. When a sector is full the next record goes to the other one, erased for it;
 * the full one is erased only when it is needed again, or at boot when the other fills.
 *
 * Every record is read back. One that does not check is tried again in the next places, then in the
 * other sector; when none holds it, STORE_NOT_KEPT, and what was kept before is kept still.
 *
 * Its CRC-32C is its own and not the wire's: what is kept outlives changes of the wire.
 */
#ifndef ENDPLATE_STORE_H
#define ENDPLATE_STORE_H

#include <stdint.h>

enum store_sizes {
    STORE_WORDS = 64, /* of a record */
    STORE_BYTES = 4 * STORE_WORDS,
    STORE_VALUES = STORE_WORDS - 6,
    STORE_SECTORS = 2,
    STORE_TRIES = 3 /* places tried in one sector */
};

/* What store_open found; numbers of protocol/SPEC.md. */
enum store_found {
    STORE_BLANK = 0,
    STORE_KEPT = 1,
    STORE_OLDER = 2,   /* a finished record does not check; the newest that does was taken */
    STORE_DAMAGED = 3, /* finished records, and none checks */
    STORE_OTHER = 4    /* the newest record is of another format */
};

enum store_status { STORE_OK = 0, STORE_NOT_KEPT = -1, STORE_BAD_ARGUMENT = -2 };

typedef struct store_state {
    int32_t first;     /* its sectors are this one and the next */
    int32_t found;     /* store_found */
    int32_t sector;    /* of the newest record, 0 or 1; -1: none */
    int32_t next;      /* first place behind all that is written in that sector */
    int32_t places;    /* records a sector holds; 0: there is no flash */
    uint32_t sequence; /* of the newest record */
} store_state;

/* CRC-32C; start with 0, or with the CRC of what lay before. */
uint32_t store_crc(uint32_t crc, const uint8_t *bytes, int32_t n);
/* Looks at both sectors, `first` (board.h) and the one after it; writes nothing. Fills `values` when a record of this format and count
 * is there (KEPT, OLDER), else leaves it alone. Returns store_found. */
int32_t store_open(store_state *store, int32_t first, uint32_t format, int32_t *values,
                   int32_t count);
/* Erases the spare sector when the one in use is nearly full: erasing takes long, and at boot
 * nobody waits. */
void store_make_room(const store_state *store);
/* STORE_OK only when a record with these values has been read back. */
int32_t store_write(store_state *store, uint32_t format, const int32_t *values, int32_t count);
/* board_flash_erase with the tactor off: for as long as it takes nothing else could end its drive. */
int32_t store_erase(int32_t sector);

#endif
