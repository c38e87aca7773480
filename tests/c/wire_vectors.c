/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "wire_vectors.h"

#include <string.h>

int32_t wire_vectors_pack(uint8_t msg, const void *values, wire_frame *frame)
{
    switch (msg) {
    case WIRE_HELLO: return wire_pack_hello(values, frame);
    case WIRE_HELLO_ACK: return wire_pack_hello_ack(values, frame);
    case WIRE_HEARTBEAT: return wire_pack_heartbeat(values, frame);
    case WIRE_TIME: return wire_pack_time(values, frame);
    case WIRE_ARM: return wire_pack_arm(values, frame);
    case WIRE_COMMAND: return wire_pack_command(values, frame);
    case WIRE_STATE: return wire_pack_state(values, frame);
    case WIRE_STATE_FULL: return wire_pack_state_full(values, frame);
    case WIRE_LINK_STATS: return wire_pack_link_stats(values, frame);
    case WIRE_PARAM_INFO:
    case WIRE_PARAM_GET:
    case WIRE_PARAM_SAVE:
    case WIRE_PARAM_RESET: return wire_pack_param(msg, values, frame);
    case WIRE_PARAM_SET: return wire_pack_param_set(values, frame);
    case WIRE_PARAM_VALUE: return wire_pack_param_value(values, frame);
    case WIRE_PARAM_DESCRIPTION: return wire_pack_param_description(values, frame);
    case WIRE_RESTART: return wire_pack_restart(values, frame);
    case WIRE_TOUCH: return wire_pack_touch(values, frame);
    case WIRE_LOG: return wire_pack_log(values, frame);
    case WIRE_BLOB_BEGIN: return wire_pack_blob_begin(values, frame);
    case WIRE_BLOB_CHUNK: return wire_pack_blob_chunk(values, frame);
    case WIRE_BLOB_STATUS: return wire_pack_blob_status(values, frame);
    case WIRE_EMG: return wire_pack_emg(values, frame);
    case WIRE_DECODED: return wire_pack_decoded(values, frame);
    case WIRE_BLOB_COMMIT:
    case WIRE_BLOB_GET: return wire_pack_blob(msg, values, frame);
    default: return wire_pack_reason(msg, values, frame);
    }
}

int32_t wire_vectors_unpack(const wire_frame *frame, void *out)
{
    switch (frame->msg) {
    case WIRE_HELLO: return wire_unpack_hello(frame, out);
    case WIRE_HELLO_ACK: return wire_unpack_hello_ack(frame, out);
    case WIRE_HEARTBEAT: return wire_unpack_heartbeat(frame, out);
    case WIRE_TIME: return wire_unpack_time(frame, out);
    case WIRE_ARM: return wire_unpack_arm(frame, out);
    case WIRE_COMMAND: return wire_unpack_command(frame, out);
    case WIRE_STATE: return wire_unpack_state(frame, out);
    case WIRE_STATE_FULL: return wire_unpack_state_full(frame, out);
    case WIRE_LINK_STATS: return wire_unpack_link_stats(frame, out);
    case WIRE_PARAM_INFO:
    case WIRE_PARAM_GET:
    case WIRE_PARAM_SAVE:
    case WIRE_PARAM_RESET: return wire_unpack_param(frame, out);
    case WIRE_PARAM_SET: return wire_unpack_param_set(frame, out);
    case WIRE_PARAM_VALUE: return wire_unpack_param_value(frame, out);
    case WIRE_PARAM_DESCRIPTION: return wire_unpack_param_description(frame, out);
    case WIRE_RESTART: return wire_unpack_restart(frame, out);
    case WIRE_TOUCH: return wire_unpack_touch(frame, out);
    case WIRE_LOG: return wire_unpack_log(frame, out);
    case WIRE_BLOB_BEGIN: return wire_unpack_blob_begin(frame, out);
    case WIRE_BLOB_CHUNK: return wire_unpack_blob_chunk(frame, out);
    case WIRE_BLOB_STATUS: return wire_unpack_blob_status(frame, out);
    case WIRE_EMG: return wire_unpack_emg(frame, out);
    case WIRE_DECODED: return wire_unpack_decoded(frame, out);
    case WIRE_BLOB_COMMIT:
    case WIRE_BLOB_GET: return wire_unpack_blob(frame, out);
    default: return wire_unpack_reason(frame, out);
    }
}

