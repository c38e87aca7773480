/* SPDX-License-Identifier: MIT
 *
 * hand_config: whether a hand table contradicts itself. See hand.h.
 */
#include "hand.h"

#include "ranges.h"

#include <stddef.h>

static const float WIDEST_DEG = 720.0f;

static int32_t joint_check(const hand_config *config, int32_t index)
{
    const hand_joint *joint = &config->joint[index];
    for (int32_t i = 0; i < index; i++) {
        if (config->joint[i].actuator == joint->actuator) {
            return CORE_BAD_CONFIG;
        }
    }
    return joint->actuator >= 1 && joint->actuator <= 252
            && (joint->direction == 1 || joint->direction == -1)
            && within(joint->gear, 0.01f, 100.0f)
            && within(joint->zero_deg, -WIDEST_DEG, WIDEST_DEG)
            && within(joint->min_deg, -WIDEST_DEG, WIDEST_DEG)
            && within(joint->max_deg, -WIDEST_DEG, WIDEST_DEG)
            && joint->min_deg < joint->max_deg && within(joint->speed_dps, 0.1f, 2000.0f)
            && within(joint->current_ma, 1.0f, 30000.0f)
        ? CORE_OK
        : CORE_BAD_CONFIG;
}

/* A grip may not hold a joint that a DoF of its own moves: `driven` has a bit for each of those. */
static int32_t grip_check(const hand_config *config, const hand_grip *grip, uint32_t driven)
{
    if (!within(grip->close_s, 0.05f, 60.0f) || !within(grip->force_cap, 0.05f, 1.0f)) {
        return CORE_BAD_CONFIG;
    }
    for (int32_t i = 0; i < config->joints; i++) {
        if (is_nan(grip->open_deg[i]) && is_nan(grip->closed_deg[i])) {
            continue;
        }
        const hand_joint *joint = &config->joint[i];
        if ((driven >> i & 1u) != 0
            || !within(grip->open_deg[i], joint->min_deg, joint->max_deg)
            || !within(grip->closed_deg[i], joint->min_deg, joint->max_deg)
            || !within(grip->start[i], 0.0f, 1.0f) || !within(grip->stop[i], 0.0f, 1.0f)
            || !(grip->start[i] < grip->stop[i])) {
            return CORE_BAD_CONFIG;
        }
    }
    return CORE_OK;
}

static int32_t digit_check(const hand_config *config, const hand_digit *digit)
{
    if (digit->joint == -1) {
        return digit->channel == -1 ? CORE_OK : CORE_BAD_CONFIG;
    }
    return digit->joint >= 0 && digit->joint < config->joints && digit->channel >= -1
            && digit->channel < CORE_MAX_CHANNELS
            && (digit->channel == -1
                || (within(digit->zero_counts, 0.0f, 4095.0f)
                    && within(digit->n_per_count, 1.0e-5f, 1.0f)))
        ? CORE_OK
        : CORE_BAD_CONFIG;
}

/* What the joints of DoF of their own may take goes ahead of all else (caps.h); a fifth of what
 * the others may has to be left for them. `driven` as in grip_check. */
static int32_t supply_check(const hand_config *config, uint32_t driven)
{
    float least = 0.0f;
    for (int32_t i = 0; i < config->joints; i++) {
        const float most = config->joint[i].current_ma;
        least += (driven >> i & 1u) != 0 ? most : 0.2f * most;
    }
    return within(config->supply_ma, least, 100000.0f) ? CORE_OK : CORE_BAD_CONFIG;
}

int32_t hand_check(const hand_config *config)
{
    if (config == NULL) {
        return CORE_BAD_ARGUMENT;
    }
    if (config->joints < 1 || config->joints > CORE_MAX_JOINTS || config->dofs < 1
        || config->dofs > CORE_MAX_DOF || config->grips < 1 || config->grips > CORE_MAX_GRIPS
        || config->rest_grip < 0 || config->rest_grip >= config->grips) {
        return CORE_BAD_CONFIG;
    }
    uint32_t driven = 0;
    int32_t grip_dofs = 0;
    for (int32_t i = 0; i < config->joints; i++) {
        if (joint_check(config, i) != CORE_OK) {
            return CORE_BAD_CONFIG;
        }
    }
    for (int32_t i = 0; i < config->dofs; i++) {
        const hand_dof *dof = &config->dof[i];
        if (dof->closing < -1 || dof->closing > 1) {
            return CORE_BAD_CONFIG;
        }
        if (dof->kind == HAND_DOF_GRIP) {
            grip_dofs++;
        } else if (dof->kind != HAND_DOF_JOINT || dof->joint < 0 || dof->joint >= config->joints
                   || (driven >> dof->joint & 1u) != 0) {
            return CORE_BAD_CONFIG;
        } else {
            driven |= 1u << dof->joint;
        }
    }
    for (int32_t i = 0; i < config->grips; i++) {
        if (grip_check(config, &config->grip[i], driven) != CORE_OK) {
            return CORE_BAD_CONFIG;
        }
    }
    for (int32_t i = 0; i < CORE_DIGITS; i++) {
        if (digit_check(config, &config->digit[i]) != CORE_OK) {
            return CORE_BAD_CONFIG;
        }
    }
    return grip_dofs <= 1 ? supply_check(config, driven) : CORE_BAD_CONFIG; /* there is one closure */
}
