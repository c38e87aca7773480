/* SPDX-License-Identifier: MIT
 *
 * shape: intent per DoF -> velocity per DoF, in this order:
 *   dead-band   with hysteresis: moves when abs(y) > dead_band, stops when abs(y) <=
 *               release_ratio * dead_band; the other direction must pass the dead-band anew
 *   catch up    from 0 at low to abs(y) at twice low, and abs(y) itself beyond, clamped to 1; low =
 *               the threshold in force (the dead-band in the hop that starts the motion): it starts
 *               and ends at 0, and what lies well above the dead-band loses nothing to it. A low of
 *               0.5 and more has caught up at 1
 *   exponent    and gain per direction: gain * m^exponent, clamped to 1
 *   norm cap    a vector longer than `norm_cap` is shortened to it (0 = no cap)
 *   slew        only when speeding up in the same direction; slowing and stopping are never
 *               delayed, and a reversal starts from 0
 */
#ifndef ENDPLATE_CORE_SHAPE_H
#define ENDPLATE_CORE_SHAPE_H

#include "sizes.h"

typedef struct shape_direction {
    float gain;     /* 0..8 */
    float exponent; /* 1..2 */
} shape_direction;

typedef struct shape_dof {
    float dead_band;  /* 0..0.9 */
    float slew_per_s; /* full velocities per second; 0 = no limit */
    shape_direction positive, negative;
} shape_dof;

typedef struct shape_config {
    int32_t dofs;
    float release_ratio; /* 0.7 */
    float norm_cap;
    shape_dof dof[CORE_MAX_DOF];
} shape_config;

typedef struct shape_state {
    int32_t moving[CORE_MAX_DOF]; /* -1, 0, 1 */
    float velocity[CORE_MAX_DOF];
} shape_state;

int32_t shape_check(const shape_config *config);
int32_t shape_init(shape_state *state, const shape_config *config);
int32_t shape_process(shape_state *state, const shape_config *config, const float *intent,
                      float dt_s, float *velocity);
/* -1..1 -> +-10000, the unit of the wire's COMMAND; a NaN becomes 0. */
int16_t shape_target(float velocity);

#endif
