/* SPDX-License-Identifier: MIT
 *
 * filter: a cascade of second-order sections over all sites at once (float32, each section in the
 * form that takes the fewest operations: see filter.c). Units: in = out (microvolts in the chain).
 * The coefficients are designed on the host (endplate/live/design.py): high-pass 20 Hz, low-pass
 * min(450, 0.45 fs) Hz, and in a second instance the mains notch with the harmonics that fit. The
 * first sample sets the states as if it had lasted for ever, so that an electrode offset makes no
 * start-up step.
 */
#ifndef ENDPLATE_CORE_FILTER_H
#define ENDPLATE_CORE_FILTER_H

#include "sizes.h"

enum { FILTER_MAX_SECTIONS = 12 };

typedef struct filter_section {
    float b0, b1, b2, a1, a2; /* a0 = 1; abs(b0) >= 1e-6: everything is divided by it */
} filter_section;

typedef struct filter_config {
    int32_t sites;
    int32_t sections; /* 0: passes through */
    filter_section section[FILTER_MAX_SECTIONS];
} filter_config;

enum filter_form { FILTER_GENERAL = 0, FILTER_HIGH_PASS, FILTER_NOTCH };

typedef struct filter_running { /* a section as it runs */
    int32_t form;               /* filter_form */
    float k[4];                 /* its coefficients, in the order of filter.c */
} filter_running;

typedef struct filter_state {
    float s1[FILTER_MAX_SECTIONS][CORE_MAX_SITES];
    float s2[FILTER_MAX_SECTIONS][CORE_MAX_SITES];
    uint32_t samples; /* since init: decides, however blocks are cut, when tiny states become 0 */
    int32_t started;  /* 1 once the first sample has set the states and what follows */
    float gain;       /* product of all b0 */
    filter_running running[FILTER_MAX_SECTIONS];
} filter_state;

/* CORE_BAD_CONFIG, CORE_NOT_FINITE; also refuses unstable poles. */
int32_t filter_check(const filter_config *config);
int32_t filter_init(filter_state *state, const filter_config *config);
/* in, out: [samples][stride], stride = sites rounded up to CORE_LANES; in == out is allowed. */
int32_t filter_process(filter_state *state, const filter_config *config, const float *in,
                       int32_t samples, float *out);

#endif
