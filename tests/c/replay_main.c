/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * replay_main: the golden frames through the codec, and a recording through the chain, on any
 * machine. What it writes has to be the same to the bit everywhere.
 *
 *   reads   config.bin    struct chain_config, its bytes
 *           counts.bin    int32 [samples][sites]
 *   writes  hops.bin      struct chain_hop of every hop, its bytes
 *           commands.bin  the frame of the COMMAND made from every hop, as it goes on the line
 *   says    "vectors N" and "chain CRC hops N", or "failed ..."
 */
#include "chain_replay.h"
#include "replay_files.h"
#include "wire.h"
#include "wire_vectors.h"

#include <string.h>

enum { SAMPLE_US = 4000 /* stands for the hand's clock */, SESSION = 7, VALID_MS = 50 };

_Static_assert(sizeof(chain_hop) == 348, "a hop has no padding, on every machine");

typedef struct outputs {
    int32_t hops, commands;
    uint32_t count;
} outputs;

static void emit(const chain_hop *hop, void *context)
{
    outputs *to = context;
    uint8_t line[WIRE_MAX_FRAME];
    wire_frame frame;
    wire_command command;
    memset(&frame, 0, sizeof frame);
    memset(&command, 0, sizeof command);
    command.mode = WIRE_MODE_VELOCITY;
    command.valid_ms = VALID_MS;
    command.frozen = (uint8_t)(hop->frozen & 255u);
    command.sample = hop->samples - 1u;
    command.emg_us = command.sample * SAMPLE_US;
    memcpy(command.target, hop->target, sizeof command.target);
    memset(command.force_cap, 255, sizeof command.force_cap);
    if (wire_pack_command(&command, &frame) < 0) {
        replay_say("failed: a hop makes no COMMAND\n");
        replay_end(1);
    }
    frame.session = SESSION;
    frame.seq = (uint16_t)(to->count & 0xFFFFu);
    to->count++;
    replay_append(to->hops, hop, (int32_t)sizeof *hop);
    replay_append(to->commands, line, wire_encode(&frame, line, (int32_t)sizeof line));
}

static void say_number(uint32_t value, uint32_t base)
{
    char text[12];
    int32_t at = (int32_t)sizeof text - 1;
    text[at] = 0;
    do {
        text[--at] = "0123456789abcdef"[value % base];
        value /= base;
    } while (value != 0);
    replay_say(text + at);
}

int main(int argc, char **argv)
{
    const char *failed = "";
    const void *config, *counts;
    (void)argc;
    (void)argv;
    const int32_t checks = wire_vectors_replay(&failed);
    if (checks < 0) {
        replay_say("failed: vector ");
        replay_say(failed);
        replay_say("\n");
        replay_end(1);
    }
    replay_say("vectors ");
    say_number((uint32_t)checks, 10);
    replay_say("\n");

    const int32_t config_bytes = replay_file("config.bin", &config);
    if (config_bytes < 0) {
        replay_end(0); /* vectors only */
    }
    const int32_t counts_bytes = replay_file("counts.bin", &counts);
    if (config_bytes != (int32_t)sizeof(chain_config) || counts_bytes < 0) {
        replay_say("failed: config.bin is of another build, or counts.bin is missing\n");
        replay_end(1);
    }
    const chain_config *chain = config;
    outputs to = {replay_create("hops.bin"), replay_create("commands.bin"), 0};
    const int32_t samples = counts_bytes / (int32_t)sizeof(int32_t) / chain->sites;
    const uint32_t crc = chain_replay(chain, counts, samples, emit, &to);
    replay_say("chain ");
    say_number(crc, 16);
    replay_say(" hops ");
    say_number(to.count, 10);
    replay_say("\n");
    replay_end(crc == 0);
}
