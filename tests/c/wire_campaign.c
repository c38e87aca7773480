/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * wire_campaign: damaged frames against the decoder.
 *
 *   wire_campaign singles           every single bit of every golden frame
 *   wire_campaign pairs             every pair of bits of one golden frame per message
 *   wire_campaign random N SEED     N frames: flips, bursts, bytes lost, doubled, put in; cuts
 *
 * A frame is damaged between two delimiters; behind it comes a good one. Prints one line of counts:
 *   tried     damaged lines
 *   intact    ones whose damage left the frame whole (a 00 put before it, say), which is no error
 *   refused   ones of which nothing was taken
 *   accepted  frames taken that were never sent: must be 0
 *   deaf      good frames behind the damage that were not taken: must be 0
 *   uncounted lines refused without any counter that says why: must be 0
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wire_vectors.h"

enum { LINE = 1024 };

static struct {
    unsigned long tried, intact, refused, accepted, deaf, uncounted;
} count;

static uint64_t seed;

static uint32_t chance(uint32_t below) /* splitmix64 */
{
    uint64_t z = (seed += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return (uint32_t)((z ^ (z >> 31)) >> 32) % below;
}

static int32_t same(const wire_frame *frame, const wire_golden *golden)
{
    uint8_t out[WIRE_MAX_FRAME];
    wire_frame known = *frame;
    known.flags &= WIRE_FLAG_ACK;
    return wire_encode(&known, out, (int32_t)sizeof out) == golden->n
        && memcmp(out, golden->bytes, (size_t)golden->n) == 0;
}

static uint32_t refusals(const wire_counters *c)
{
    return c->bad_cobs + c->bad_short + c->bad_long + c->bad_crc + c->bad_version + c->bad_message
        + c->bad_length;
}

/* `damaged` holds no more than what `golden` (and perhaps `other`) became. */
static void listen(const uint8_t *damaged, int32_t n, const wire_golden *golden,
                   const wire_golden *other)
{
    static const uint8_t END = 0;
    wire_decoder decoder;
    wire_frame frame;
    int32_t taken = 0, used;
    wire_decoder_init(&decoder);
    for (int32_t at = 0; at < n; at += used) {
        if (!wire_decoder_feed(&decoder, damaged + at, n - at, &used, &frame)) continue;
        taken++;
        if (!same(&frame, golden) && !same(&frame, other)) count.accepted++;
    }
    if (wire_decoder_feed(&decoder, &END, 1, &used, &frame)) {
        taken++;
        if (!same(&frame, golden) && !same(&frame, other)) count.accepted++;
    }
    count.tried++;
    if (taken) count.intact++;
    else count.refused++;
    if (!taken && refusals(&decoder.counters) == 0) {
        int32_t idle = 1; /* cut down to nothing: an idle line says nothing */
        for (int32_t i = 0; i < n; i++) idle &= damaged[i] == 0;
        if (!idle) count.uncounted++;
    }
    if (!wire_decoder_feed(&decoder, golden->bytes, golden->n, &used, &frame)
        || !same(&frame, golden)) {
        count.deaf++;
    }
}

static void flip(uint8_t *bytes, int32_t bit)
{
    bytes[bit / 8] ^= (uint8_t)(1u << (bit % 8));
}

static void singles(void)
{
    for (int32_t i = 0; i < wire_golden_count; i++) {
        const wire_golden *golden = &wire_goldens[i];
        uint8_t line[WIRE_MAX_FRAME];
        memcpy(line, golden->bytes, (size_t)golden->n);
        for (int32_t bit = 0; bit < golden->n * 8; bit++) {
            flip(line, bit);
            listen(line, golden->n, golden, golden);
            flip(line, bit);
        }
    }
}

static void pairs(void)
{
    uint32_t seen[8] = {0};
    for (int32_t i = 0; i < wire_golden_count; i++) {
        const wire_golden *golden = &wire_goldens[i];
        if (seen[golden->msg / 32] >> (golden->msg % 32) & 1u) continue;
        seen[golden->msg / 32] |= 1u << (golden->msg % 32);
        uint8_t line[WIRE_MAX_FRAME];
        memcpy(line, golden->bytes, (size_t)golden->n);
        for (int32_t a = 0; a < golden->n * 8; a++) {
            flip(line, a);
            for (int32_t b = a + 1; b < golden->n * 8; b++) {
                flip(line, b);
                listen(line, golden->n, golden, golden);
                flip(line, b);
            }
            flip(line, a);
        }
    }
}

static int32_t insert(uint8_t *line, int32_t n, int32_t at, uint8_t byte)
{
    memmove(line + at + 1, line + at, (size_t)(n - at));
    line[at] = byte;
    return n + 1;
}

static int32_t lose(uint8_t *line, int32_t n, int32_t at)
{
    memmove(line + at, line + at + 1, (size_t)(n - at - 1));
    return n - 1;
}

/* One kind of damage at a random place. Returns the line's new length. */
static int32_t damage(uint8_t *line, int32_t n, const wire_golden *other)
{
    const int32_t at = (int32_t)chance((uint32_t)n);
    const uint32_t kind = chance(8);
    if (kind == 0) { /* flips anywhere */
        for (uint32_t i = 0; i <= chance(8); i++) flip(line, (int32_t)chance((uint32_t)n * 8));
    } else if (kind == 1) { /* a burst: one to 64 bits long, its inside at random */
        const int32_t first = (int32_t)chance((uint32_t)n * 8), length = 1 + (int32_t)chance(64);
        flip(line, first);
        for (int32_t b = first + 1; b < first + length && b < n * 8; b++) {
            if (chance(2)) flip(line, b);
        }
    } else if (kind == 2 && n > 1) { /* bytes lost */
        for (uint32_t i = 0; i <= chance(4) && n > 1; i++) {
            n = lose(line, n, (int32_t)chance((uint32_t)n));
        }
    } else if (kind == 3) { /* a byte doubled */
        n = insert(line, n, at, line[at]);
    } else if (kind == 4) { /* bytes put in, a 00 among them half the time */
        for (uint32_t i = 0; i <= chance(4); i++) {
            const uint8_t byte = chance(2) ? 0 : (uint8_t)chance(256);
            n = insert(line, n, (int32_t)chance((uint32_t)n + 1), byte);
        }
    } else if (kind == 5) { /* overwritten */
        for (int32_t i = at; i < n && i < at + 16; i++) line[i] = (uint8_t)chance(256);
    } else if (kind == 6 && at > 0) { /* cut */
        n = at;
    } else { /* goes on as another frame */
        const int32_t from = (int32_t)chance((uint32_t)other->n);
        memcpy(line + at, other->bytes + from, (size_t)(other->n - from));
        n = at + other->n - from;
    }
    return n;
}

static void random_damage(unsigned long n)
{
    for (unsigned long i = 0; i < n; i++) {
        const wire_golden *golden = &wire_goldens[chance((uint32_t)wire_golden_count)];
        const wire_golden *other = &wire_goldens[chance((uint32_t)wire_golden_count)];
        uint8_t line[LINE];
        int32_t length = golden->n;
        memcpy(line, golden->bytes, (size_t)golden->n);
        for (uint32_t times = 0; times <= chance(3) && length < LINE / 2; times++) {
            length = damage(line, length, other);
        }
        listen(line, length, golden, other);
    }
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "singles") == 0) {
        singles();
    } else if (argc == 2 && strcmp(argv[1], "pairs") == 0) {
        pairs();
    } else if (argc == 4 && strcmp(argv[1], "random") == 0) {
        seed = strtoull(argv[3], NULL, 10);
        random_damage(strtoul(argv[2], NULL, 10));
    } else {
        fprintf(stderr, "usage: %s singles | pairs | random N SEED\n", argv[0]);
        return 2;
    }
    printf("{\"tried\": %lu, \"intact\": %lu, \"refused\": %lu, \"accepted\": %lu, \"deaf\": %lu,"
           " \"uncounted\": %lu}\n",
           count.tried, count.intact, count.refused, count.accepted, count.deaf, count.uncounted);
    return 0;
}
