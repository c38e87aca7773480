/* SPDX-License-Identifier: MIT
 *
 * decode: EMG samples -> hops, on the hand itself. Samples wait in a queue; decode_step runs the
 * chain (core/chain.h) on one of them, or a piece of the work on a hop, so that what a step costs is
 * bounded.
 *
 * The counter of the samples says what was lost. The chain begins with a sample that the source
 * names (`start`), so that another chain that began with the same one has the same bits. A gap is
 * filled with the last sample; in one of more than 0.1 s they count as missing at all sites, so that
 * the chain freezes. A gap that the queue does not hold ends the chain.
 *
 * Any source may call decode_take: link_emg.c does for EMG that comes over the link.
 */
#ifndef ENDPLATE_DECODE_H
#define ENDPLATE_DECODE_H

#include "blob_read.h"
#include "chain.h"
#include "wire.h" /* its EMG; and its CRC, which is fast */

enum decode_sizes {
    DECODE_QUEUE = 32, /* samples that may wait */
    DECODE_VECTOR = 256, /* samples of the test vector */
    DECODE_VALID_MS = 50 /* how long a hop may drive the hand */
};

/* Numbers of the parameter `decode`. */
enum decode_mode { DECODE_HOST = 0, DECODE_SHADOW = 1, DECODE_HAND = 2 };

enum decode_status {
    DECODE_OK = 0,
    DECODE_NOT_READY = -1, /* no decoder in force, or of another number of sites */
    DECODE_NOT_BEGUN = -2, /* the sample `start` did not come */
    DECODE_OLD = -3,       /* its counter has been seen */
    DECODE_LOST = -4       /* more was lost than can be filled: begin anew */
};

typedef struct decode_sample {
    uint32_t sample;  /* counter, one more each */
    uint32_t emg_us;  /* when it was taken, on the hand's clock */
    uint32_t missing; /* bit per site that is not to be believed */
    int32_t counts[BLOB_SITES];
} decode_sample;

typedef struct decode_state {
    chain_config config; /* in force while `ready` */
    chain_state chain;
    int32_t ready;
    int32_t begun;
    uint32_t start;  /* counter of the chain's first sample */
    uint32_t next;   /* counter that is to come */
    uint32_t filled; /* since start */
    int32_t first, waiting;
    decode_sample queue[DECODE_QUEUE];
    decode_sample newest; /* that came */
    chain_hop making;     /* the hop that is being decoded, */
    uint32_t making_sample, making_emg_us; /* its last sample, and when that was taken */
    chain_hop hop;        /* the newest, */
    uint32_t hop_sample;  /* counter of the last sample in it, */
    uint32_t hop_emg_us;  /* and when that was taken */
} decode_state;

/* Forgets all samples; a new `start` has to come. */
void decode_stop(decode_state *state);
/* A sample of a source; the queue may be longer by the samples of a gap. decode_status. */
int32_t decode_take(decode_state *state, uint32_t start, const decode_sample *sample);
/* All samples of a frame, until one is refused: those behind it are later in time. */
int32_t decode_take_frame(decode_state *state, const wire_emg *emg);
/* Whether a step has something to do. */
int32_t decode_waits(const decode_state *state);
/* The next piece of work on a hop that has closed, or else the chain on one sample, if one waits. 1
 * when that made a hop whole. */
int32_t decode_step(decode_state *state);
/* Whether a hop's work fits into its time, a piece a millisecond: samples, steps, the frame that brings
 * it and the one that tells of it. `chain` is begun for it. */
int32_t decode_in_time(const chain_config *config, chain_state *chain);
/* CRC-32C of a hop (protocol/SPEC.md). */
uint32_t decode_hash(const chain_config *config, const chain_hop *hop);
/* The same over all hops of the test vector, by a chain that is begun for it. */
uint32_t decode_vector(const chain_config *config, chain_state *chain);

#endif
