/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * replay_main: the golden frames through the codec, and a recording through the chain, on any
 * machine. What it writes has to be the same to the bit everywhere.
 *
 *   reads   chain.bin     blobs of a chain (replay_chain.h)
 *           counts.bin    int32 [samples][sites]
 *   writes  hops.bin      struct chain_hop of every hop, its bytes as a host has them
 *           commands.bin  the frame of the COMMAND made from every hop, as it goes on the line
 *   says    "vectors N" and "chain CRC hops N", or "failed ..."
 */
#include "chain_replay.h"
#include "replay_chain.h"
#include "replay_files.h"
#include "wire.h"
#include "wire_vectors.h"

#include <string.h>

enum { SAMPLE_US = 4000 /* stands for the hand's clock */, SESSION = 7, VALID_MS = 50 };

enum { HOST_SITES = 64 /* CORE_CHAIN_SITES there; the hand has room for fewer */ };

typedef struct outputs {
    int32_t hops, commands;
    uint32_t count;
} outputs;

static void append_sites(int32_t handle, const float *values)
{
    static const float none[HOST_SITES];
    replay_append(handle, values, CORE_CHAIN_SITES * (int32_t)sizeof *values);
    replay_append(handle, none, (HOST_SITES - CORE_CHAIN_SITES) * (int32_t)sizeof *none);
}

static void append_hop(int32_t handle, const chain_hop *hop)
{
    const uint64_t bad = hop->bad_sites; /* the host has 64 bits of them */
    const uint32_t low = (uint32_t)bad, high = (uint32_t)(bad >> 32);
    const uint32_t first[6] = {hop->samples, hop->frozen, low, high, hop->gate, hop->gap};
    replay_append(handle, first, (int32_t)sizeof first);
    append_sites(handle, hop->power);
    append_sites(handle, hop->activation);
    replay_append(handle, hop->intent, (int32_t)sizeof hop->intent);
    replay_append(handle, hop->velocity, (int32_t)sizeof hop->velocity);
    replay_append(handle, hop->target, (int32_t)sizeof hop->target);
}

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
    append_hop(to->hops, hop);
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
    const void *counts;
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

    static chain_config chain;
    if (!replay_chain(&chain)) {
        replay_end(0); /* vectors only */
    }
    const int32_t counts_bytes = replay_file("counts.bin", &counts);
    if (counts_bytes < 0) {
        replay_say("failed: counts.bin is missing\n");
        replay_end(1);
    }
    outputs to = {replay_create("hops.bin"), replay_create("commands.bin"), 0};
    const int32_t samples = counts_bytes / (int32_t)sizeof(int32_t) / chain.sites;
    const uint32_t crc = chain_replay(&chain, counts, samples, emit, &to);
    replay_say("chain ");
    say_number(crc, 16);
    replay_say(" hops ");
    say_number(to.count, 10);
    replay_say("\n");
    replay_end(crc == 0);
}
