/* SPDX-License-Identifier: MIT
 *
 * app_touch: fingertips and tactor. See app.h, touch.h, tactor.h.
 */
#include "app.h"
#include "board.h"

#include <string.h>

enum { SAY_AGAIN_US = 10000000 }; /* a loose contact does not fill the log */

/* The grip's DoF; -1: this hand has none. */
static int32_t grip_dof(void)
{
    for (int32_t d = 0; d < hand_table.dofs; d++) {
        if (hand_table.dof[d].kind == HAND_DOF_GRIP) {
            return d;
        }
    }
    return -1;
}

static int32_t moves(const app_state *app, int32_t dof)
{
    return dof >= 0 && app->output.velocity[dof] != 0.0f;
}

/* 1 while the grip is to stand where it is: the guard lets commands drive it, nothing limits it, and
 * they want nothing of it. */
static int32_t holds(const app_state *app, int32_t dof)
{
    return dof >= 0 && app->guard.state == GUARD_ACTIVE && !moves(app, dof)
        && app->output.limit[dof] == GUARD_LIMIT_NONE;
}

void app_touch_step(app_state *app)
{
    const motor_state *motor = &app->motor;
    touch_measured measured;
    const int32_t dof = grip_dof();
    float force_n = 0.0f;
    memset(&measured, 0, sizeof measured);
    for (int32_t k = 0; k < CORE_DIGITS; k++) {
        const hand_digit *digit = &hand_table.digit[k];
        measured.counts[k] = digit->channel >= 0 ? board_touch(digit->channel) : -1;
        if (digit->joint >= 0) {
            const int32_t i = digit->joint;
            measured.position_deg[k] = motor->position_deg[i];
            measured.velocity_dps[k] = motor->velocity_dps[i];
            measured.current_ma[k] = motor->current_ma[i];
            measured.limit_ma[k] = (float)motor->axis[i].cap_ma;
            measured.known |= (motor->present & motor->measured & ~motor->doubted) >> (unsigned)i & 1u ? 1u << k : 0u;
        }
    }
    const uint32_t broken = app->touch.broken;
    (void)touch_process(&app->touch, &hand_table, &measured, holds(app, dof), moves(app, dof),
                        app_ms(app));
    if ((app->touch.broken & ~broken) != 0
        && (app->touch_said_us == 0 || app->now_us - app->touch_said_us >= SAY_AGAIN_US)) {
        app->touch_said_us = app->now_us;
        log_say(&app->log, app->now_us, LOG_WARNING,
                "A fingertip's force sensor is broken or not there: its force is not used.");
    }
    for (int32_t k = 0; k < CORE_DIGITS; k++) {
        force_n += app->touch.digit[k].force_n;
    }
    board_tactor(tactor_process(&app->tactor, app->output.power ? app->touch.contact : 0, force_n,
                                app->params.value[PARAMS_TACTOR], app_ms(app)));
}

void app_touch_hold(app_state *app, float dt_s)
{
    const int32_t most = app->params.value[PARAMS_HOLD_BOOST];
    const int32_t dof = grip_dof();
    if (most == 0 || !holds(app, dof)) {
        return;
    }
    const uint32_t waits = hand_table.dof[dof].closing > 0 ? app->guard.senses.no_positive
                                                           : app->guard.senses.no_negative;
    const uint32_t digits = (waits >> (unsigned)dof & 1u) == 0
        ? touch_press(&app->touch, most, app_ms(app))
        : 0u;
    if (digits != 0) {
        (void)hand_press(&app->hand, &app->table, digits, 0.001f * (float)TOUCH_STEP_MILLI, dt_s);
    }
}
