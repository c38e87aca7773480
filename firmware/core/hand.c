/* SPDX-License-Identifier: MIT */
#include "hand.h"

#include "ranges.h"

#include <stddef.h>
#include <string.h>

static const float LONGEST_STEP_S = 0.1f; /* a loop that stalled does not jump when it comes back */
static const float WIDEST_DEG = 720.0f;
/* The lead of a goal over its joint: see hand.h. XL330 as delivered: 400 / 128 units of PWM a tick,
 * 885 units at full supply, 1470 mA at stall: 0.0169 degrees of the motor per mA. */
static const float HOLD_DEG_PER_MA = 0.017f;
static const float HOLD_LEAST_DEG = 2.0f;
static const float HOLD_MOST_DEG = 8.0f;
static const float DRIVE_LEAD_S = 0.06f;
static const float SOFT_S = 0.06f; /* see hand.h */
static const float CREEP = 0.05f;  /* slowest share of a speed into a stop: it arrives */
static const float REFUSED = 2.0f; /* a velocity that the guard takes for none */
static const float THERE_DEG = 0.02f, THERE = 5.0e-4f;

static float clamp(float x, float low, float high) { return x < low ? low : x > high ? high : x; }

/* Where the grip wants joint i at this closure; NaN when it leaves the joint alone. */
static float path(const hand_grip *grip, int32_t i, float closure)
{
    const float span = grip->stop[i] - grip->start[i];
    const float along = clamp((closure - grip->start[i]) / span, 0.0f, 1.0f);
    return grip->open_deg[i] + (grip->closed_deg[i] - grip->open_deg[i]) * along;
}

/* The closure whose posture is nearest to `deg`, in steps of 1/64. */
static float nearest_closure(const hand_config *config, const hand_grip *grip, const float *deg)
{
    float best = 0.0f;
    float least = 0.0f;
    for (int32_t step = 0; step <= 64; step++) {
        const float closure = (float)step / 64.0f;
        float sum = 0.0f;
        for (int32_t i = 0; i < config->joints; i++) {
            if (!is_nan(grip->open_deg[i])) {
                const float off = path(grip, i, closure) - deg[i];
                sum += off * off;
            }
        }
        if (step == 0 || sum < least) {
            least = sum;
            best = closure;
        }
    }
    return best;
}

int32_t hand_init(hand_state *state, const hand_config *config, const float *measured_deg)
{
    if (state == NULL || measured_deg == NULL) {
        return CORE_BAD_ARGUMENT;
    }
    memset(state, 0, sizeof *state);
    const int32_t status = hand_check(config);
    if (status != CORE_OK) {
        return status;
    }
    for (int32_t i = 0; i < config->joints; i++) {
        if (!within(measured_deg[i], -WIDEST_DEG, WIDEST_DEG)) {
            return CORE_NOT_FINITE;
        }
        state->goal_deg[i] = measured_deg[i]; /* beyond a limit too: the next motion ends that */
    }
    state->grip = config->rest_grip;
    state->closure = nearest_closure(config, &config->grip[state->grip], measured_deg);
    return CORE_OK;
}

int32_t hand_select_grip(hand_state *state, const hand_config *config, int32_t grip)
{
    if (state == NULL || config == NULL || grip < 0 || grip >= config->grips
        || grip >= CORE_MAX_GRIPS) {
        return CORE_BAD_ARGUMENT;
    }
    state->grip = grip;
    return CORE_OK;
}

/* By how much a goal may lead its joint while nothing drives it, degrees. */
static float hold_lead(const hand_joint *joint)
{
    return clamp(HOLD_DEG_PER_MA * joint->current_ma / joint->gear, HOLD_LEAST_DEG, HOLD_MOST_DEG);
}

/* `to`, not below the joint by more than `under` nor above it by more than `over`. */
static float bound(float to, float measured, float under, float over)
{
    return within(measured, -WIDEST_DEG, WIDEST_DEG) ? clamp(to, measured - under, measured + over)
                                                     : to;
}

