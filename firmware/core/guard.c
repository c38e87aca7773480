/* SPDX-License-Identifier: MIT */
#include "guard.h"

#include "ranges.h"

#include <stddef.h>
#include <string.h>

enum { SKEW_MS = 20 /* a message may be stamped a little after the tick that follows it */ };

#define ON(state) (1u << (unsigned)(state))

#define ANY_BUT_ESTOP (ON(GUARD_STATES) - 1u - ON(GUARD_ESTOP))
#define CONTROLLED \
    (ON(GUARD_ARMED) | ON(GUARD_ACTIVE) | ON(GUARD_STALE) | ON(GUARD_OPEN_ONLY))
#define MOVING (ON(GUARD_ACTIVE) | ON(GUARD_OPEN_ONLY))
#define STARTED (ANY_BUT_ESTOP & ~(ON(GUARD_BOOT) | ON(GUARD_SELF_TEST)))

typedef struct guard_rule {
    uint32_t in; /* mask of the states in which the event counts */
    int32_t event;
    int32_t next;
} guard_rule;

/* The document. What is not listed changes nothing. */
static const guard_rule RULES[] = {
    /* the first tick: the loop runs */
    {ON(GUARD_BOOT), GUARD_EV_NONE, GUARD_SELF_TEST},
    /* no motion at power-up; faults found meanwhile count from here on */
    {ON(GUARD_BOOT) | ON(GUARD_SELF_TEST), GUARD_EV_SELF_TEST_DONE, GUARD_DISARMED},
    /* forgets the counter and all targets; a repeated ARM changes nothing */
    {ON(GUARD_DISARMED) | ON(GUARD_LINK_LOST), GUARD_EV_ARM, GUARD_ARMED},
    /* relaxed once: may move from now on */
    {ON(GUARD_ARMED), GUARD_EV_NEUTRAL, GUARD_ACTIVE},
    /* the supply is low: opens only, slowly */
    {ON(GUARD_ACTIVE), GUARD_EV_SUPPLY_LOW, GUARD_OPEN_ONLY},
    /* the supply is back: relax once, so that nothing starts by itself */
    {ON(GUARD_OPEN_ONLY), GUARD_EV_SUPPLY_GOOD, GUARD_ARMED},
    /* ramps to 0 and holds */
    {MOVING, GUARD_EV_STALE, GUARD_STALE},
    /* short gaps heal by themselves */
    {ON(GUARD_STALE), GUARD_EV_FRESH, GUARD_ACTIVE},
    /* latched: a new session does not leave it, only ARM leads back to motion */
    {ON(GUARD_STALE), GUARD_EV_LINK_LOST, GUARD_LINK_LOST},
    /* another host has armed nothing yet */
    {CONTROLLED, GUARD_EV_SESSION, GUARD_DISARMED},
    /* stop: also stops a release */
    {CONTROLLED | ON(GUARD_LINK_LOST) | ON(GUARD_RELEASING), GUARD_EV_DISARM, GUARD_DISARMED},
    /* not before the self-test: where the joints stand is not known then, and to open would be to
     * jump. A repeated RELEASE does not lengthen the first. */
    {STARTED & ~ON(GUARD_RELEASING), GUARD_EV_RELEASE, GUARD_RELEASING},
    /* by itself; faults count again from here on */
    {ON(GUARD_RELEASING), GUARD_EV_RELEASED, GUARD_DISARMED},
    /* latched; does not stop an opening that was asked for */
    {STARTED & ~(ON(GUARD_RELEASING) | ON(GUARD_FAULT)), GUARD_EV_FAULT, GUARD_FAULT},
    /* only when no fault bit is set */
    {ON(GUARD_FAULT), GUARD_EV_CLEAR_FAULT, GUARD_DISARMED},
    /* until power is cut */
    {ANY_BUT_ESTOP, GUARD_EV_ESTOP, GUARD_ESTOP},
};

/* Milliseconds since `then`. The clock wraps; one that is up to SKEW_MS behind counts as 0, one
 * that has gone back further counts as a very long time: then nothing is fresh. */
static uint32_t elapsed(uint32_t now_ms, uint32_t then_ms)
{
    const uint32_t gone = now_ms - then_ms;
    return gone > UINT32_MAX - SKEW_MS ? 0u : gone;
}

