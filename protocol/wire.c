/* SPDX-License-Identifier: MIT
 *
 * wire: see wire.h. In three parts: CRC and COBS; frames; one pack and one unpack per message, by the
 * tables of wire_layout.h and the ranges of wire_ranges.h.
 *
 * Multi-byte fields are written and read byte by byte: neither alignment nor the machine's byte
 * order matter. A pack or unpack that refuses leaves its output as it was.
 */
#include "wire.h"
#include "wire_layout.h"
#include "wire_ranges.h"

#include <stddef.h>

#ifndef WIRE_SCHEMA_HASH
#error "compile with -DWIRE_SCHEMA_HASH=$(python3 protocol/schema_hash.py)u"
#endif

/* ---- CRC and COBS ---- */

/* CRC-32C, reflected polynomial 0x82F63B78, four bits a step: 64 bytes of flash instead of 1024. */
static const uint32_t CRC_NIBBLE[16] = {
    0x00000000u, 0x105ec76fu, 0x20bd8edeu, 0x30e349b1u, 0x417b1dbcu, 0x5125dad3u,
    0x61c69362u, 0x7198540du, 0x82f63b78u, 0x92a8fc17u, 0xa24bb5a6u, 0xb21572c9u,
    0xc38d26c4u, 0xd3d3e1abu, 0xe330a81au, 0xf36e6f75u,
};

uint32_t wire_crc32c(uint32_t crc, const uint8_t *bytes, int32_t n)
{
    crc = ~crc;
    for (int32_t i = 0; i < n; i++) {
        crc ^= bytes[i];
        crc = (crc >> 4) ^ CRC_NIBBLE[crc & 15u];
        crc = (crc >> 4) ^ CRC_NIBBLE[crc & 15u];
    }
    return ~crc;
}

int32_t wire_cobs_encode(const uint8_t *in, int32_t n, uint8_t *out, int32_t capacity)
{
    if (!in || !out || n < 0) return WIRE_BAD_ARGUMENT;
    if (capacity < 1) return WIRE_TOO_SMALL;
    int32_t code_at = 0, to = 1; /* where this block's code byte goes, and the next byte */
    for (int32_t i = 0; i < n; i++) {
        const int32_t full = to - code_at == 255; /* ends without standing for a zero */
        if (to + full >= capacity) return WIRE_TOO_SMALL;
        if (full || !in[i]) {
            out[code_at] = (uint8_t)(to - code_at);
            code_at = to++;
        }
        if (in[i]) {
            out[to++] = in[i];
        } else if (full) {
            out[code_at] = 1;
            code_at = to++;
        }
    }
    out[code_at] = (uint8_t)(to - code_at);
    return to;
}

/* May decode in place: what is written never overtakes what is read. */
int32_t wire_cobs_decode(const uint8_t *in, int32_t n, uint8_t *out, int32_t capacity)
{
    if (!in || !out || n < 1) return WIRE_BAD_ARGUMENT;
    int32_t from = 0, to = 0;
    while (from < n) {
        const int32_t code = in[from++];
        if (code == 0 || from + code - 1 > n) return WIRE_BAD_VALUE;
        for (int32_t i = 1; i < code; i++) {
            if (in[from] == 0) return WIRE_BAD_VALUE;
            if (to >= capacity) return WIRE_TOO_SMALL;
            out[to++] = in[from++];
        }
        if (code < 255 && from < n) {
            if (to >= capacity) return WIRE_TOO_SMALL;
            out[to++] = 0;
        }
    }
    return to;
}

/* ---- little-endian bytes ---- */

static void put16(uint8_t *at, uint16_t value)
{
    at[0] = (uint8_t)(value & 255u);
    at[1] = (uint8_t)(value >> 8);
}

static void put32(uint8_t *at, uint32_t value)
{
    put16(at, (uint16_t)(value & 0xffffu));
    put16(at + 2, (uint16_t)(value >> 16));
}

static uint16_t take16(const uint8_t *at)
{
    return (uint16_t)(at[0] | at[1] << 8);
}

static uint32_t take32(const uint8_t *at)
{
    return take16(at) | (uint32_t)take16(at + 2) << 16;
}

/* ---- messages ---- */

static const struct layout *layout_of(uint8_t msg)
{
    for (size_t i = 0; i < sizeof LAYOUTS / sizeof LAYOUTS[0]; i++) {
        if (LAYOUTS[i].msg == msg) return &LAYOUTS[i];
    }
    return NULL;
}

static int32_t bytes_of(const struct layout *layout)
{
    int32_t n = 0;
    for (int32_t i = 0; i < layout->fields; i++) {
        n += layout->field[i].width * layout->field[i].count;
    }
    return n;
}