/* Moves the goal of joint i towards `to`, no faster than the joint: within its limits, or, from
 * outside them, no further out. 1 when it moved. */
static int32_t set_goal(hand_state *state, const hand_joint *joint, int32_t i, float to, float dt_s)
{
    const float from = state->goal_deg[i];
    const float low = from < joint->min_deg ? from : joint->min_deg;
    const float high = from > joint->max_deg ? from : joint->max_deg;
    const float most = joint->speed_dps * dt_s;
    state->goal_deg[i] = clamp(clamp(to, from - most, from + most), low, high);
    return state->goal_deg[i] != from;
}

static float sense_in(const hand_grip *grip, int32_t i)
{
    const float span = grip->closed_deg[i] - grip->open_deg[i]; /* NaN: neither */
    return span > 0.0f ? 1.0f : span < 0.0f ? -1.0f : 0.0f;
}

/* The sign that closes joint i: of this grip, or, where the grip only puts it somewhere, of the
 * first grip that moves it; 0 when none does. */
static float closing_sense(const hand_config *config, const hand_grip *grip, int32_t i)
{
    float sense = sense_in(grip, i);
    for (int32_t k = 0; k < config->grips && sense == 0.0f; k++) {
        sense = sense_in(&config->grip[k], i);
    }
    return sense;
}

/* The closure at which the grip's path has joint i at this angle; 0 where it is open. */
static float closure_of(const hand_grip *grip, int32_t i, float deg)
{
    const float along = (deg - grip->open_deg[i]) / (grip->closed_deg[i] - grip->open_deg[i]);
    return along >= 1.0f ? 1.0f
        : along > 0.0f   ? grip->start[i] + along * (grip->stop[i] - grip->start[i])
                         : 0.0f;
}

/* The largest closure at which a finger begins to open as soon as the closure falls: what blocked
 * the fingers let the closure run ahead of them. */
static float opening_closure(const hand_state *state, const hand_config *config)
{
    const hand_grip *grip = &config->grip[state->grip];
    float most = 0.0f;
    for (int32_t i = 0; i < config->joints; i++) {
        if (sense_in(grip, i) == 0.0f) {
            continue;
        }
        const float meets = closure_of(grip, i, state->goal_deg[i]);
        most = meets > most ? meets : most;
    }
    return most < state->closure ? most : state->closure;
}

/* `speed` (>= 0), slower when the way left takes less than SOFT_S at full speed. */
static float soft(float speed, float left_s)
{
    const float most = left_s > CREEP * SOFT_S ? left_s / SOFT_S : CREEP;
    return speed < most ? speed : most;
}

/* Where a position -1..1 is: degrees of the joint, or closure. */
static float place_of(const hand_config *config, const hand_dof *dof, float position)
{
    if (dof->kind == HAND_DOF_GRIP) {
        return position;
    }
    const hand_joint *joint = &config->joint[dof->joint];
    return 0.5f * (joint->min_deg + joint->max_deg + position * (joint->max_deg - joint->min_deg));
}

int32_t hand_toward(const hand_state *state, const hand_config *config, const float *position,
                    float most, float near, uint32_t waits, float *velocity)
{
    if (state == NULL || config == NULL || position == NULL || velocity == NULL
        || !within(most, 0.0f, 1.0f) || state->grip < 0 || state->grip >= config->grips) {
        return CORE_BAD_ARGUMENT;
    }
    for (int32_t d = 0; d < config->dofs; d++) {
        const hand_dof *dof = &config->dof[d];
        const int32_t grips = dof->kind == HAND_DOF_GRIP;
        const float left = place_of(config, dof, position[d])
            - (grips ? state->closure : state->goal_deg[dof->joint]);
        const float away = left < 0.0f ? -left : left;
        const float whole = grips
            ? 1.0f
            : config->joint[dof->joint].max_deg - config->joint[dof->joint].min_deg;
        const float there = grips ? THERE : THERE_DEG;
        const float left_s = grips ? away * config->grip[state->grip].close_s
                                   : away / config->joint[dof->joint].speed_dps;
        const float speed = left_s < most * SOFT_S ? left_s / SOFT_S : most;
        const int32_t back = (left < 0.0f) != (grips && dof->closing < 0);
        velocity[d] = !within(position[d], grips ? 0.0f : -1.0f, 1.0f) ? REFUSED
            : away < there || ((waits >> d & 1u) != 0 && away < near * whole) ? 0.0f
            : back                                                            ? -speed
                                                                              : speed;
    }
    return CORE_OK;
}

