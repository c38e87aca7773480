/* SPDX-License-Identifier: MIT
 *
 * guard_drive: what each DoF may do in the state the guard is in, and why it may do no more. Events
 * and times are guard.c's.
 */
#include "guard_drive.h"

/* The code that all DoF share in this state; GUARD_LIMIT_NONE where each has its own. */
static int32_t shared_limit(const guard_state *state, const guard_config *config, uint32_t now_ms)
{
    switch (state->state) {
    case GUARD_ESTOP:
        return GUARD_LIMIT_ESTOP;
    case GUARD_FAULT:
        return GUARD_LIMIT_FAULT;
    case GUARD_RELEASING:
        return GUARD_LIMIT_RELEASING;
    case GUARD_LINK_LOST:
        return GUARD_LIMIT_LINK_LOST;
    case GUARD_STALE:
        return guard_host_frozen(state, config, now_ms) ? GUARD_LIMIT_HOST_FROZEN
                                                        : GUARD_LIMIT_STALE;
    case GUARD_ARMED:
        return GUARD_LIMIT_NEUTRAL;
    case GUARD_ACTIVE:
        return GUARD_LIMIT_NONE;
    case GUARD_OPEN_ONLY:
        return GUARD_LIMIT_SUPPLY;
    default:
        return GUARD_LIMIT_DISARMED;
    }
}

static int32_t opens(const guard_config *config, int32_t dof, float velocity)
{
    const int32_t closing = config->closing[dof];
    return closing != 0 && (closing > 0 ? velocity < 0.0f : velocity > 0.0f);
}

/* Whether what the motors feel forbids this way. */
static int32_t forbidden(const guard_state *state, int32_t dof, float velocity)
{
    const guard_senses *senses = &state->senses;
    return (velocity > 0.0f && (senses->no_positive >> dof & 1u) != 0)
        || (velocity < 0.0f && (senses->no_negative >> dof & 1u) != 0);
}

/* What is left of a target: a way that the motors forbid stands, a hot motor makes it slower, and a
 * noisy link bounds it. */
static float allowed(const guard_state *state, const guard_config *config, int32_t dof)
{
    const float target = state->target[dof];
    if (forbidden(state, dof, target)) {
        return 0.0f;
    }
    const float most = config->noise_velocity;
    float velocity = target * state->senses.scale[dof];
    if ((state->faults & (uint32_t)GUARD_FAULT_LINK_NOISE) != 0) {
        velocity = velocity > most ? most : velocity < -most ? -most : velocity;
    }
    return velocity;
}

/* Velocity of one DoF while there is drive. */
static float velocity_of(const guard_state *state, const guard_config *config, int32_t dof,
                         uint32_t now_ms)
{
    if (state->state == GUARD_RELEASING) { /* opens what can be moved, whatever is lost */
        return (config->closing_dofs_mask >> dof & 1u) == 0 ? 0.0f
            : config->closing[dof] > 0 ? -config->release_velocity
                                       : config->release_velocity;
    }
    if ((state->lost >> dof & 1u) != 0) {
        return 0.0f;
    }
    if (state->state == GUARD_ACTIVE) {
        return allowed(state, config, dof);
    }
    if (state->state == GUARD_OPEN_ONLY) {
        return opens(config, dof, state->target[dof])
            ? config->open_only_velocity * allowed(state, config, dof)
            : 0.0f;
    }
    const uint32_t gone = guard_elapsed(now_ms, state->entered_ms); /* STALE: < ramp_ms, it drives */
    return state->ramp_from[dof] * ((float)(config->ramp_ms - gone) / (float)config->ramp_ms);
}

/* The code of a DoF of an active hand. */
static int32_t own_limit(const guard_state *state, int32_t dof, uint32_t at_limit)
{
    if ((state->senses.absent >> dof & 1u) != 0) {
        return GUARD_LIMIT_ACTUATOR;
    }
    if ((state->frozen >> dof & 1u) != 0) {
        return GUARD_LIMIT_SITE;
    }
    if ((state->lost >> dof & 1u) != 0) {
        return GUARD_LIMIT_NEUTRAL;
    }
    if ((state->senses.stalled >> dof & 1u) != 0 && forbidden(state, dof, state->target[dof])) {
        return GUARD_LIMIT_STALL;
    }
    if ((state->senses.hot >> dof & 1u) != 0) {
        return GUARD_LIMIT_HOT;
    }
    return (at_limit >> dof & 1u) != 0 ? GUARD_LIMIT_POSITION : GUARD_LIMIT_NONE;
}

void guard_drive(guard_state *state, const guard_config *config, uint32_t at_limit, uint32_t now_ms,
                 guard_output *out)
{
    const int32_t now = state->state;
    /* With a damaged table nothing says what an actuator is: neither power nor drive. */
    const int32_t table = (state->faults & GUARD_FAULT_TABLE) != 0;
    const int32_t shared = shared_limit(state, config, now_ms);
    out->power = now != GUARD_BOOT && now != GUARD_SELF_TEST && now != GUARD_ESTOP && !table;
    out->drive = !table
        && (now == GUARD_ACTIVE || now == GUARD_OPEN_ONLY || now == GUARD_RELEASING
            || (now == GUARD_STALE && guard_elapsed(now_ms, state->entered_ms) < config->ramp_ms));
    for (int32_t i = 0; i < config->dofs; i++) {
        state->velocity[i] = out->drive ? velocity_of(state, config, i, now_ms) : 0.0f;
        out->velocity[i] = state->velocity[i];
        out->limit[i] =
            (uint8_t)(shared != GUARD_LIMIT_NONE ? shared : own_limit(state, i, at_limit));
    }
}