/* ---- frames ---- */

uint32_t wire_schema_hash(void)
{
    return WIRE_SCHEMA_HASH;
}

int32_t wire_payload_length(uint8_t msg)
{
    const struct layout *layout = layout_of(msg);
    return layout ? bytes_of(layout) : WIRE_BAD_MESSAGE;
}

int32_t wire_encode(const wire_frame *frame, uint8_t *out, int32_t capacity)
{
    if (!frame || !out) return WIRE_BAD_ARGUMENT;
    if (capacity < 1) return WIRE_TOO_SMALL;
    const int32_t length = wire_payload_length(frame->msg);
    if (length < 0) return length;
    if (frame->length != length) return WIRE_BAD_LENGTH;
    if (frame->flags & ~(unsigned)WIRE_FLAG_ACK) return WIRE_BAD_VALUE;

    uint8_t body[WIRE_MAX_BODY];
    body[0] = (uint8_t)((unsigned)WIRE_VERSION << 4 | frame->flags);
    body[1] = frame->msg;
    put16(body + 2, frame->session);
    put16(body + 4, frame->seq);
    put16(body + 6, frame->flags & WIRE_FLAG_ACK ? frame->ack : 0);
    for (int32_t i = 0; i < length; i++) body[WIRE_HEADER + i] = frame->payload[i];
    put32(body + WIRE_HEADER + length, wire_crc32c(0, body, WIRE_HEADER + length));

    const int32_t n = wire_cobs_encode(body, WIRE_HEADER + length + WIRE_CRC, out, capacity - 1);
    if (n < 0) return n;
    out[n] = 0;
    return n + 1;
}

void wire_decoder_init(wire_decoder *decoder)
{
    if (decoder) *decoder = (wire_decoder){0};
}

static int32_t refuse(uint32_t *counter)
{
    ++*counter;
    return 0;
}

/* What lay between two delimiters: 1 with *frame filled, or 0 and one counter more. The CRC is
 * looked at first: what fails it says nothing, not even its version. */
static int32_t take_frame(wire_decoder *decoder, wire_frame *frame)
{
    wire_counters *count = &decoder->counters;
    const uint8_t *body = decoder->body;
    const int32_t n = wire_cobs_decode(body, decoder->fill, decoder->body, WIRE_MAX_BODY);
    if (n < 0) return refuse(&count->bad_cobs);
    if (n < WIRE_HEADER + WIRE_CRC) return refuse(&count->bad_short);
    const uint32_t crc = take32(body + n - WIRE_CRC);
    if (crc != wire_crc32c(0, body, n - WIRE_CRC)) return refuse(&count->bad_crc);
    if (body[0] >> 4 != WIRE_VERSION) return refuse(&count->bad_version);
    const int32_t length = wire_payload_length(body[1]);
    if (length < 0) return refuse(&count->bad_message);
    if (n != WIRE_HEADER + length + WIRE_CRC) return refuse(&count->bad_length);

    frame->flags = body[0] & 15u;
    frame->msg = body[1];
    frame->session = take16(body + 2);
    frame->seq = take16(body + 4);
    frame->ack = take16(body + 6);
    frame->length = length;
    for (int32_t i = 0; i < length; i++) frame->payload[i] = body[WIRE_HEADER + i];
    count->frames++;
    return 1;
}

int32_t wire_decoder_feed(wire_decoder *decoder, const uint8_t *bytes, int32_t n, int32_t *used,
                          wire_frame *frame)
{
    int32_t i = 0, complete = 0;
    if (!decoder || !bytes || !frame) n = 0;
    while (i < n && !complete) {
        const uint8_t byte = bytes[i++];
        decoder->counters.bytes++;
        if (byte == 0) { /* several in a row are idle line, not an error */
            if (decoder->fill > 0 && !decoder->skipping) complete = take_frame(decoder, frame);
            decoder->fill = 0;
            decoder->skipping = 0;
        } else if (decoder->fill < WIRE_MAX_FRAME - 1) {
            decoder->body[decoder->fill++] = byte;
        } else if (!decoder->skipping) {
            decoder->skipping = 1;
            decoder->counters.bad_long++;
        }
    }
    if (used) *used = i;
    return complete;
}

int32_t wire_newer(uint16_t now, uint16_t last)
{
    const uint16_t ahead = (uint16_t)(now - last);
    return ahead > 0 && ahead < 0x8000u;
}

/* ---- pack and unpack ---- */