int32_t hand_aim(hand_state *state, const hand_config *config, const float *position)
{
    if (state == NULL || config == NULL || position == NULL) {
        return CORE_BAD_ARGUMENT;
    }
    for (int32_t d = 0; d < config->dofs; d++) {
        state->aim[d] = place_of(config, &config->dof[d], position[d]);
    }
    state->aimed = (1u << config->dofs) - 1u;
    return CORE_OK;
}

/* The grip DoF: moves the closure, then every finger towards the path. 1 when anything moved. */
static int32_t move_grip(hand_state *state, const hand_config *config, const float *measured_deg,
                         float velocity, const float *aim, float dt_s)
{
    const hand_grip *grip = &config->grip[state->grip];
    const int32_t opens = velocity < 0.0f;
    const float before = state->closure;
    float begin = opens ? opening_closure(state, config) : before;
    float end = opens ? 0.0f : 1.0f;
    float speed = opens ? -velocity : velocity;
    if (aim != NULL) { /* not past it, nor back to it */
        begin = opens && *aim > begin ? (*aim < before ? *aim : before) : begin;
        end = opens == (*aim < begin) ? *aim : begin;
        speed = soft(speed, (opens ? begin - end : end - begin) * grip->close_s);
    }
    const float step = speed * dt_s / grip->close_s;
    state->closure = opens ? (begin - step > end ? begin - step : end)
                           : (begin + step < end ? begin + step : end);
    int32_t moved = state->closure != before;
    for (int32_t i = 0; i < config->joints; i++) {
        if (is_nan(grip->open_deg[i])) {
            continue;
        }
        const hand_joint *joint = &config->joint[i];
        const float sense = closing_sense(config, grip, i);
        const float hold = hold_lead(joint);
        const float ahead = hold + speed * joint->speed_dps * DRIVE_LEAD_S;
        const float reach = speed * joint->speed_dps * dt_s;
        const float from = state->goal_deg[i];
        const float off = path(grip, i, state->closure) - from;
        const float to = bound(from + clamp(off, -reach, reach), measured_deg[i],
                               opens && sense < 0.0f ? hold : ahead,
                               opens && sense > 0.0f ? hold : ahead);
        if (!opens || (to - from) * sense < 0.0f) { /* else it waits */
            moved |= set_goal(state, joint, i, to, dt_s);
        }
    }
    return moved;
}

/* A DoF of one joint. 1 when it moved. */
static int32_t move_joint(hand_state *state, const hand_joint *joint, int32_t i, float measured,
                          float velocity, const float *aim, float dt_s)
{
    const int32_t back = velocity < 0.0f;
    const float from = state->goal_deg[i];
    const float hold = hold_lead(joint);
    const float ahead = (back ? -velocity : velocity) * joint->speed_dps * DRIVE_LEAD_S;
    float end = back ? joint->min_deg : joint->max_deg;
    if (aim != NULL && (back ? *aim > end : *aim < end)) {
        end = *aim;
    }
    const float room = back ? from - end : end - from;
    const float left = room > 0.0f ? room : 0.0f;
    const float step =
        soft(back ? -velocity : velocity, left / joint->speed_dps) * joint->speed_dps * dt_s;
    const float most = step < left ? step : left;
    const float to = bound(back ? from - most : from + most, measured, back ? hold + ahead : hold,
                           back ? hold : hold + ahead);
    return set_goal(state, joint, i, to, dt_s);
}

