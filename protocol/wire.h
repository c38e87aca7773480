/* SPDX-License-Identifier: MIT
 *
 * wire: the only codec between host and hand. Bytes, no physics.
 *
 *   line: COBS( version|flags u8, msg u8, session u16, seq u16, ack u16, payload, crc u32 ) 00
 *
 * Little-endian throughout. A message has one exact payload length; a frame of another length is
 * refused. The CRC (CRC-32C, Castagnoli) covers header and payload. SPEC.md has the byte tables,
 * the ranges and worked examples.
 *
 * Memory belongs to the caller; nothing here allocates, blocks, reads a clock or keeps a global.
 * Functions return >= 0 (a count) or a negative wire_status.
 *
 * What the messages carry is in wire_messages.h. The two headers are also what host and hand compare:
 * WIRE_SCHEMA_HASH is the CRC-32C of both without comments and white space (protocol/schema_hash.py),
 * handed to the compiler by the build.
 */
#ifndef ENDPLATE_WIRE_H
#define ENDPLATE_WIRE_H

#include "wire_messages.h"

enum wire_status {
    WIRE_OK = 0,
    WIRE_BAD_ARGUMENT = -1,
    WIRE_TOO_SMALL = -2,   /* the caller's buffer */
    WIRE_BAD_LENGTH = -3,  /* payload length unlike the message's */
    WIRE_BAD_MESSAGE = -4, /* no such message */
    WIRE_BAD_VALUE = -5    /* a field outside its range */
};

/* flags: lower four bits of the first byte */
enum wire_flag {
    WIRE_FLAG_ACK = 1 /* `ack` is the seq of the newest frame accepted from the peer */
};

/* ---- frames ---- */

typedef struct wire_frame {
    uint8_t flags;
    uint8_t msg;
    uint16_t session;
    uint16_t seq;
    uint16_t ack;
    int32_t length; /* of the payload */
    uint8_t payload[WIRE_MAX_PAYLOAD];
} wire_frame;

typedef struct wire_decoder {
    uint8_t body[WIRE_MAX_FRAME];
    int32_t fill;
    int32_t skipping; /* 1: too long, waiting for a delimiter */
    wire_counters counters;
} wire_decoder;

/* CRC-32C of n bytes; start with 0, or with the CRC of what lay before them. */
uint32_t wire_crc32c(uint32_t crc, const uint8_t *bytes, int32_t n);

/* COBS without the delimiter. Both return the bytes written; decode may work in place. */
int32_t wire_cobs_encode(const uint8_t *in, int32_t n, uint8_t *out, int32_t capacity);
int32_t wire_cobs_decode(const uint8_t *in, int32_t n, uint8_t *out, int32_t capacity);

uint32_t wire_schema_hash(void);
int32_t wire_payload_length(uint8_t msg); /* WIRE_BAD_MESSAGE for an unknown one */

/* Bytes of the whole frame with its delimiter. `ack` goes out as 0 without WIRE_FLAG_ACK. */
int32_t wire_encode(const wire_frame *frame, uint8_t *out, int32_t capacity);

void wire_decoder_init(wire_decoder *decoder);
/* Feeds bytes until one frame is complete or all are used. Returns 1 with *frame filled, else 0.
 * *used = how many bytes were taken; call again with the rest. Never fails: what is wrong is
 * counted. Flags it does not know are kept in frame->flags and change nothing. */
int32_t wire_decoder_feed(wire_decoder *decoder, const uint8_t *bytes, int32_t n, int32_t *used,
                          wire_frame *frame);

/* 1 when seq `now` is newer than `last` (16-bit circle). */
int32_t wire_newer(uint16_t now, uint16_t last);

/* pack: struct -> payload bytes, sets frame->msg and frame->length and returns the length; the
 * caller sets the rest of the header. unpack: the reverse, WIRE_OK. Either refuses with
 * WIRE_BAD_VALUE (a field outside its range), WIRE_BAD_MESSAGE or WIRE_BAD_LENGTH, and then
 * leaves its output as it was. */