static uint32_t least(uint32_t a, uint32_t b) { return a < b ? a : b; }

int32_t guard_init(guard_state *state, const guard_config *config, uint32_t now_ms)
{
    if (state == NULL) {
        return CORE_BAD_ARGUMENT;
    }
    memset(state, 0, sizeof *state);
    state->state = GUARD_BOOT;
    state->entered_ms = now_ms;
    for (int32_t i = 0; i < CORE_MAX_DOF; i++) {
        state->senses.scale[i] = 1.0f;
    }
    return guard_check(config);
}

int32_t guard_sense(guard_state *state, const guard_senses *senses)
{
    if (state == NULL || senses == NULL) {
        return CORE_BAD_ARGUMENT;
    }
    state->senses = *senses;
    for (int32_t i = 0; i < CORE_MAX_DOF; i++) {
        if (!within(senses->scale[i], 0.0f, 1.0f)) { /* a NaN too: then it stands */
            state->senses.scale[i] = 0.0f;
        }
    }
    return CORE_OK;
}

static void still(guard_state *state)
{
    memset(state->velocity, 0, sizeof state->velocity);
    memset(state->ramp_from, 0, sizeof state->ramp_from);
    memset(state->target, 0, sizeof state->target);
    state->frozen = 0;
}

/* Goes where RULES says; `when_ms` is when the new state began. */
static void apply(guard_state *state, int32_t event, uint32_t when_ms)
{
    for (size_t i = 0; i < sizeof RULES / sizeof RULES[0]; i++) {
        if (RULES[i].event != event || (RULES[i].in & ON(state->state)) == 0) {
            continue;
        }
        state->state = RULES[i].next;
        state->entered_ms = when_ms;
        if (state->state == GUARD_STALE) {
            memcpy(state->ramp_from, state->velocity, sizeof state->ramp_from);
        } else if (state->state != GUARD_ACTIVE) {
            still(state); /* every other way out of motion stops at once */
        }
        if (state->state == GUARD_ARMED) {
            state->has_sample = 0;
            state->has_arrived = 0;
        }
        state->rest_first = state->state == GUARD_OPEN_ONLY
            || (state->rest_first && event != GUARD_EV_NEUTRAL);
        return;
    }
}

int32_t guard_raise(guard_state *state, const guard_config *config, int32_t event,
                    uint32_t now_ms)
{
    if (state == NULL || config == NULL || state->state < 0 || state->state >= GUARD_STATES) {
        return CORE_BAD_ARGUMENT;
    }
    switch (event) {
    case GUARD_EV_NONE: /* only the first tick's */
        break;
    case GUARD_EV_SELF_TEST_DONE:
        apply(state, event, now_ms);
        if (state->faults != 0) {
            apply(state, GUARD_EV_FAULT, now_ms);
        }
        break;
    case GUARD_EV_CLEAR_FAULT:
        if (state->faults == 0) {
            apply(state, event, now_ms);
        }
        break;
    case GUARD_EV_ARM:
    case GUARD_EV_DISARM:
    case GUARD_EV_RELEASE:
    case GUARD_EV_ESTOP:
    case GUARD_EV_FAULT:
    case GUARD_EV_SESSION:
        apply(state, event, now_ms);
        break;
    default: /* the guard's own events come from commands and ticks, never from outside */
        return CORE_BAD_ARGUMENT;
    }
    return state->state;
}

int32_t guard_set_faults(guard_state *state, const guard_config *config, uint32_t faults,
                         uint32_t now_ms)
{
    if (state == NULL || config == NULL) {
        return CORE_BAD_ARGUMENT;
    }
    state->faults = faults;
    return faults == 0 ? state->state : guard_raise(state, config, GUARD_EV_FAULT, now_ms);
}

static int32_t refuse(uint32_t *counter, int32_t why)
{
    *counter += 1u;
    return why;
}