static size_t size_of(uint8_t msg)
{
    switch (msg) {
    case WIRE_HELLO: return sizeof(wire_hello);
    case WIRE_HELLO_ACK: return sizeof(wire_hello_ack);
    case WIRE_HEARTBEAT: return sizeof(wire_heartbeat);
    case WIRE_TIME: return sizeof(wire_time);
    case WIRE_ARM: return sizeof(wire_arm);
    case WIRE_COMMAND: return sizeof(wire_command);
    case WIRE_STATE: return sizeof(wire_state);
    case WIRE_STATE_FULL: return sizeof(wire_state_full);
    case WIRE_LINK_STATS: return sizeof(wire_link_stats);
    case WIRE_PARAM_INFO:
    case WIRE_PARAM_GET:
    case WIRE_PARAM_SAVE:
    case WIRE_PARAM_RESET: return sizeof(wire_param);
    case WIRE_PARAM_SET: return sizeof(wire_param_set);
    case WIRE_PARAM_VALUE: return sizeof(wire_param_value);
    case WIRE_PARAM_DESCRIPTION: return sizeof(wire_param_description);
    case WIRE_RESTART: return sizeof(wire_restart);
    case WIRE_TOUCH: return sizeof(wire_touch);
    case WIRE_LOG: return sizeof(wire_log);
    case WIRE_BLOB_BEGIN: return sizeof(wire_blob_begin);
    case WIRE_BLOB_CHUNK: return sizeof(wire_blob_chunk);
    case WIRE_BLOB_STATUS: return sizeof(wire_blob_status);
    case WIRE_EMG: return sizeof(wire_emg);
    case WIRE_DECODED: return sizeof(wire_decoded);
    case WIRE_BLOB_COMMIT:
    case WIRE_BLOB_GET: return sizeof(wire_blob);
    default: return sizeof(wire_reason);
    }
}

/* Values -> the golden bytes, into a buffer of just that size and not into one byte less. */
static int32_t encodes(const wire_golden *golden)
{
    wire_frame frame = {0};
    uint8_t out[WIRE_MAX_FRAME];
    if (wire_vectors_pack(golden->msg, golden->values, &frame) != golden->n - 14) return 0;
    frame.flags = golden->flags;
    frame.session = golden->session;
    frame.seq = golden->seq;
    frame.ack = golden->ack;
    return wire_encode(&frame, out, golden->n - 1) == WIRE_TOO_SMALL
        && wire_encode(&frame, out, golden->n) == golden->n
        && memcmp(out, golden->bytes, (size_t)golden->n) == 0;
}

/* A decoded frame is the golden one, header and values. */
static int32_t is_golden(const wire_frame *frame, const void *values, const wire_golden *golden)
{
    return frame->msg == golden->msg && (frame->flags & WIRE_FLAG_ACK) == golden->flags
        && frame->session == golden->session && frame->seq == golden->seq
        && frame->ack == golden->ack && memcmp(values, golden->values, size_of(golden->msg)) == 0;
}

/* A line fed in portions of `step` bytes gives its frames and its counters. */
static int32_t decodes(const wire_line *line, int32_t step)
{
    wire_decoder decoder;
    wire_decoder_init(&decoder);
    int32_t accepted = 0;
    for (int32_t at = 0; at < line->n;) {
        const int32_t portion = line->n - at < step ? line->n - at : step;
        wire_frame frame;
        int32_t used = 0;
        const int32_t done = wire_decoder_feed(&decoder, line->bytes + at, portion, &used, &frame);
        if (used < 1 || used > portion) return 0;
        at += used;
        if (!done) continue;
        uint32_t values[WIRE_VECTORS_ROOM / 4];
        memset(values, 0, sizeof values);
        if (wire_vectors_unpack(&frame, values) < 0) {
            decoder.counters.bad_value++;
            continue;
        }
        if (accepted == line->frame_count) return 0;
        if (!is_golden(&frame, values, &wire_goldens[line->frames[accepted]])) return 0;
        accepted++;
    }
    return accepted == line->frame_count
        && memcmp(&decoder.counters, &line->counters, sizeof line->counters) == 0;
}

int32_t wire_vectors_replay(const char **failed)
{
    int32_t passed = 1;
    *failed = "schema hash: the vectors were made for another wire.h";
    if (wire_schema_hash() != wire_vectors_schema) return -1;
    for (int32_t i = 0; i < wire_golden_count; i++, passed++) {
        *failed = wire_goldens[i].name;
        if (!encodes(&wire_goldens[i])) return -1;
    }
    for (int32_t i = 0; i < wire_line_count; i++) {
        *failed = wire_lines[i].name;
        for (int32_t step = 1; step < 2000; step = step * 3 + 1, passed++) {
            if (!decodes(&wire_lines[i], step)) return -1;
        }
    }
    *failed = "";
    return passed;
}
