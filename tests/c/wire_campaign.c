/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * wire_campaign: damaged frames against the decoder.
 *
 *   wire_campaign singles           every single bit of every golden frame
 *   wire_campaign pairs             every pair of bits of one golden frame per message
 *   wire_campaign random N SEED     N lines: flips, bursts, bytes lost, doubled, put in; cuts
 *
 * singles and pairs try golden frames. random tries frames of every message the codec knows, whose
 * header and payload walk from the golden one through all that may be said: a new one every few
 * lines. A frame is damaged between two delimiters; behind it comes a good one, on the same decoder,
 * which is never set up anew. Prints one line of counts:
 *   tried     damaged lines
 *   intact    ones whose damage left the frame whole (a 00 put before it, say), which is no error
 *   refused   ones of which nothing was taken
 *   accepted  frames taken that were never sent: must be 0
 *   deaf      good frames behind the damage that were not taken: must be 0
 *   uncounted lines refused without any counter that says why: must be 0
 *   crc       lines that only the CRC refused: chance lets one of 4.3e9 of them pass
 *   frames    different frames that were damaged (random)
 *   kinds     how often each kind of damage was done (random), in the order of enum kind
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wire_vectors.h"

enum { LINE = 1024, MESSAGES = 256, SLOTS = 4 /* frames of each message at a time */ };
enum { LINES_A_FRAME = 4, STEPS = 12 /* bytes of a payload that try to change, a new frame */ };
enum kind { FLIPS, BURST, LOST, DOUBLED, PUT_IN, OVERWRITTEN, CUT, SPLICED, KINDS };

static struct {
    unsigned long tried, intact, refused, accepted, deaf, uncounted, crc, frames, kinds[KINDS];
} count;

typedef struct sent {
    wire_frame frame;
    uint8_t bytes[WIRE_MAX_FRAME];
    int32_t n;
} sent;

static wire_decoder decoder;
static uint64_t seed;

