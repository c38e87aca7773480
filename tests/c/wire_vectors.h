/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * wire_vectors: protocol/vectors.json replayed against the codec, on a PC or on the hand's
 * processor. The tables come from tests/c/vectors_to_c.py. Needs no C library beyond memcmp and
 * memset.
 */
#ifndef ENDPLATE_WIRE_VECTORS_H
#define ENDPLATE_WIRE_VECTORS_H

#include "wire.h"

typedef struct wire_golden {
    const char *name;
    const void *values; /* the message's unpacked struct */
    const uint8_t *bytes;
    int32_t n;
    uint8_t msg;
    uint8_t flags;
    uint16_t session;
    uint16_t seq;
    uint16_t ack;
} wire_golden;

typedef struct wire_line {
    const char *name;
    const uint8_t *bytes;
    const int16_t *frames; /* the accepted ones, indices into the golden frames */
    int32_t n;
    int32_t frame_count;
    wire_counters counters; /* bad_value counted by whoever unpacks */
} wire_line;

extern const uint32_t wire_vectors_schema; /* of the wire.h they were made for */
extern const wire_golden wire_goldens[];
extern const int32_t wire_golden_count;
extern const wire_line wire_lines[];
extern const int32_t wire_line_count;

/* Payload of a golden frame from its values, through wire_pack_*. */
int32_t wire_vectors_pack(uint8_t msg, const void *values, wire_frame *frame);
/* Any message into `out`, which has room for WIRE_VECTORS_ROOM bytes and is aligned for a word. */
int32_t wire_vectors_unpack(const wire_frame *frame, void *out);

enum { WIRE_VECTORS_ROOM = 160 };

/* Number of checks passed, or -1 with the name of the first case that failed in *failed. */
int32_t wire_vectors_replay(const char **failed);

#endif
