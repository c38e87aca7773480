/* SPDX-License-Identifier: MIT */
#include "strain.h"

#include "ranges.h"

#include <stddef.h>
#include <string.h>

static const float ARRIVED_DEG = 2.0f; /* nearer to its end, a joint has no way to go */
static const float LEAST_LIMIT_MA = 20.0f; /* with less, the current says nothing */

static int32_t sign_of(float x) { return x > 0.0f ? 1 : x < 0.0f ? -1 : 0; }

void strain_defaults(strain_config *config)
{
    *config = (strain_config){
        .stall_share = 0.8f,
        .stall_dps = 3.0f,
        .stall_closing_ms = 150,
        .stall_opening_ms = 300,
        .regrip = 0.3f,
        .hot_c = 55.0f,
        .too_hot_c = 65.0f,
        .cooler_c = 10.0f,
        .hot_scale = 0.3f,
        .low_v = 4.2f,
        .good_v = 4.5f,
        .low_ms = 1000,
    };
}

int32_t strain_check(const strain_config *config)
{
    if (config == NULL) {
        return CORE_BAD_ARGUMENT;
    }
    return within(config->stall_share, 0.1f, 1.0f) && within(config->stall_dps, 0.1f, 100.0f)
            && config->stall_closing_ms >= 20 && config->stall_closing_ms <= 2000
            && config->stall_opening_ms >= 20 && config->stall_opening_ms <= 2000
            && within(config->regrip, 0.0f, 0.9f) && within(config->hot_c, 30.0f, 120.0f)
            && within(config->too_hot_c, config->hot_c + 1.0f, 130.0f)
            && within(config->cooler_c, 1.0f, 50.0f) && within(config->hot_scale, 0.05f, 1.0f)
            && within(config->low_v, 1.0f, 60.0f) && within(config->good_v, config->low_v, 60.0f)
            && config->low_ms <= 10000
        ? CORE_OK
        : CORE_BAD_CONFIG;
}

void strain_init(strain_state *state) { memset(state, 0, sizeof *state); }

/* Which sense a joint of DoF d still has to turn when the DoF goes this way; 0: it has arrived. */
static int32_t sense_left(const hand_config *hand, const hand_grip *grip, int32_t d, int32_t way,
                          int32_t joint, float position_deg)
{
    const hand_dof *dof = &hand->dof[d];
    const int32_t closes = dof->closing < 0 ? way < 0 : way > 0;
    const float end = dof->kind == HAND_DOF_JOINT
        ? (way > 0 ? hand->joint[joint].max_deg : hand->joint[joint].min_deg)
        : (closes ? grip->closed_deg[joint] : grip->open_deg[joint]);
    const float left = end - position_deg;
    return left > ARRIVED_DEG ? 1 : left < -ARRIVED_DEG ? -1 : 0;
}

/* Whether DoF d is stuck in this way: of its joints that have a way to go, every one pushes with
 * nearly all the current it may have, and stands. */
static int32_t stuck(const strain_config *config, const hand_config *hand, const hand_grip *grip,
                     const strain_measured *measured, uint32_t joints, int32_t d, int32_t way)
{
    int32_t pushing = 0;
    for (int32_t i = 0; joints >> i != 0; i++) {
        if ((joints >> i & 1u) == 0) {
            continue;
        }
        const int32_t sense = sense_left(hand, grip, d, way, i, measured->position_deg[i]);
        if (sense == 0) {
            continue;
        }
        const float push = (float)sense * measured->current_ma[i];
        if (measured->limit_ma[i] < LEAST_LIMIT_MA
            || !(push >= config->stall_share * measured->limit_ma[i])
            || !within(measured->velocity_dps[i], -config->stall_dps, config->stall_dps)) {
            return 0;
        }
        pushing = 1;
    }
    return pushing;
}

static void watch_stall(strain_dof *dof, const strain_config *config, int32_t closing,
                        int32_t is_stuck, float wanted, float driven, uint32_t now_ms)
{
    const int32_t way = sign_of(driven);
    if (dof->waits != 0) {
        const float along = (float)dof->waits * wanted;
        dof->fell |= along < config->regrip;
        if (along < 0.0f || (dof->fell && along >= config->regrip)) {
            dof->waits = 0;
        }
    }
    if (way == 0 || !is_stuck) {
        dof->pushing = 0;
        return;
    }
    if (dof->pushing != way) {
        dof->pushing = way;
        dof->since_ms = now_ms;
    }
    const uint32_t most =
        closing != 0 && way == closing ? config->stall_closing_ms : config->stall_opening_ms;
    if (now_ms - dof->since_ms >= most) {
        dof->waits = way;
        dof->fell = 0;
        dof->pushing = 0;
    }
}

