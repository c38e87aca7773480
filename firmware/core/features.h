/* SPDX-License-Identifier: MIT
 *
 * features: windowed second-order statistics by running sums, one set per hop.
 *
 * Each hop sums its own products; the window is the sum of the last `window_hops` hop sums, added
 * afresh every hop, so that rounding never accumulates (a float running sum that adds the new and
 * subtracts the old one drifts). Statistics stand in rows: power per site now; power of the first
 * difference and covariances across sites join as further rows (one more bit in `statistics`, one
 * more loop in features_add).
 *
 *   v    = mean of x^2 over the window              microvolt^2, per site
 *   RMS  : u = sqrt(max(0, v - rest)) / reference   no unit; 1 at a comfortable contraction
 *   LOG  : u = ln((v + floor) / floor)              no unit; floor >= rest
 */
#ifndef ENDPLATE_CORE_FEATURES_H
#define ENDPLATE_CORE_FEATURES_H

#include "sizes.h"

enum features_statistic { FEATURES_POWER = 1 };
enum features_form { FEATURES_RMS = 0, FEATURES_LOG = 1 };
enum {
    FEATURES_MAX_ROWS = 32, /* statistics kept per hop */
    FEATURES_MAX_HOPS = 32  /* hops in a window */
};

typedef struct features_config {
    int32_t sites;
    uint32_t statistics; /* bits of features_statistic */
    int32_t hop_samples;
    int32_t window_hops;             /* window = hop_samples * window_hops */
    int32_t form;                    /* features_form */
    float rest[CORE_MAX_SITES];      /* microvolt^2: power at rest */
    float reference[CORE_MAX_SITES]; /* microvolt: RMS of a comfortable contraction, > 0 */
    float floor[CORE_MAX_SITES];     /* microvolt^2, > 0, for LOG */
} features_config;

typedef struct features_state {
    float sum[FEATURES_MAX_ROWS];                     /* the hop being filled */
    float ring[FEATURES_MAX_HOPS][FEATURES_MAX_ROWS]; /* finished hops */
    int32_t filled;                                   /* samples in the hop being filled */
    int32_t newest;                                   /* index in ring */
    int32_t hops; /* finished hops, saturating at window_hops: below it the window is still short */
} features_state;

int32_t features_check(const features_config *config);
int32_t features_init(features_state *state, const features_config *config);
/* Adds samples of [samples][stride]; never past the end of the hop: returns how many were taken. */
int32_t features_add(features_state *state, const features_config *config, const float *x,
                     int32_t samples);
/* 1 when the hop is full. */
int32_t features_ready(const features_state *state, const features_config *config);
/* Closes a full hop; writes mean power per site over the window (of the hops there are). */
int32_t features_hop(features_state *state, const features_config *config, float *power);
/* Power per site -> activation per site, in the form of the config. */
int32_t features_activation(const features_config *config, const float *power, float *activation);

#endif