static void write_fields(const struct layout *layout, const void *in, uint8_t *at)
{
    for (int32_t i = 0; i < layout->fields; i++) {
        const struct field field = layout->field[i];
        const void *from = (const uint8_t *)in + field.offset;
        for (int32_t j = 0; j < field.count; j++, at += field.width) {
            if (field.width == 1) *at = ((const uint8_t *)from)[j];
            if (field.width == 2) put16(at, ((const uint16_t *)from)[j]);
            if (field.width == 4) put32(at, ((const uint32_t *)from)[j]);
        }
    }
}

static void read_fields(const struct layout *layout, const uint8_t *at, void *out)
{
    for (int32_t i = 0; i < layout->fields; i++) {
        const struct field field = layout->field[i];
        void *to = (uint8_t *)out + field.offset;
        for (int32_t j = 0; j < field.count; j++, at += field.width) {
            if (field.width == 1) ((uint8_t *)to)[j] = *at;
            if (field.width == 2) ((uint16_t *)to)[j] = take16(at);
            if (field.width == 4) ((uint32_t *)to)[j] = take32(at);
        }
    }
}

/* `fields`: what the struct is of; a message of another is refused. */
static int32_t pack(uint8_t msg, const struct field *fields, const void *in, wire_frame *frame)
{
    if (!in || !frame) return WIRE_BAD_ARGUMENT;
    const struct layout *layout = layout_of(msg);
    if (!layout || layout->field != fields) return WIRE_BAD_MESSAGE;
    if (!in_range(layout, in)) return WIRE_BAD_VALUE;
    write_fields(layout, in, frame->payload);
    frame->msg = msg;
    frame->length = bytes_of(layout);
    return frame->length;
}

static int32_t unpack(const struct field *fields, const wire_frame *frame, void *out)
{
    if (!frame || !out) return WIRE_BAD_ARGUMENT;
    const struct layout *layout = layout_of(frame->msg);
    if (!layout || layout->field != fields) return WIRE_BAD_MESSAGE;
    if (frame->length != bytes_of(layout)) return WIRE_BAD_LENGTH;
    union { /* room for any of them */
        wire_hello hello; wire_hello_ack hello_ack; wire_heartbeat heartbeat; wire_time time;
        wire_arm arm; wire_reason reason; wire_command command; wire_state state;
        wire_state_full state_full; wire_link_stats link_stats; wire_param param;
        wire_param_set param_set; wire_param_value param_value;
        wire_param_description param_description; wire_restart restart; wire_touch touch;
        wire_log log; wire_blob_begin blob_begin; wire_blob_chunk blob_chunk; wire_blob blob;
        wire_blob_status blob_status; wire_emg emg; wire_decoded decoded;
    } trial = {0};
    read_fields(layout, frame->payload, &trial);
    if (!in_range(layout, &trial)) return WIRE_BAD_VALUE;
    read_fields(layout, frame->payload, out);
    return WIRE_OK;
}

/* wire_pack_NAME and wire_unpack_NAME of a struct that several messages share: those of `fields`. */
#define SHARED(name, fields)                                                        \
    int32_t wire_pack_##name(uint8_t msg, const wire_##name *in, wire_frame *frame) \
    { return pack(msg, fields, in, frame); }                                        \
    int32_t wire_unpack_##name(const wire_frame *frame, wire_##name *out)           \
    { return unpack(fields, frame, out); }

SHARED(reason, REASON)
SHARED(param, PARAM)
SHARED(blob, BLOB)

/* The same of each message that has a struct, and so fields, of its own. */
#define MESSAGE(name, NAME)                                               \
    int32_t wire_pack_##name(const wire_##name *in, wire_frame *frame)    \
    { return pack(WIRE_##NAME, NAME, in, frame); }                        \
    int32_t wire_unpack_##name(const wire_frame *frame, wire_##name *out) \
    { return unpack(NAME, frame, out); }

MESSAGE(hello, HELLO)
MESSAGE(hello_ack, HELLO_ACK)
MESSAGE(heartbeat, HEARTBEAT)
MESSAGE(time, TIME)
MESSAGE(arm, ARM)
MESSAGE(command, COMMAND)
MESSAGE(state, STATE)
MESSAGE(state_full, STATE_FULL)
MESSAGE(link_stats, LINK_STATS)
MESSAGE(param_set, PARAM_SET)
MESSAGE(param_value, PARAM_VALUE)
MESSAGE(param_description, PARAM_DESCRIPTION)
MESSAGE(restart, RESTART)
MESSAGE(touch, TOUCH)
MESSAGE(log, LOG)
MESSAGE(blob_begin, BLOB_BEGIN)
MESSAGE(blob_chunk, BLOB_CHUNK)
MESSAGE(blob_status, BLOB_STATUS)
MESSAGE(emg, EMG)
MESSAGE(decoded, DECODED)
