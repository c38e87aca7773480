/* SPDX-License-Identifier: MIT
 *
 * app_asked: what a person asks of the hand beside commands: its buttons, a restart, another firmware.
 * See app.h.
 */
#include "app.h"

#include "board.h"

/* Without a host: on and off. With one that decodes, arming is the host's. */
static void arm_by_button(app_state *app)
{
    const int32_t state = app->guard.state;
    if (state == GUARD_ARMED || app_moving(app)) {
        app_event(app, GUARD_EV_DISARM);
    } else if (app_decoding(app) == DECODE_HAND && app->decode.begun) {
        app_event(app, GUARD_EV_ARM);
    } else {
        /* nothing to arm for */
    }
}

void app_press(app_state *app)
{
    const uint32_t now_ms = app_ms(app);
    if (now_ms == app->ticked_ms) {
        return;
    }
    const uint32_t effective = buttons_process(&app->buttons, board_buttons(), now_ms);
    if ((effective & (uint32_t)BOARD_BUTTON_RELEASE) != 0u) {
        app_event(app, GUARD_EV_RELEASE);
    }
    if ((effective & (uint32_t)BOARD_BUTTON_ESTOP) != 0u) {
        app_event(app, GUARD_EV_ESTOP);
    }
    if ((effective & (uint32_t)BOARD_BUTTON_ARM) != 0u) {
        arm_by_button(app);
    }
}

int32_t app_may_change(const app_state *app)
{
    return app->guard.state == GUARD_DISARMED || app->guard.state == GUARD_FAULT;
}

void app_restart(app_state *app)
{
    app->restart_us = app->now_us + APP_RESTART_US;
}

/* A new firmware has shown that it works; a restart that was asked for. Neither while anything may
 * move. */
void app_settle(app_state *app)
{
    if (update_on_trial(&app->update) && app->guard.state == GUARD_DISARMED
        && (app->link.open || app->now_us - app->booted_us >= UPDATE_TRUST_US)
        && app->now_us >= app->confirm_us) {
        app->confirm_us = app->now_us + APP_CONFIRM_US; /* a flash that refuses may erase each time */
        update_confirm(&app->update);
    }
    if (app->restart_us != 0 && app->now_us >= app->restart_us) {
        app->restart_us = 0;
        if (app_may_change(app)) {
            board_reset();
        }
    }
}
