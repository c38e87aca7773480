/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * line_cost: what the two serial lines cost the hand's processor in the millisecond in which most comes
 * together (counted.h). Says one line of JSON: microseconds of the emulator's timer for
 *
 *   known     a stretch of known length
 *   command   a COMMAND from its bytes to its fields
 *   state     STATE, the longest telemetry of every hop, to its bytes
 *   goals     the packet with the goals of nine actuators
 *   asked     the packet that asks three for their position
 *   answers   those three answers, from their bytes to their fields
 *
 * Each is the worst of TURNS, over other bytes.
 */
#include "counted.h"
#include "dxl.h"
#include "wire.h"

#include <string.h>

enum {
    TURNS = 16,
    ACTUATORS = 9,
    ASKED = 3,
    ANSWER = 10, /* current, velocity, position */
    ROOM = 4 * WIRE_MAX_FRAME
};

typedef int32_t (*step)(uint32_t turn); /* 1 when it did what it should */

int main(int argc, char **argv);

static uint8_t line[ROOM];
static int32_t line_n;
static wire_frame frame;

static uint8_t some(uint32_t *of)
{
    *of = *of * 1664525u + 1013904223u;
    return (uint8_t)(*of >> 24);
}

static void fill(void *to, int32_t n, uint32_t turn)
{
    uint8_t *bytes = to;
    for (int32_t i = 0; i < n; i++) {
        bytes[i] = some(&turn);
    }
}

static int32_t command_ready(uint32_t turn)
{
    wire_command sent;
    fill(&sent, (int32_t)sizeof sent, turn);
    sent.mode = 1;
    sent.valid_ms = 70;
    sent.grip = 0;
    for (int32_t i = 0; i < (int32_t)(sizeof sent.target / sizeof sent.target[0]); i++) {
        sent.target[i] = (int16_t)(sent.target[i] % 10000);
    }
    const int32_t good = wire_pack_command(&sent, &frame) >= 0;
    line_n = wire_encode(&frame, line, WIRE_MAX_FRAME);
    return good && line_n > 0;
}

static int32_t command(uint32_t turn)
{
    static wire_decoder decoder;
    wire_command heard;
    int32_t used = 0;
    if (turn == 0) {
        wire_decoder_init(&decoder);
    }
    return wire_decoder_feed(&decoder, line, line_n, &used, &frame)
        && wire_unpack_command(&frame, &heard) >= 0;
}

static int32_t nothing_ready(uint32_t turn)
{
    (void)turn;
    return 1;
}

static int32_t state(uint32_t turn)
{
    static wire_state told;
    told.hand_us = turn;
    told.command_us = turn * 0x01010101u;
    return wire_pack_state(&told, &frame) >= 0 && wire_encode(&frame, line, WIRE_MAX_FRAME) > 0;
}

static int32_t goals(uint32_t turn)
{
    uint8_t parameters[4 + 5 * ACTUATORS] = {116, 0, 4, 0};
    for (int32_t i = 0; i < ACTUATORS; i++) {
        parameters[4 + 5 * i] = (uint8_t)(1 + i);
        parameters[5 + 5 * i] = (uint8_t)turn;
        parameters[6 + 5 * i] = 8;
    }
    return dxl_packet(DXL_BROADCAST, DXL_SYNC_WRITE, parameters, (int32_t)sizeof parameters, line,
                      DXL_MAX_PACKET) > 0;
}

static int32_t asked(uint32_t turn)
{
    const uint8_t parameters[4 + ASKED] = {126, 0, ANSWER, 0, 1, 4, (uint8_t)(7 + turn % 2u)};
    return dxl_packet(DXL_BROADCAST, DXL_SYNC_READ, parameters, (int32_t)sizeof parameters, line,
                      DXL_MAX_PACKET) > 0;
}

static int32_t answers_ready(uint32_t turn)
{
    uint8_t parameters[1 + ANSWER];
    line_n = 0;
    for (int32_t i = 0; i < ASKED; i++) {
        fill(parameters, (int32_t)sizeof parameters, turn + 77u * (uint32_t)i);
        line_n += dxl_packet((uint8_t)(1 + i), DXL_STATUS, parameters, (int32_t)sizeof parameters,
                             line + line_n, DXL_MAX_PACKET);
    }
    return line_n >= ASKED * (ANSWER + 11);
}

static int32_t answers(uint32_t turn)
{
    static dxl_parser parser;
    dxl_status heard;
    int32_t at = 0, n = 0;
    if (turn == 0) {
        dxl_parser_init(&parser);
    }
    while (at < line_n) {
        int32_t used = 0;
        n += dxl_feed(&parser, line + at, line_n - at, &used, &heard);
        at += used;
    }
    return n == ASKED;
}

static uint32_t worst(step ready, step what)
{
    uint32_t most = 0;
    for (uint32_t turn = 0; turn < TURNS; turn++) {
        int32_t good = ready(turn);
        const uint32_t before = TIM2_CNT;
        good = what(turn) && good;
        const uint32_t gone = TIM2_CNT - before;
        most = gone > most ? gone : most;
        if (!good) {
            replay_say("failed: a frame or a packet is not what it should be\n");
            replay_end(1);
        }
    }
    return most;
}

int main(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    counted_begin();
    say(", \"command\": ", worst(command_ready, command));
    say(", \"state\": ", worst(nothing_ready, state));
    say(", \"goals\": ", worst(nothing_ready, goals));
    say(", \"asked\": ", worst(nothing_ready, asked));
    say(", \"answers\": ", worst(answers_ready, answers));
    replay_say("}\n");
    replay_end(0);
}