static uint32_t chance(uint32_t below) /* splitmix64 */
{
    uint64_t z = (seed += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return (uint32_t)(((z ^ (z >> 31)) >> 32) * below >> 32);
}

static int32_t same(const wire_frame *heard, const sent *said)
{
    const wire_frame *frame = &said->frame;
    return heard->msg == frame->msg && (heard->flags & WIRE_FLAG_ACK) == frame->flags
        && heard->session == frame->session && heard->seq == frame->seq
        && heard->ack == frame->ack && heard->length == frame->length
        && memcmp(heard->payload, frame->payload, (size_t)frame->length) == 0;
}

static uint32_t refusals(void)
{
    const wire_counters *c = &decoder.counters;
    return c->bad_cobs + c->bad_short + c->bad_long + c->bad_crc + c->bad_version + c->bad_message
        + c->bad_length;
}

static int32_t idle(const uint8_t *bytes, int32_t n)
{
    for (int32_t i = 0; i < n; i++) {
        if (bytes[i]) return 0;
    }
    return 1; /* damaged down to nothing: an idle line says nothing */
}

/* `damaged` holds no more than what `first` (and perhaps `other`) became. Has room for one more. */
static void listen(uint8_t *damaged, int32_t n, const sent *first, const sent *other,
                   const sent *good)
{
    wire_frame frame;
    int32_t taken = 0, used;
    const uint32_t before = refusals(), crc = decoder.counters.bad_crc;
    damaged[n] = 0;
    for (int32_t at = 0; at <= n; at += used) {
        if (!wire_decoder_feed(&decoder, damaged + at, n + 1 - at, &used, &frame)) continue;
        taken++;
        if (same(&frame, first) || same(&frame, other)) continue;
        count.accepted++;
        fprintf(stderr, "taken, and never sent:");
        for (int32_t i = 0; i <= n; i++) fprintf(stderr, " %02x", damaged[i]);
        fputc('\n', stderr);
    }
    count.tried++;
    if (taken) count.intact++;
    else count.refused++;
    if (!taken && refusals() == before && !idle(damaged, n)) count.uncounted++;
    count.crc += decoder.counters.bad_crc - crc;
    if (!wire_decoder_feed(&decoder, good->bytes, good->n, &used, &frame) || !same(&frame, good)) {
        count.deaf++;
    }
}

static void flip(uint8_t *bytes, int32_t bit)
{
    bytes[bit / 8] ^= (uint8_t)(1u << (bit % 8));
}

static sent golden_of(int32_t i)
{
    const wire_golden *golden = &wire_goldens[i];
    sent made = {.n = golden->n};
    memcpy(made.bytes, golden->bytes, (size_t)golden->n);
    if (wire_vectors_pack(golden->msg, golden->values, &made.frame) < 0) abort();
    made.frame.flags = golden->flags;
    made.frame.session = golden->session;
    made.frame.seq = golden->seq;
    made.frame.ack = golden->ack;
    return made;
}

static void singles(void)
{
    for (int32_t i = 0; i < wire_golden_count; i++) {
        const sent golden = golden_of(i);
        uint8_t line[LINE];
        memcpy(line, golden.bytes, (size_t)golden.n);
        for (int32_t bit = 0; bit < golden.n * 8; bit++) {
            flip(line, bit);
            listen(line, golden.n, &golden, &golden, &golden);
            flip(line, bit);
        }
    }
}

static void pairs(void)
{
    uint8_t seen[MESSAGES] = {0};
    for (int32_t i = 0; i < wire_golden_count; i++) {
        const sent golden = golden_of(i);
        if (seen[golden.frame.msg]++) continue;
        uint8_t line[LINE];
        memcpy(line, golden.bytes, (size_t)golden.n);
        for (int32_t a = 0; a < golden.n * 8; a++) {
            flip(line, a);
            for (int32_t b = a + 1; b < golden.n * 8; b++) {
                flip(line, b);
                listen(line, golden.n, &golden, &golden, &golden);
                flip(line, b);
            }
            flip(line, a);
        }
    }
}

/* ---- random ---- */

static sent said[MESSAGES * SLOTS];
static uint32_t slots;

/* Some bytes of the payload become others, as long as the receiver would take them; the header
 * becomes any. */
static void renew(sent *one)
{
    static const uint8_t TYPICAL[] = {0, 0, 1, 0x7f, 0x80, 0xff};
    wire_frame *frame = &one->frame;
    uint32_t values[WIRE_VECTORS_ROOM / 4];
    for (int32_t i = 0; i < STEPS && frame->length > 0; i++) {
        uint8_t *byte = &frame->payload[chance((uint32_t)frame->length)];
        const uint8_t before = *byte;
        *byte = chance(2) ? (uint8_t)chance(256) : TYPICAL[chance(sizeof TYPICAL)];
        if (wire_vectors_unpack(frame, values) != WIRE_OK) *byte = before;
    }
    const uint64_t header = (uint64_t)chance(65536) << 32 | chance(0xffffffffu);
    frame->flags = chance(2) ? WIRE_FLAG_ACK : 0;
    frame->session = (uint16_t)header;
    frame->seq = (uint16_t)(header >> 16);
    frame->ack = frame->flags ? (uint16_t)(header >> 32) : 0;
    one->n = wire_encode(frame, one->bytes, (int32_t)sizeof one->bytes);
    if (one->n < 0) abort();
    count.frames++;
}

/* SLOTS frames of every message, from a golden one each. */
static void begin(void)
{
    for (int32_t msg = 0; msg < MESSAGES; msg++) {
        if (wire_payload_length((uint8_t)msg) < 0) continue;
        int32_t golden = 0;
        while (golden < wire_golden_count && wire_goldens[golden].msg != msg) golden++;
        if (golden == wire_golden_count) {
            fprintf(stderr, "no golden frame of message %d: add one to the vectors\n", msg);
            exit(2);
        }
        for (int32_t i = 0; i < SLOTS; i++, slots++) {
            said[slots] = golden_of(golden);
            for (int32_t j = 0; j < 40; j++) renew(&said[slots]);
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
static int32_t damage(uint8_t *line, int32_t n, const sent *other)
{
    const int32_t at = (int32_t)chance((uint32_t)n);
    const uint32_t kind = chance(KINDS);
    count.kinds[kind]++;
    if (kind == FLIPS) { /* anywhere */
        for (uint32_t i = 0; i <= chance(8); i++) flip(line, (int32_t)chance((uint32_t)n * 8));
    } else if (kind == BURST) { /* one to 64 bits long, its inside at random */
        const int32_t first = (int32_t)chance((uint32_t)n * 8), length = 1 + (int32_t)chance(64);
        flip(line, first);
        for (int32_t b = first + 1; b < first + length && b < n * 8; b++) {
            if (chance(2)) flip(line, b);
        }
    } else if (kind == LOST && n > 1) {
        for (uint32_t i = 0; i <= chance(4) && n > 1; i++) {
            n = lose(line, n, (int32_t)chance((uint32_t)n));
        }
    } else if (kind == DOUBLED) {
        n = insert(line, n, at, line[at]);
    } else if (kind == PUT_IN) { /* a 00 half the time */
        for (uint32_t i = 0; i <= chance(4); i++) {
            const uint8_t byte = chance(2) ? 0 : (uint8_t)chance(256);
            n = insert(line, n, (int32_t)chance((uint32_t)n + 1), byte);
        }
    } else if (kind == OVERWRITTEN) {
        for (int32_t i = at; i < n && i < at + 16; i++) line[i] = (uint8_t)chance(256);
    } else if (kind == CUT && at > 0) {
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
    begin();
    for (unsigned long i = 0; i < n; i++) {
        if (i % LINES_A_FRAME == 0) renew(&said[chance(slots)]);
        const sent *first = &said[chance(slots)], *other = &said[chance(slots)];
        uint8_t line[LINE];
        int32_t length = first->n;
        memcpy(line, first->bytes, (size_t)first->n);
        for (uint32_t times = 0; times <= chance(3) && length < LINE / 2; times++) {
            length = damage(line, length, other);
        }
        listen(line, length, first, other, &said[chance(slots)]);
    }
}

int main(int argc, char **argv)
{
    wire_decoder_init(&decoder);
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
           " \"uncounted\": %lu, \"crc\": %lu, \"frames\": %lu, \"kinds\": [",
           count.tried, count.intact, count.refused, count.accepted, count.deaf, count.uncounted,
           count.crc, count.frames);
    for (int32_t i = 0; i < KINDS; i++) printf(i ? ", %lu" : "%lu", count.kinds[i]);
    printf("]}\n");
    return 0;
}
