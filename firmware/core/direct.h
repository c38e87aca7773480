/* SPDX-License-Identifier: MIT
 *
 * direct: parallel dual-site direct control, the clinic's baseline, the comparator of reports and the
 * mode to fall back on: it needs no training but thresholds, and a person can understand it.
 *
 * Two sites a pair; u are their activations (front of the vector):
 *   side  = gain * max(0, u - threshold), at most 1
 *   y     = positive side - negative side      so that co-activation of both cancels
 * A pair that drives several DoF drives one at a time, the lowest at first; the next one takes over
 * when both its activations have risen past `switch_level` within `switch_hops` of each other (a
 * co-contraction). The pair is then still until both are below their thresholds again.
 */
#ifndef ENDPLATE_CORE_DIRECT_H
#define ENDPLATE_CORE_DIRECT_H

#include "sizes.h"

typedef struct direct_side {
    int32_t site; /* index in the vector; -1: this direction has none */
    float threshold;
    float gain;
} direct_side;

typedef struct direct_pair {
    direct_side positive, negative;
    uint32_t dofs; /* bit per DoF that it drives */
} direct_pair;

typedef struct direct_config {
    int32_t pairs;
    float switch_level;  /* above every threshold; only where a pair drives several DoF */
    int32_t switch_hops; /* 300 ms */
    direct_pair pair[CORE_MAX_DOF];
} direct_config;

typedef struct direct_state {
    int32_t dof[CORE_MAX_DOF];      /* of the pair's DoF, the one that it drives, from 0 */
    int32_t positive[CORE_MAX_DOF]; /* hops since that side rose past switch_level; 0: it is below */
    int32_t negative[CORE_MAX_DOF];
    int32_t still[CORE_MAX_DOF]; /* it has switched, and not relaxed since */
} direct_state;

int32_t direct_check(const direct_config *config, int32_t inputs, int32_t dofs);
int32_t direct_init(direct_state *state);
/* One hop: intent [dofs]. */
int32_t direct_process(direct_state *state, const direct_config *config, const float *f,
                       int32_t dofs, float *intent);

#endif
