/* SPDX-License-Identifier: MIT */
#include "guard.h"

#include "guard_drive.h"
#include "ranges.h"

#include <stddef.h>
#include <string.h>

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
    /* nobody relaxed: an arm that hangs armed moves when its user has long forgotten it */
    {ON(GUARD_ARMED), GUARD_EV_UNUSED, GUARD_DISARMED},
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
    /* only when no bit that stops is set */
    {ON(GUARD_FAULT), GUARD_EV_CLEAR_FAULT, GUARD_DISARMED},
    /* until power is cut */
    {ANY_BUT_ESTOP, GUARD_EV_ESTOP, GUARD_ESTOP},
};

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
    state->lost |= senses->absent;
    for (int32_t i = 0; i < CORE_MAX_DOF; i++) {
        if (!within(senses->scale[i], 0.0f, 1.0f)) { /* a NaN too: then it stands */
            state->senses.scale[i] = 0.0f;
        }
    }
    return CORE_OK;
}

static int32_t stops(uint32_t faults) { return (faults & (uint32_t)GUARD_FAULT_STOPS) != 0; }

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
        if (stops(state->faults)) {
            apply(state, GUARD_EV_FAULT, now_ms);
        }
        break;
    case GUARD_EV_CLEAR_FAULT:
        if (!stops(state->faults)) {
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
    return !stops(faults) ? state->state : guard_raise(state, config, GUARD_EV_FAULT, now_ms);
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
    if ((ON(state->state) & (ON(GUARD_ARMED) | MOVING | ON(GUARD_STALE))) == 0) {
        return refuse(&state->refused_state, GUARD_REFUSED_STATE);
    }
    uint32_t resting = 0;
    for (int32_t i = 0; i < config->dofs; i++) {
        if (!within(command->target[i], -1.0f, 1.0f)) {
            return refuse(&state->refused_value, GUARD_REFUSED_VALUE);
        }
        const uint32_t rests =
            command->target[i] < config->neutral && command->target[i] > -config->neutral;
        resting |= rests << i;
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
    const uint32_t all = ON(config->dofs) - 1u;
    resting = command->mode == 1 ? resting : all;
    /* a DoF that the host froze is sent as 0 and has not relaxed by that: it will when it may */
    state->lost = (state->lost | (command->frozen & all))
        & (state->senses.absent | ~resting | command->frozen);
    if (state->state == GUARD_ARMED) {
        if (resting == all) {
            apply(state, GUARD_EV_NEUTRAL, now_ms);
        }
    } else if (state->valid_ms > 0) {
        apply(state, GUARD_EV_FRESH, now_ms);
    }
    return CORE_OK;
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
    if (stops(state->faults)) {
        apply(state, GUARD_EV_FAULT, now_ms);
    }
    /* also when the supply came back in a gap of the commands, which itself asks for no rest */
    if (state->state == GUARD_ACTIVE && (state->senses.supply_low || state->rest_first)) {
        apply(state, GUARD_EV_SUPPLY_LOW, now_ms);
    } else if (state->state == GUARD_OPEN_ONLY && !state->senses.supply_low) {
        apply(state, GUARD_EV_SUPPLY_GOOD, now_ms);
    }
    if (state->state == GUARD_ARMED
        && guard_elapsed(now_ms, state->entered_ms) >= config->armed_ms) {
        apply(state, GUARD_EV_UNUSED, now_ms);
    }
    if (state->state == GUARD_ACTIVE || state->state == GUARD_OPEN_ONLY) {
        const uint32_t age = least(state->fresh_ms - state->emg_ms, config->emg_age_max_ms);
        const uint32_t good_ms = least(state->valid_ms, config->emg_age_max_ms - age);
        if (guard_elapsed(now_ms, state->fresh_ms) >= good_ms) {
            apply(state, GUARD_EV_STALE, state->fresh_ms + good_ms);
        } else if (guard_host_frozen(state, config, now_ms)) {
            apply(state, GUARD_EV_STALE, state->advanced_ms + config->host_frozen_ms);
        }
    }
    if (state->state == GUARD_STALE && guard_elapsed(now_ms, state->fresh_ms) >= config->link_lost_ms) {
        apply(state, GUARD_EV_LINK_LOST, now_ms);
    }
    if (state->state == GUARD_RELEASING
        && guard_elapsed(now_ms, state->entered_ms) >= config->release_ms) {
        apply(state, GUARD_EV_RELEASED, now_ms);
        if (stops(state->faults)) {
            apply(state, GUARD_EV_FAULT, now_ms);
        }
    }
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
    guard_drive(state, config, at_limit, now_ms, out);
    return state->state;
}
