/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * fuzz_wire: libFuzzer harness of the codec. The first byte chooses what the others are:
 *   even   bytes of a line, fed in portions; every chunk between delimiters ends in one counter
 *   odd    a body, which gets its right CRC and COBS: past the CRC everything must still hold
 * What is taken encodes to a frame that is taken again; what is unpacked packs to the same payload.
 */
#include <stdlib.h>
#include <string.h>

#include "wire_vectors.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(int holds)
{
    if (!holds) abort();
}

static uint32_t ends(const wire_counters *c)
{
    return c->frames + c->bad_cobs + c->bad_short + c->bad_long + c->bad_crc + c->bad_version
        + c->bad_message + c->bad_length;
}

static void check_frame(const wire_frame *frame)
{
    must(frame->length == wire_payload_length(frame->msg) && frame->flags < 16);

    wire_frame again = *frame, heard = {0};
    uint8_t line[WIRE_MAX_FRAME];
    again.flags &= WIRE_FLAG_ACK;
    const int32_t n = wire_encode(&again, line, (int32_t)sizeof line);
    must(n == frame->length + 14 && memchr(line, 0, (size_t)n) == line + n - 1);
    wire_decoder decoder;
    int32_t used = 0;
    wire_decoder_init(&decoder);
    must(wire_decoder_feed(&decoder, line, n, &used, &heard) == 1 && used == n);
    must(memcmp(heard.payload, frame->payload, (size_t)frame->length) == 0);
    must(heard.session == frame->session && heard.seq == frame->seq);

    uint32_t values[WIRE_VECTORS_ROOM / 4], untouched[WIRE_VECTORS_ROOM / 4];
    memset(values, 0xa5, sizeof values);
    memset(untouched, 0xa5, sizeof untouched);
    wire_frame packed = {0};
    if (wire_vectors_unpack(frame, values) == WIRE_OK) {
        must(wire_vectors_pack(frame->msg, values, &packed) == frame->length);
        must(memcmp(packed.payload, frame->payload, (size_t)frame->length) == 0);
    } else {
        must(memcmp(values, untouched, sizeof values) == 0);
    }
}

static void feed(const uint8_t *bytes, int32_t n, int32_t step)
{
    wire_decoder decoder;
    wire_decoder_init(&decoder);
    uint32_t chunks = 0;
    int32_t run = 0; /* bytes since the last 00 */
    for (int32_t i = 0; i < n; i++) {
        if (bytes[i] == 0 && run > 0 && run < WIRE_MAX_FRAME) chunks++;
        run = bytes[i] ? run + 1 : 0;
        if (run == WIRE_MAX_FRAME) chunks++; /* counted when it grows too long */
    }
    for (int32_t at = 0, used = 0; at < n; at += used) {
        wire_frame frame;
        const int32_t portion = n - at < step ? n - at : step;
        const int32_t done = wire_decoder_feed(&decoder, bytes + at, portion, &used, &frame);
        must(used > 0 && used <= portion && (done || used == portion));
        must(decoder.fill >= 0 && decoder.fill < WIRE_MAX_FRAME);
        if (done) check_frame(&frame);
    }
    must(decoder.counters.bytes == (uint32_t)n && ends(&decoder.counters) == chunks);
}

static void feed_body(const uint8_t *bytes, int32_t n)
{
    uint8_t body[WIRE_MAX_BODY], line[WIRE_MAX_FRAME];
    if (n > WIRE_MAX_BODY - WIRE_CRC) n = WIRE_MAX_BODY - WIRE_CRC;
    memcpy(body, bytes, (size_t)n);
    const uint32_t crc = wire_crc32c(0, body, n);
    for (int32_t i = 0; i < WIRE_CRC; i++) body[n + i] = (uint8_t)(crc >> (8 * i));
    const int32_t m = wire_cobs_encode(body, n + WIRE_CRC, line, (int32_t)sizeof line - 1);
    must(m == n + WIRE_CRC + 1);
    line[m] = 0;
    feed(line, m + 1, 7);
}

static void cobs_both_ways(const uint8_t *bytes, int32_t n)
{
    uint8_t *coded = malloc((size_t)(n + n / 254 + 1)), *back = malloc((size_t)n + 1);
    must(coded && back);
    const int32_t m = wire_cobs_encode(bytes, n, coded, n + n / 254 + 1);
    must(m > 0 && !memchr(coded, 0, (size_t)m));
    must(wire_cobs_decode(coded, m, back, n) == n && memcmp(back, bytes, (size_t)n) == 0);
    must(wire_cobs_decode(coded, m, coded, m) == n && memcmp(coded, bytes, (size_t)n) == 0);
    (void)wire_cobs_decode(bytes, n, back, n); /* anything at all */
    free(coded);
    free(back);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2 || size > 4096) return 0;
    const int32_t n = (int32_t)size - 1;
    if (data[0] & 1) {
        feed_body(data + 1, n);
    } else {
        feed(data + 1, n, 1 + data[0] / 2);
    }
    cobs_both_ways(data + 1, n);
    return 0;
}
