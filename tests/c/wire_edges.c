/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * wire_edges: what no frame on a line can show: wrong arguments, buffers of every size, refusals
 * that must leave their output as it was. Prints the line of the first check that fails.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wire_vectors.h"

#define MUST(holds)                                           \
    do {                                                      \
        if (!(holds)) {                                       \
            printf("failed: line %d: %s\n", __LINE__, #holds); \
            exit(1);                                          \
        }                                                     \
    } while (0)

static void arguments(void)
{
    uint8_t bytes[WIRE_MAX_FRAME] = {0};
    wire_frame frame = {.msg = WIRE_HEARTBEAT, .length = 4};
    wire_heartbeat beat = {1};
    wire_decoder decoder;
    int32_t used = 7;
    const int32_t room = (int32_t)sizeof bytes;
    MUST(wire_encode(NULL, bytes, room) == WIRE_BAD_ARGUMENT);
    MUST(wire_encode(&frame, NULL, room) == WIRE_BAD_ARGUMENT);
    MUST(wire_encode(&frame, bytes, 0) == WIRE_TOO_SMALL);
    MUST(wire_encode(&frame, bytes, -1) == WIRE_TOO_SMALL);
    MUST(wire_encode(&frame, bytes, INT32_MIN) == WIRE_TOO_SMALL);
    frame.length = 3;
    MUST(wire_encode(&frame, bytes, room) == WIRE_BAD_LENGTH);
    frame.length = -1;
    MUST(wire_encode(&frame, bytes, room) == WIRE_BAD_LENGTH);
    frame.length = 4;
    for (uint8_t flags = 2; flags != 0; flags = (uint8_t)(flags << 1)) {
        frame.flags = flags;
        MUST(wire_encode(&frame, bytes, room) == WIRE_BAD_VALUE);
    }
    frame.flags = 0;
    frame.msg = 10;
    MUST(wire_encode(&frame, bytes, room) == WIRE_BAD_MESSAGE);
    MUST(wire_encode(&frame, bytes, 1) == WIRE_BAD_MESSAGE); /* the buffer's is asked before */
    MUST(wire_encode(&frame, bytes, 0) == WIRE_TOO_SMALL);
    MUST(wire_encode(&frame, NULL, room) == WIRE_BAD_ARGUMENT);
    MUST(wire_payload_length(0) == WIRE_BAD_MESSAGE);
    MUST(wire_cobs_encode(NULL, 1, bytes, room) == WIRE_BAD_ARGUMENT);
    MUST(wire_cobs_encode(bytes, 1, NULL, room) == WIRE_BAD_ARGUMENT);
    MUST(wire_cobs_encode(bytes, -1, bytes, room) == WIRE_BAD_ARGUMENT);
    MUST(wire_cobs_encode(bytes, 0, bytes, 0) == WIRE_TOO_SMALL);
    MUST(wire_cobs_decode(NULL, 1, bytes, room) == WIRE_BAD_ARGUMENT);
    MUST(wire_cobs_decode(bytes, 1, NULL, room) == WIRE_BAD_ARGUMENT);
    MUST(wire_cobs_decode(bytes, 0, bytes, room) == WIRE_BAD_ARGUMENT);
    MUST(wire_pack_heartbeat(NULL, &frame) == WIRE_BAD_ARGUMENT);
    MUST(wire_pack_heartbeat(&beat, NULL) == WIRE_BAD_ARGUMENT);
    MUST(wire_unpack_heartbeat(NULL, &beat) == WIRE_BAD_ARGUMENT);
    MUST(wire_unpack_heartbeat(&frame, NULL) == WIRE_BAD_ARGUMENT);
    MUST(wire_unpack_reason(NULL, NULL) == WIRE_BAD_ARGUMENT);
    wire_decoder_init(NULL);
    wire_decoder_init(&decoder);
    MUST(wire_decoder_feed(NULL, bytes, 5, &used, &frame) == 0 && used == 0);
    used = 7;
    MUST(wire_decoder_feed(&decoder, NULL, 5, &used, &frame) == 0 && used == 0);
    used = 7;
    MUST(wire_decoder_feed(&decoder, bytes, 5, &used, NULL) == 0 && used == 0);
    used = 7;
    MUST(wire_decoder_feed(&decoder, bytes, -5, &used, &frame) == 0 && used == 0);
    MUST(wire_decoder_feed(&decoder, bytes, 5, NULL, &frame) == 0 && decoder.counters.bytes == 5);
}

/* A buffer that is too small is refused and not written past; one that fits is not refused. */
static void capacities(void)
{
    enum { MOST = 780 };
    uint8_t in[MOST], out[MOST + 16], back[MOST + 16];
    for (int32_t kind = 0; kind < 4; kind++) {
        for (int32_t n = 0; n < MOST - 8; n += n < 8 || n % 254 > 250 || n % 254 < 3 ? 1 : 13) {
            for (int32_t i = 0; i < n; i++) {
                in[i] = (uint8_t)(kind == 1 ? 0 : 1 + i % 255);
                if (kind > 1 && i % (252 + kind) == 251 + kind) in[i] = 0; /* around a full block */
            }
            const int32_t need = wire_cobs_encode(in, n, out, MOST);
            MUST(need >= n + 1 && need <= n + 1 + n / 254);
            for (int32_t room = need - 3; room <= need; room++) {
                if (room < 0) continue;
                memset(back, 0xcd, sizeof back);
                const int32_t made = wire_cobs_encode(in, n, back, room);
                MUST(made == (room < need ? WIRE_TOO_SMALL : need) && back[room] == 0xcd);
            }
            for (int32_t room = n > 2 ? n - 2 : 0; room <= n; room++) {
                memset(back, 0xcd, sizeof back);
                const int32_t made = wire_cobs_decode(out, need, back, room);
                MUST(made == (room < n ? WIRE_TOO_SMALL : n) && back[room] == 0xcd);
            }
            MUST(memcmp(back, in, (size_t)n) == 0);
        }
    }
    static const uint8_t ZERO_CODE[] = {0}, ZERO_INSIDE[] = {3, 1, 0}, PAST[] = {3, 1, 9};
    MUST(wire_cobs_decode(ZERO_CODE, 1, back, 9) == WIRE_BAD_VALUE);
    MUST(wire_cobs_decode(ZERO_INSIDE, 3, back, 9) == WIRE_BAD_VALUE);
    MUST(wire_cobs_decode(PAST, 2, back, 9) == WIRE_BAD_VALUE);
}

static void untouched(void)
{
    wire_frame frame, before;
    memset(&frame, 0x5a, sizeof frame);
    before = frame;
    wire_command command = {.mode = WIRE_MODE_VELOCITY, .valid_ms = 50};
    command.target[7] = WIRE_TARGET_UNIT + 1;
    MUST(wire_pack_command(&command, &frame) == WIRE_BAD_VALUE);
    MUST(memcmp(&frame, &before, sizeof frame) == 0);
    command.target[7] = WIRE_TARGET_UNIT;
    MUST(wire_pack_command(&command, &frame) == 36 && frame.msg == WIRE_COMMAND);
    MUST(frame.payload[36] == 0x5a); /* nothing behind the payload */
    MUST(frame.length == 36 && frame.session == before.session && frame.seq == before.seq);

    wire_command out, same;
    memset(&out, 0x5a, sizeof out);
    same = out;
    frame.payload[0] = 3;
    MUST(wire_unpack_command(&frame, &out) == WIRE_BAD_VALUE);
    frame.payload[0] = 1;
    frame.length = 35;
    MUST(wire_unpack_command(&frame, &out) == WIRE_BAD_LENGTH);
    frame.length = 36;
    frame.msg = WIRE_STATE;
    MUST(wire_unpack_command(&frame, &out) == WIRE_BAD_MESSAGE);
    MUST(memcmp(&out, &same, sizeof out) == 0);
    frame.msg = WIRE_COMMAND;
    MUST(wire_unpack_command(&frame, &out) == WIRE_OK && out.target[7] == WIRE_TARGET_UNIT);

    wire_reason reason = {2};
    MUST(wire_unpack_reason(&frame, &reason) == WIRE_BAD_MESSAGE && reason.reason == 2);
    MUST(wire_pack_reason(WIRE_COMMAND, &reason, &frame) == WIRE_BAD_MESSAGE);
    MUST(wire_pack_reason(10, &reason, &frame) == WIRE_BAD_MESSAGE && frame.msg == WIRE_COMMAND);
    frame.msg = 10;
    MUST(wire_unpack_reason(&frame, &reason) == WIRE_BAD_MESSAGE);

    wire_param which = {7};
    frame.msg = WIRE_COMMAND;
    MUST(wire_pack_param(WIRE_DISARM, &which, &frame) == WIRE_BAD_MESSAGE);
    MUST(wire_pack_param(WIRE_PARAM_SET, &which, &frame) == WIRE_BAD_MESSAGE);
    MUST(wire_unpack_param(&frame, &which) == WIRE_BAD_MESSAGE && which.index == 7);
    MUST(wire_unpack_param(NULL, &which) == WIRE_BAD_ARGUMENT);
    MUST(wire_pack_param(WIRE_PARAM_GET, &which, &frame) == 1 && frame.payload[0] == 7);
    MUST(wire_unpack_reason(&frame, &reason) == WIRE_BAD_MESSAGE);
}

/* A range asks for its own field and not for the one behind it, and takes what stands at its end. */
static void ranges(void)
{
    wire_frame frame;
    wire_hello_ack hand = {.accepted = 1, .name = {0, 'a'}};
    wire_command command = {.mode = WIRE_MODE_VELOCITY, .valid_ms = 50};
    wire_decoded decoded = {.drives = 1, .host_sample = 0x7fff7fffu};
    wire_blob_chunk chunk = {.kind = WIRE_BLOB_DECODER, .count = 1};
    memset(command.force_cap, 0x7f, sizeof command.force_cap);
    MUST(wire_pack_command(&command, &frame) > 0);
    MUST(wire_pack_decoded(&decoded, &frame) > 0);
    MUST(wire_pack_blob_chunk(&chunk, &frame) > 0);
    MUST(wire_pack_hello_ack(&hand, &frame) == WIRE_BAD_VALUE);
    hand.name[0] = 'b';
    MUST(wire_pack_hello_ack(&hand, &frame) > 0);
}

/* The number of the frame acknowledged goes out only with its flag. */
static void acknowledged(void)
{
    uint8_t line[WIRE_MAX_FRAME];
    wire_frame frame = {.msg = WIRE_HEARTBEAT, .length = 4, .ack = 0x1234}, heard;
    wire_decoder decoder;
    int32_t used = 0;
    wire_decoder_init(&decoder);
    int32_t n = wire_encode(&frame, line, (int32_t)sizeof line);
    MUST(n == 18 && wire_decoder_feed(&decoder, line, n, &used, &heard) == 1 && heard.ack == 0);
    frame.flags = WIRE_FLAG_ACK;
    n = wire_encode(&frame, line, (int32_t)sizeof line);
    MUST(wire_decoder_feed(&decoder, line, n, &used, &heard) == 1 && heard.ack == 0x1234);
}

static void numbers(void)
{
    static const uint8_t DIGITS[] = "123456789"; /* check value of the CRC catalogues */
    MUST(wire_crc32c(0, DIGITS, 9) == 0xe3069283u);
    MUST(wire_crc32c(wire_crc32c(0, DIGITS, 4), DIGITS + 4, 5) == 0xe3069283u);
    MUST(wire_crc32c(0, DIGITS, 0) == 0);
    for (uint32_t last = 0; last < 65536; last += 257) {
        MUST(!wire_newer((uint16_t)last, (uint16_t)last));
        MUST(wire_newer((uint16_t)(last + 1), (uint16_t)last));
        MUST(!wire_newer((uint16_t)last, (uint16_t)(last + 1)));
        MUST(wire_newer((uint16_t)(last + 32767), (uint16_t)last));
        MUST(!wire_newer((uint16_t)(last + 32768), (uint16_t)last));
        MUST(!wire_newer((uint16_t)(last + 32769), (uint16_t)last));
    }
}

int main(void)
{
    arguments();
    capacities();
    untouched();
    acknowledged();
    ranges();
    numbers();
    printf("passed\n");
    return 0;
}
