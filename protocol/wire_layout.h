/* SPDX-License-Identifier: MIT
 *
 * wire_layout: the bytes of each payload, in order. The tables of wire.c, which alone includes this.
 */
#ifndef ENDPLATE_WIRE_LAYOUT_H
#define ENDPLATE_WIRE_LAYOUT_H

#include "wire.h"

#include <stddef.h>

struct field {
    uint8_t offset; /* in the unpacked struct */
    uint8_t width;  /* bytes of one element, on the line and in the struct */
    uint8_t count;
};

#define FIELD(name, member, width) \
    {offsetof(wire_##name, member), width, sizeof(((wire_##name *)0)->member) / (width)}
#define U8(name, member) FIELD(name, member, 1)
#define U16(name, member) FIELD(name, member, 2) /* signed or not */
#define U32(name, member) FIELD(name, member, 4) /* signed or not */

static const struct field HELLO[] = {
    U32(hello, schema_hash), U32(hello, host_us), U32(hello, hand_hash),
};
static const struct field HELLO_ACK[] = {
    U32(hello_ack, schema_hash), U32(hello_ack, hand_hash), U32(hello_ack, param_hash),
    U32(hello_ack, decoder_hash), U32(hello_ack, boot_id), U32(hello_ack, capabilities),
    U8(hello_ack, uid), U8(hello_ack, firmware), U8(hello_ack, accepted), U8(hello_ack, state),
    U8(hello_ack, reset_cause), U8(hello_ack, dofs), U8(hello_ack, joints), U8(hello_ack, grips),
    U8(hello_ack, name),
};
static const struct field HEARTBEAT[] = {U32(heartbeat, host_us)};
static const struct field TIME[] = {
    U32(time, host_us), U32(time, hand_rx_us), U32(time, hand_tx_us),
};
static const struct field ARM[] = {U32(arm, schema_hash), U32(arm, boot_id)};
static const struct field RESTART[] = {U32(restart, boot_id)};
static const struct field REASON[] = {U8(reason, reason)};
static const struct field COMMAND[] = {
    U8(command, mode), U8(command, valid_ms), U8(command, grip), U8(command, frozen),
    U32(command, emg_us), U32(command, sample), U16(command, target), U8(command, force_cap),
};
static const struct field STATE[] = {
    U32(state, hand_us), U32(state, command_us), U32(state, applied_us),
    U32(state, applied_sample), U16(state, faults), U8(state, state), U8(state, grip),
    U8(state, limit), U16(state, position), U16(state, velocity), U16(state, current),
};
static const struct field STATE_FULL[] = {
    U32(state_full, hand_us), U16(state_full, goal), U8(state_full, temperature),
    U8(state_full, voltage), U8(state_full, hardware_error), U8(state_full, missing),
};
static const struct field LINK_STATS[] = {
    U32(link_stats, hand_us), U32(link_stats, rx), /* all counters, in the order of their struct */
    U32(link_stats, tx_frames), U32(link_stats, tx_dropped), U32(link_stats, bus_errors),
    U32(link_stats, bus_cycles),
};

static const struct field PARAM[] = {U8(param, index)};
static const struct field PARAM_SET[] = {
    U32(param_set, value), U8(param_set, index), U8(param_set, type),
};
static const struct field PARAM_VALUE[] = {
    U32(param_value, value), U32(param_value, kept), U32(param_value, param_hash),
    U8(param_value, index), U8(param_value, type), U8(param_value, status),
    U8(param_value, asked), U8(param_value, store), U8(param_value, count),
};
static const struct field PARAM_DESCRIPTION[] = {
    U32(param_description, low), U32(param_description, high), U32(param_description, factory),
    U8(param_description, index), U8(param_description, type), U8(param_description, status),
    U8(param_description, count), U8(param_description, name), U8(param_description, unit),
    U8(param_description, text),
};

static const struct field TOUCH[] = {
    U32(touch, hand_us), U16(touch, force), U8(touch, contact), U8(touch, slip), U8(touch, tactor),
};
static const struct field LOG[] = {U32(log, hand_us), U8(log, level), U8(log, text)};

static const struct field BLOB_BEGIN[] = {
    U32(blob_begin, size), U32(blob_begin, hash), U8(blob_begin, kind),
};
static const struct field BLOB_CHUNK[] = {
    U32(blob_chunk, offset), U8(blob_chunk, kind), U8(blob_chunk, count), U8(blob_chunk, bytes),
};
static const struct field BLOB[] = {U32(blob, hash), U8(blob, kind)};
static const struct field BLOB_STATUS[] = {
    U32(blob_status, size), U32(blob_status, hash), U32(blob_status, result),
    U32(blob_status, received), U32(blob_status, room), U16(blob_status, field),
    U16(blob_status, index), U8(blob_status, kind), U8(blob_status, status),
    U8(blob_status, asked), U8(blob_status, slot),
};
static const struct field EMG[] = {
    U32(emg, sample), U32(emg, emg_us), U32(emg, missing), U32(emg, start),
    U8(emg, sites), U8(emg, count), U8(emg, counts),
};
static const struct field DECODED[] = {
    U32(decoded, sample), U32(decoded, hop_hash), U32(decoded, hand_us), U32(decoded, start),
    U32(decoded, filled), U8(decoded, drives), U8(decoded, frozen), U16(decoded, target), U16(decoded, host), U32(decoded, host_sample),
};

struct layout {
    uint8_t msg;
    uint8_t fields;
    const struct field *field;
};

#define LAYOUT(msg, fields) {msg, sizeof(fields) / sizeof((fields)[0]), fields}
static const struct layout LAYOUTS[] = {
    LAYOUT(WIRE_COMMAND, COMMAND),       LAYOUT(WIRE_STATE, STATE),
    LAYOUT(WIRE_STATE_FULL, STATE_FULL), LAYOUT(WIRE_LINK_STATS, LINK_STATS),
    LAYOUT(WIRE_HELLO, HELLO),           LAYOUT(WIRE_HELLO_ACK, HELLO_ACK),
    LAYOUT(WIRE_HEARTBEAT, HEARTBEAT),   LAYOUT(WIRE_TIME, TIME),
    LAYOUT(WIRE_ARM, ARM),               LAYOUT(WIRE_DISARM, REASON),
    LAYOUT(WIRE_CLEAR_FAULT, REASON),    LAYOUT(WIRE_RELEASE, REASON),
    LAYOUT(WIRE_ESTOP, REASON),          LAYOUT(WIRE_PARAM_INFO, PARAM),
    LAYOUT(WIRE_PARAM_GET, PARAM),       LAYOUT(WIRE_PARAM_SET, PARAM_SET),
    LAYOUT(WIRE_PARAM_SAVE, PARAM),      LAYOUT(WIRE_PARAM_RESET, PARAM),
    LAYOUT(WIRE_PARAM_VALUE, PARAM_VALUE),
    LAYOUT(WIRE_PARAM_DESCRIPTION, PARAM_DESCRIPTION),
    LAYOUT(WIRE_EMG, EMG),               LAYOUT(WIRE_DECODED, DECODED),
    LAYOUT(WIRE_TOUCH, TOUCH),           LAYOUT(WIRE_LOG, LOG),
    LAYOUT(WIRE_BLOB_BEGIN, BLOB_BEGIN), LAYOUT(WIRE_BLOB_CHUNK, BLOB_CHUNK),
    LAYOUT(WIRE_BLOB_COMMIT, BLOB),      LAYOUT(WIRE_BLOB_GET, BLOB),
    LAYOUT(WIRE_BLOB_STATUS, BLOB_STATUS), LAYOUT(WIRE_RESTART, RESTART),
};

#endif