int32_t guard_command_take(guard_state *state, const guard_config *config,
                           const guard_command *command, uint32_t now_ms)
{
    if (state == NULL || config == NULL || command == NULL || config->dofs < 1
        || config->dofs > CORE_MAX_DOF) {
        return CORE_BAD_ARGUMENT;
    }
    state->arrived_ms = now_ms;
    state->has_arrived = 1;
    if ((ON(state->state) & (ON(GUARD_ARMED) | MOVING | ON(GUARD_STALE))) == 0) {
        return refuse(&state->refused_state, GUARD_REFUSED_STATE);
    }
    int32_t neutral = 1;
    for (int32_t i = 0; i < config->dofs; i++) {
        if (!within(command->target[i], -1.0f, 1.0f)) {
            return refuse(&state->refused_value, GUARD_REFUSED_VALUE);
        }
        neutral = neutral && command->target[i] < config->neutral
            && command->target[i] > -config->neutral;
    }
    if (command->mode != 0 && command->mode != 1) {
        return refuse(&state->refused_value, GUARD_REFUSED_VALUE);
    }
    /* Half the circle ahead counts as newer. The counter is followed even when the EMG is then too
     * old, so that old samples that keep coming are told apart from a host that repeats itself. */
    const uint32_t ahead = command->sample - state->sample;
    if (state->has_sample && (ahead == 0u || ahead > INT32_MAX)) {
        return refuse(&state->refused_counter, GUARD_REFUSED_COUNTER);
    }
    state->sample = command->sample;
    state->has_sample = 1;
    state->advanced_ms = now_ms;
    const uint32_t age = now_ms - command->emg_ms;
    const uint32_t future = command->emg_ms - now_ms;
    if (age > config->emg_age_max_ms && future > config->emg_future_ms) {
        return refuse(&state->refused_age, GUARD_REFUSED_AGE);
    }
    state->emg_ms = age > config->emg_age_max_ms ? now_ms : command->emg_ms; /* future = now */
    state->fresh_ms = now_ms;
    state->valid_ms = least(command->valid_ms, config->valid_max_ms);
    state->frozen = command->frozen;
    for (int32_t i = 0; i < config->dofs; i++) {
        state->target[i] = command->mode == 1 ? command->target[i] : 0.0f;
    }
    if (state->state == GUARD_ARMED) {
        if (neutral || command->mode == 0) {
            apply(state, GUARD_EV_NEUTRAL, now_ms);
        }
    } else if (state->valid_ms > 0) {
        apply(state, GUARD_EV_FRESH, now_ms);
    }
    return CORE_OK;
}

/* 1 when commands keep coming while their counter stands. */
static int32_t host_frozen(const guard_state *state, const guard_config *config, uint32_t now_ms)
{
    return state->has_sample && state->has_arrived
        && elapsed(now_ms, state->advanced_ms) >= config->host_frozen_ms
        && elapsed(now_ms, state->arrived_ms) < config->host_frozen_ms;
}

/* Moves on by what the clock says. A late tick does not start a ramp late: states begin at their
 * deadline. */
static void watch(guard_state *state, const guard_config *config, uint32_t now_ms)
{
    if (state->state < 0 || state->state >= GUARD_STATES) { /* damaged memory */
        state->state = GUARD_ESTOP;
        still(state);
    }
    if (state->state == GUARD_BOOT) {
        apply(state, GUARD_EV_NONE, now_ms);
    }
    if (state->faults != 0) {
        apply(state, GUARD_EV_FAULT, now_ms);
    }
    /* also when the supply came back in a gap of the commands, which itself asks for no rest */
    if (state->state == GUARD_ACTIVE && (state->senses.supply_low || state->rest_first)) {
        apply(state, GUARD_EV_SUPPLY_LOW, now_ms);
    } else if (state->state == GUARD_OPEN_ONLY && !state->senses.supply_low) {
        apply(state, GUARD_EV_SUPPLY_GOOD, now_ms);
    }
    if (state->state == GUARD_ACTIVE || state->state == GUARD_OPEN_ONLY) {
        const uint32_t age = least(state->fresh_ms - state->emg_ms, config->emg_age_max_ms);
        const uint32_t good_ms = least(state->valid_ms, config->emg_age_max_ms - age);
        if (elapsed(now_ms, state->fresh_ms) >= good_ms) {
            apply(state, GUARD_EV_STALE, state->fresh_ms + good_ms);
        } else if (host_frozen(state, config, now_ms)) {
            apply(state, GUARD_EV_STALE, state->advanced_ms + config->host_frozen_ms);
        }
    }
    if (state->state == GUARD_STALE && elapsed(now_ms, state->fresh_ms) >= config->link_lost_ms) {
        apply(state, GUARD_EV_LINK_LOST, now_ms);
    }
    if (state->state == GUARD_RELEASING
        && elapsed(now_ms, state->entered_ms) >= config->release_ms) {
        apply(state, GUARD_EV_RELEASED, now_ms);
        if (state->faults != 0) {
            apply(state, GUARD_EV_FAULT, now_ms);
        }
    }
}

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
        return host_frozen(state, config, now_ms) ? GUARD_LIMIT_HOST_FROZEN : GUARD_LIMIT_STALE;
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

