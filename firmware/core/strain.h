/* SPDX-License-Identifier: MIT
 *
 * strain: what motors and supply bear, and which way each DoF may go because of it. What it finds
 * goes to the guard (guard_sense), which alone decides.
 *
 *   event                              after              does                        left by
 *   stall: the current is near its     stall_closing_ms,  this way of the DoF waits,  the command turns
 *     limit and nothing moves, in all  opening and other  the joints hold what they     round, or falls
 *     joints that have a way to go     stall_opening_ms   have                          below regrip and
 *                                                                                       rises again
 *   motor at hot_c                     now                slower, hot_scale of full   below hot_c
 *                                                         at too_hot_c
 *   motor at too_hot_c                 now                no way but opening          cooler_c below, all
 *                                                                                       its motors known
 *   supply below low_v                 low_ms             only opening, slowly        good_v for low_ms
 *   a joint is not known               now                its DoF is absent           it is known
 *
 * Times are milliseconds of the hand's clock (uint32, wraps). A joint belongs to the DoF that moves
 * it: its own, or the grip's when the grip has a path for it.
 */
#ifndef ENDPLATE_CORE_STRAIN_H
#define ENDPLATE_CORE_STRAIN_H

#include "guard.h"
#include "hand.h"

typedef struct strain_config {
    float stall_share;         /* 0.8 of the current limit in force */
    float stall_dps;           /* 3: slower is standing */
    uint32_t stall_closing_ms; /* 150 */
    uint32_t stall_opening_ms; /* 300 */
    float regrip;              /* 0.3 */
    float hot_c;               /* 55: an XL330 switches itself off at 70 */
    float too_hot_c;           /* 65 */
    float cooler_c;            /* 10 */
    float hot_scale;           /* 0.3 */
    float low_v;               /* 4.2, of a 5 V supply */
    float good_v;              /* 4.5 */
    uint32_t low_ms;           /* 1000 */
} strain_config;

/* What the actuators say. Per joint; `known` has a bit for each that answers and is believed. */
typedef struct strain_measured {
    uint32_t known;
    float position_deg[CORE_MAX_JOINTS];
    float velocity_dps[CORE_MAX_JOINTS];
    float current_ma[CORE_MAX_JOINTS]; /* + pushes the joint's angle up */
    float limit_ma[CORE_MAX_JOINTS];   /* in force */
    float temperature_c[CORE_MAX_JOINTS]; /* 0: not read yet */
    float supply_v[CORE_MAX_JOINTS];      /* 0: not read yet */
} strain_measured;

typedef struct strain_dof {
    int32_t pushing;    /* sign of the way in which it has been stuck since `since_ms`; 0: it is not */
    uint32_t since_ms;
    int32_t waits;      /* sign of the way that waits; 0: none */
    int32_t fell;       /* the command has been below regrip since */
} strain_dof;

typedef struct strain_state {
    strain_dof dof[CORE_MAX_DOF];
    uint32_t too_hot;      /* bit per DoF */
    int32_t supply_low;
    int32_t supply_turns;  /* 1: the supply has been on the other side since `supply_ms` */
    uint32_t supply_ms;
} strain_state;

void strain_defaults(strain_config *config);
int32_t strain_check(const strain_config *config);
void strain_init(strain_state *state);
/* Call with every reading of the actuators. `grip` is in force, `wanted` what is asked for and
 * `driven` what the guard let pass, velocities -1..1 per DoF. Writes what the guard is to be told;
 * CORE_BAD_ARGUMENT for an unknown grip or number of DoF or joints, and then writes nothing. */
int32_t strain_process(strain_state *state, const strain_config *config, const hand_config *hand,
                       int32_t grip, const strain_measured *measured, const float *wanted,
                       const float *driven, uint32_t now_ms, guard_senses *out);

#endif