/* The joints whose DoF wants nothing. */
static void hold_still(hand_state *state, const hand_config *config, const float *measured_deg,
                       uint32_t driven, float dt_s)
{
    for (int32_t i = 0; i < config->joints; i++) {
        if ((driven >> i & 1u) == 0) {
            const float lead = hold_lead(&config->joint[i]);
            const float to = bound(state->goal_deg[i], measured_deg[i], lead, lead);
            (void)set_goal(state, &config->joint[i], i, to, dt_s);
        }
    }
}

uint32_t hand_joints_of(const hand_config *config, const hand_grip *grip, int32_t dof)
{
    if (config->dof[dof].kind == HAND_DOF_JOINT) {
        return 1u << config->dof[dof].joint;
    }
    uint32_t mask = 0;
    for (int32_t i = 0; i < config->joints; i++) {
        mask |= is_nan(grip->open_deg[i]) ? 0u : 1u << i;
    }
    return mask;
}

int32_t hand_process(hand_state *state, const hand_config *config, const float *velocity,
                     const float *measured_deg, float dt_s)
{
    if (state == NULL || config == NULL || velocity == NULL || measured_deg == NULL
        || !(dt_s > 0.0f) || state->grip < 0 || state->grip >= config->grips) {
        return CORE_BAD_ARGUMENT;
    }
    const float step_s = dt_s < LONGEST_STEP_S ? dt_s : LONGEST_STEP_S;
    for (int32_t i = 0; i < config->dofs; i++) {
        if (is_nan(velocity[i])) {
            return CORE_NOT_FINITE; /* and nothing has moved */
        }
    }
    uint32_t driven = 0;
    state->at_limit = 0;
    for (int32_t i = 0; i < config->dofs; i++) {
        const hand_dof *dof = &config->dof[i];
        const float wanted = clamp(velocity[i], -1.0f, 1.0f);
        const float *aim = (state->aimed >> i & 1u) != 0 ? &state->aim[i] : NULL;
        int32_t moved;
        if (wanted == 0.0f) {
            continue;
        }
        driven |= hand_joints_of(config, &config->grip[state->grip], i);
        if (dof->kind == HAND_DOF_GRIP) {
            moved = move_grip(state, config, measured_deg, dof->closing < 0 ? -wanted : wanted,
                              aim, step_s);
        } else {
            moved = move_joint(state, &config->joint[dof->joint], dof->joint,
                               measured_deg[dof->joint], wanted, aim, step_s);
        }
        if (!moved && aim == NULL) { /* to stand at its aim is no limit */
            state->at_limit |= 1u << i;
        }
    }
    hold_still(state, config, measured_deg, driven, step_s);
    return CORE_OK;
}

int32_t hand_press(hand_state *state, const hand_config *config, uint32_t digits, float share,
                   float dt_s)
{
    if (state == NULL || config == NULL || !within(share, 0.0f, 1.0f)
        || !within(dt_s, 0.0f, LONGEST_STEP_S) || state->grip < 0 || state->grip >= config->grips) {
        return CORE_BAD_ARGUMENT;
    }
    const hand_grip *grip = &config->grip[state->grip];
    for (int32_t k = 0; k < CORE_DIGITS; k++) {
        const int32_t i = config->digit[k].joint;
        if ((digits >> k & 1u) == 0 || i < 0 || sense_in(grip, i) == 0.0f) {
            continue;
        }
        const hand_joint *joint = &config->joint[i];
        const float more = share * hold_lead(joint) * sense_in(grip, i);
        (void)set_goal(state, joint, i, state->goal_deg[i] + more, dt_s);
        /* so that the path does not take it back when the user closes on */
        const float meets = closure_of(grip, i, state->goal_deg[i]);
        state->closure = meets > state->closure ? meets : state->closure;
    }
    return CORE_OK;
}
