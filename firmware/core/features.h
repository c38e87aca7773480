/* SPDX-License-Identifier: MIT
 *
 * features: second-order statistics of the conditioned signal over a sliding window, and the vector
 * of numbers that decoders look at.
 *
 * Each hop sums its own products; the window is the sum of the last `window_hops` hop sums, added
 * afresh every hop, so that rounding never accumulates (a float running sum that adds the new and
 * subtracts the old one drifts).
 *
 * Power is measured of every site; a decoder looks at the `chosen` ones alone (of the first
 * CORE_CHAIN_SITES), in the order in which they are named, so that it does not depend on what else a
 * board has.
 *
 * Rows, in this order, those that `statistics` asks for (microvolt^2; mean over the window):
 *   POWER                   v_i  = x_i^2                    per site; always
 *   RECENT                  v_i over the newest `recent_hops` of the window, per chosen site
 *   DIFFERENCE              w_i  = (x_i - x_i before)^2     per chosen site
 *   COVARIANCE              c_ij = x_i x_j                  per pair of chosen sites: 01 02 .. 12 ..
 *   DIFFERENCE_COVARIANCE   e_ij, of the differences        per pair; asks for DIFFERENCE too
 * Vector, in the same order, of the chosen sites (no unit):
 *   power       RMS: u = sqrt(max(0, v - rest)) / reference     1 at a comfortable contraction
 *               LOG: u = ln((v + floor) / floor)                floor >= rest
 *   recent      as power: what began a moment ago shows here first
 *   difference  ln((w + difference_floor) / difference_floor)
 *   pairs       atanh(c / sqrt((v_i + floor_i) (v_j + floor_j))): Fisher's z of the correlation, so
 *               that loudness stands in the first rows and shape alone in these; abs <= 3.8
 * Logarithms of the matrices themselves say no more: on ten people of biopatrec10 (R^2, repetition
 * left out) 0.875 with them, 0.877 with these, which need no eigenvalues.
 */
#ifndef ENDPLATE_CORE_FEATURES_H
#define ENDPLATE_CORE_FEATURES_H

#include "sizes.h"

enum features_statistic {
    FEATURES_POWER = 1,
    FEATURES_DIFFERENCE = 2,
    FEATURES_COVARIANCE = 4,
    FEATURES_DIFFERENCE_COVARIANCE = 8,
    FEATURES_RECENT = 16
};
enum features_form { FEATURES_RMS = 0, FEATURES_LOG = 1 };
enum {
    FEATURES_PAIR_SITES = 8, /* chosen ones, at most, where covariances are asked for */
    FEATURES_PAIRS = 28,
    FEATURES_MAX_ROWS = 440, /* 3 * CORE_MAX_SITES + 2 * FEATURES_PAIRS */
    FEATURES_MAX_HOPS = 32,  /* hops in a window */
    FEATURES_SUMS = 384      /* 2 * CORE_MAX_SITES + 2 * FEATURES_PAIR_SITES^2 */
};
#ifdef CHAIN_ONE_SAMPLE
#define FEATURES_MAX_ROWS 104
#define FEATURES_MAX_HOPS 16
#define FEATURES_SUMS 160
#endif

typedef struct features_config {
    int32_t sites;
    uint32_t statistics; /* bits of features_statistic */
    int32_t hop_samples;
    int32_t window_hops;                    /* window = hop_samples * window_hops */
    int32_t recent_hops;                    /* 1 to window_hops, for RECENT */
    int32_t form;                           /* features_form */
    int32_t chosen;                         /* 1 to CORE_CHAIN_SITES */
    int32_t chosen_site[CORE_MAX_SITES];    /* indices, each once */
    float rest[CORE_MAX_SITES];             /* microvolt^2: power at rest */
    float reference[CORE_MAX_SITES];        /* microvolt: RMS of a comfortable contraction, > 0 */
    float floor[CORE_MAX_SITES];            /* microvolt^2, > 0, for LOG and pairs */
    float difference_floor[CORE_MAX_SITES]; /* microvolt^2, > 0, for DIFFERENCE */
} features_config;

typedef struct features_state {
    float sum[FEATURES_SUMS];                         /* the hop being filled */
    float last[CORE_MAX_SITES];                       /* the sample before */
    float ring[FEATURES_MAX_HOPS][FEATURES_MAX_ROWS]; /* finished hops */
    int32_t begun;                                    /* `last` is one */
    int32_t filled;                                   /* samples in the hop being filled */
    int32_t newest;                                   /* index in ring */
    int32_t hops; /* finished hops, saturating at window_hops: below it the window is still short */
} features_state;

int32_t features_check(const features_config *config);
int32_t features_init(features_state *state, const features_config *config);
int32_t features_rows(const features_config *config);
int32_t features_inputs(const features_config *config); /* numbers in the vector */
/* Bit per site that number `input` of the vector is made of. */
core_sites features_sites(const features_config *config, int32_t input);
/* Adds samples of [samples][stride]; never past the end of the hop: returns how many were taken. */
int32_t features_add(features_state *state, const features_config *config, const float *x,
                     int32_t samples);
/* 1 when the hop is full. */
int32_t features_ready(const features_state *state, const features_config *config);
/* Closes a full hop; writes the rows, means over the window (of the hops there are). */
int32_t features_hop(features_state *state, const features_config *config, float *rows);
/* Activation of every site, in the form of the config; that of sites in `doubted` (bits) is 0. */
int32_t features_activation(const features_config *config, const float *rows, core_sites doubted,
                            float *activation);
/* Rows -> vector. Sites of `doubted`, and their pairs, are 0 in it. */
int32_t features_vector(const features_config *config, const float *rows, core_sites doubted,
                        float *vector);

#endif