int32_t wire_pack_hello(const wire_hello *in, wire_frame *frame);
int32_t wire_unpack_hello(const wire_frame *frame, wire_hello *out);
int32_t wire_pack_hello_ack(const wire_hello_ack *in, wire_frame *frame);
int32_t wire_unpack_hello_ack(const wire_frame *frame, wire_hello_ack *out);
int32_t wire_pack_heartbeat(const wire_heartbeat *in, wire_frame *frame);
int32_t wire_unpack_heartbeat(const wire_frame *frame, wire_heartbeat *out);
int32_t wire_pack_time(const wire_time *in, wire_frame *frame);
int32_t wire_unpack_time(const wire_frame *frame, wire_time *out);
int32_t wire_pack_restart(const wire_restart *in, wire_frame *frame);
int32_t wire_unpack_restart(const wire_frame *frame, wire_restart *out);
int32_t wire_pack_arm(const wire_arm *in, wire_frame *frame);
int32_t wire_unpack_arm(const wire_frame *frame, wire_arm *out);
int32_t wire_pack_reason(uint8_t msg, const wire_reason *in, wire_frame *frame);
int32_t wire_unpack_reason(const wire_frame *frame, wire_reason *out);
int32_t wire_pack_command(const wire_command *in, wire_frame *frame);
int32_t wire_unpack_command(const wire_frame *frame, wire_command *out);
int32_t wire_pack_state(const wire_state *in, wire_frame *frame);
int32_t wire_unpack_state(const wire_frame *frame, wire_state *out);
int32_t wire_pack_state_full(const wire_state_full *in, wire_frame *frame);
int32_t wire_unpack_state_full(const wire_frame *frame, wire_state_full *out);
int32_t wire_pack_link_stats(const wire_link_stats *in, wire_frame *frame);
int32_t wire_unpack_link_stats(const wire_frame *frame, wire_link_stats *out);
int32_t wire_pack_param(uint8_t msg, const wire_param *in, wire_frame *frame);
int32_t wire_unpack_param(const wire_frame *frame, wire_param *out);
int32_t wire_pack_param_set(const wire_param_set *in, wire_frame *frame);
int32_t wire_unpack_param_set(const wire_frame *frame, wire_param_set *out);
int32_t wire_pack_param_value(const wire_param_value *in, wire_frame *frame);
int32_t wire_unpack_param_value(const wire_frame *frame, wire_param_value *out);
int32_t wire_pack_param_description(const wire_param_description *in, wire_frame *frame);
int32_t wire_unpack_param_description(const wire_frame *frame, wire_param_description *out);
int32_t wire_pack_touch(const wire_touch *in, wire_frame *frame);
int32_t wire_unpack_touch(const wire_frame *frame, wire_touch *out);
int32_t wire_pack_log(const wire_log *in, wire_frame *frame);
int32_t wire_unpack_log(const wire_frame *frame, wire_log *out);
int32_t wire_pack_blob_begin(const wire_blob_begin *in, wire_frame *frame);
int32_t wire_unpack_blob_begin(const wire_frame *frame, wire_blob_begin *out);
int32_t wire_pack_blob_chunk(const wire_blob_chunk *in, wire_frame *frame);
int32_t wire_unpack_blob_chunk(const wire_frame *frame, wire_blob_chunk *out);
int32_t wire_pack_blob(uint8_t msg, const wire_blob *in, wire_frame *frame);
int32_t wire_unpack_blob(const wire_frame *frame, wire_blob *out);
int32_t wire_pack_blob_status(const wire_blob_status *in, wire_frame *frame);
int32_t wire_unpack_blob_status(const wire_frame *frame, wire_blob_status *out);
int32_t wire_pack_emg(const wire_emg *in, wire_frame *frame);
int32_t wire_unpack_emg(const wire_frame *frame, wire_emg *out);
int32_t wire_pack_decoded(const wire_decoded *in, wire_frame *frame);
int32_t wire_unpack_decoded(const wire_frame *frame, wire_decoded *out);

#endif
