/* SPDX-License-Identifier: MIT
 *
 * blob: what a host uploads whole: decoder, calibration, grip table (protocol/SPEC.md, "Blobs").
 *
 *   start    size and hash are announced; the other slot of flash (slot.h) is emptied
 *   add      bytes in order, into that slot
 *   commit   hash, format, every value, the test vector are looked at where they stand; then the other
 *            kinds follow them, and only then is the slot, and the new one, in force
 *
 * Whatever is refused changes nothing. At boot the newest slot that checks comes into force, through
 * the same looks; what of it does not pass is left out (no decoder, the grips that are compiled in),
 * is not in force for anybody who asks, and is told in the log.
 * Whether the hand is in a state to be changed is asked by the caller (link_blob.c).
 */
#ifndef ENDPLATE_BLOB_H
#define ENDPLATE_BLOB_H

#include "blob_read.h"
#include "decode.h"
#include "slot.h"

typedef struct blob_state {
    slot_state slots;
    int32_t kind;              /* of the upload under way; 0: none */
    uint32_t size, hash;       /* announced */
    uint32_t received;
    int32_t other_bits;        /* 1: its test vector was tried, and failed: not tried again */
    uint16_t field, index;     /* of the newest BLOB_WRONG_VALUE */
    uint32_t refused;          /* bit per kind: kept, but left out at boot */
    uint32_t result;           /* of the test vector, by the decoder in force */
} blob_state;

/* What a commit changes, and what it looks at. */
typedef struct blob_target {
    const hand_config *hand; /* as compiled */
    uint32_t hand_hash;
    hand_config *table;      /* in force: `hand`, with its grips or uploaded ones */
    decode_state *decode;
    int32_t least_grips;     /* a table with fewer would contradict parameters */
} blob_target;

/* Sizes and counts are multiples of 4. A decoder's numbers stay in flash. */
/* Reads the slots; target->table holds the compiled one. */
void blob_open(blob_state *blob, const blob_target *target);
/* These return blob_verdict. */
int32_t blob_start(blob_state *blob, int32_t kind, uint32_t size, uint32_t hash);
int32_t blob_add(blob_state *blob, int32_t kind, uint32_t offset, const uint8_t *bytes,
                   uint32_t count);
int32_t blob_commit(blob_state *blob, int32_t kind, uint32_t hash, const blob_target *target);
/* The upload under way is over. */
void blob_forget(blob_state *blob);
/* Size and hash of what of a kind is in force; both 0: nothing. */
slot_part blob_in_force(const blob_state *blob, const decode_state *decode, int32_t kind);

#endif