/* What is left of a target: the host's frozen DoF stand, and so does a way that the motors forbid;
 * a hot motor makes it slower. */
static float allowed(const guard_state *state, int32_t dof, float target)
{
    if ((state->frozen >> dof & 1u) != 0 || forbidden(state, dof, target)) {
        return 0.0f;
    }
    return target * state->senses.scale[dof];
}

/* Velocity of one DoF while there is drive. */
static float velocity_of(const guard_state *state, const guard_config *config, int32_t dof,
                         uint32_t now_ms)
{
    if (state->state == GUARD_ACTIVE) {
        return allowed(state, dof, state->target[dof]);
    }
    if (state->state == GUARD_OPEN_ONLY) {
        return opens(config, dof, state->target[dof])
            ? config->open_only_velocity * allowed(state, dof, state->target[dof])
            : 0.0f;
    }
    if (state->state == GUARD_STALE) {
        const uint32_t gone = elapsed(now_ms, state->entered_ms); /* < ramp_ms: it drives */
        return state->ramp_from[dof] * ((float)(config->ramp_ms - gone) / (float)config->ramp_ms);
    }
    if (state->state == GUARD_RELEASING && (config->closing_dofs_mask >> dof & 1u) != 0) {
        return config->closing[dof] > 0 ? -config->release_velocity : config->release_velocity;
    }
    return 0.0f;
}

/* The code of a DoF of an active hand. */
static int32_t own_limit(const guard_state *state, int32_t dof, uint32_t at_limit)
{
    if ((state->frozen >> dof & 1u) != 0) {
        return GUARD_LIMIT_SITE;
    }
    if ((state->senses.stalled >> dof & 1u) != 0 && forbidden(state, dof, state->target[dof])) {
        return GUARD_LIMIT_STALL;
    }
    if ((state->senses.hot >> dof & 1u) != 0) {
        return GUARD_LIMIT_HOT;
    }
    return (at_limit >> dof & 1u) != 0 ? GUARD_LIMIT_POSITION : GUARD_LIMIT_NONE;
}

int32_t guard_tick(guard_state *state, const guard_config *config, uint32_t at_limit,
                   uint32_t now_ms, guard_output *out)
{
    if (out != NULL) {
        memset(out, 0, sizeof *out);
    }
    if (state == NULL || config == NULL || out == NULL) {
        return CORE_BAD_ARGUMENT;
    }
    if (config->dofs < 1 || config->dofs > CORE_MAX_DOF) {
        return CORE_BAD_CONFIG;
    }
    watch(state, config, now_ms);
    const int32_t now = state->state;
    /* With a damaged table nothing says what an actuator is: neither power nor drive. */
    const int32_t table = (state->faults & GUARD_FAULT_TABLE) != 0;
    const int32_t shared = shared_limit(state, config, now_ms);
    out->power = now != GUARD_BOOT && now != GUARD_SELF_TEST && now != GUARD_ESTOP && !table;
    out->drive = !table
        && (now == GUARD_ACTIVE || now == GUARD_OPEN_ONLY || now == GUARD_RELEASING
            || (now == GUARD_STALE && elapsed(now_ms, state->entered_ms) < config->ramp_ms));
    for (int32_t i = 0; i < config->dofs; i++) {
        state->velocity[i] = out->drive ? velocity_of(state, config, i, now_ms) : 0.0f;
        out->velocity[i] = state->velocity[i];
        out->limit[i] =
            (uint8_t)(shared != GUARD_LIMIT_NONE ? shared : own_limit(state, i, at_limit));
    }
    return now;
}