/* The hottest motor of these joints; 0 when none has been read. */
static float hottest(const strain_measured *measured, uint32_t joints)
{
    float most = 0.0f;
    for (int32_t i = 0; joints >> i != 0; i++) {
        if ((joints >> i & 1u) != 0 && measured->temperature_c[i] > most) {
            most = measured->temperature_c[i];
        }
    }
    return most;
}

/* Whether every motor of these joints has been read. */
static int32_t all_read(const strain_measured *measured, uint32_t joints)
{
    for (int32_t i = 0; joints >> i != 0; i++) {
        if ((joints >> i & 1u) != 0 && !(measured->temperature_c[i] > 0.0f)) {
            return 0;
        }
    }
    return 1;
}

/* all_known: one that is not may still be hot. */
static void watch_heat(strain_state *state, const strain_config *config, int32_t d, int32_t closing,
                       float temperature_c, int32_t all_known, guard_senses *out)
{
    const uint32_t bit = 1u << d;
    if (temperature_c >= config->too_hot_c) {
        state->too_hot |= bit;
    } else if (all_known && temperature_c < config->too_hot_c - config->cooler_c) {
        state->too_hot &= ~bit;
    }
    const float share =
        (temperature_c - config->hot_c) / (config->too_hot_c - config->hot_c);
    if ((state->too_hot & bit) != 0) {
        out->scale[d] = config->hot_scale;
    } else if (share > 0.0f) {
        out->scale[d] = 1.0f - (1.0f - config->hot_scale) * share;
    }
    if (share > 0.0f || (state->too_hot & bit) != 0) {
        out->hot |= bit;
    }
    if ((state->too_hot & bit) != 0) {
        out->no_positive |= closing < 0 ? 0u : bit; /* the way that opens stays */
        out->no_negative |= closing > 0 ? 0u : bit;
    }
}

static void watch_supply(strain_state *state, const strain_config *config,
                         const hand_config *hand, const strain_measured *measured, uint32_t now_ms)
{
    float least = 0.0f;
    for (int32_t i = 0; i < hand->joints; i++) {
        const float volt = measured->supply_v[i];
        if ((measured->known >> i & 1u) != 0 && volt > 0.0f && (least == 0.0f || volt < least)) {
            least = volt;
        }
    }
    const int32_t other =
        least > 0.0f && (state->supply_low ? least >= config->good_v : least < config->low_v);
    if (!other) {
        state->supply_turns = 0;
        return;
    }
    if (!state->supply_turns) {
        state->supply_turns = 1;
        state->supply_ms = now_ms;
    }
    if (now_ms - state->supply_ms >= config->low_ms) {
        state->supply_low = !state->supply_low;
        state->supply_turns = 0;
    }
}

int32_t strain_process(strain_state *state, const strain_config *config, const hand_config *hand,
                       int32_t grip, const strain_measured *measured, const float *wanted,
                       const float *driven, uint32_t now_ms, guard_senses *out)
{
    if (state == NULL || config == NULL || hand == NULL || measured == NULL || wanted == NULL
        || driven == NULL || out == NULL || grip < 0 || grip >= hand->grips || hand->dofs < 1
        || hand->dofs > CORE_MAX_DOF || hand->joints < 1 || hand->joints > CORE_MAX_JOINTS) {
        return CORE_BAD_ARGUMENT;
    }
    const hand_grip *path = &hand->grip[grip];
    memset(out, 0, sizeof *out);
    for (int32_t d = 0; d < CORE_MAX_DOF; d++) {
        out->scale[d] = 1.0f;
    }
    for (int32_t d = 0; d < hand->dofs; d++) {
        strain_dof *dof = &state->dof[d];
        const int32_t closing = hand->dof[d].closing;
        const int32_t way = sign_of(driven[d]);
        const uint32_t needed = hand_joints_of(hand, path, d);
        const uint32_t joints = needed & measured->known;
        out->absent |= joints != needed ? 1u << d : 0u;
        const int32_t is_stuck = way != 0 && stuck(config, hand, path, measured, joints, d, way);
        watch_stall(dof, config, closing, is_stuck, wanted[d], driven[d], now_ms);
        if (dof->waits != 0) {
            out->stalled |= 1u << d;
            out->no_positive |= dof->waits > 0 ? 1u << d : 0u;
            out->no_negative |= dof->waits < 0 ? 1u << d : 0u;
        }
        watch_heat(state, config, d, closing, hottest(measured, joints),
                   joints == needed && all_read(measured, joints), out);
    }
    watch_supply(state, config, hand, measured, now_ms);
    out->supply_low = state->supply_low;
    return CORE_OK;
}
