/* SPDX-License-Identifier: MIT */
#include "app.h"

#include "board.h"
#include "caps.h"

#include <math.h> /* NAN */
#include <string.h>

/* Of its whole way: so near to where it is, a position counts as neutral. Measured and wanted angles
 * differ by what a load bends, and the host knows the measured ones. */
static const float NEAR = 0.05f;
static const uint8_t VERSION[3] = {APP_MAJOR, APP_MINOR, APP_PATCH};

uint32_t app_ms(const app_state *app)
{
    return (uint32_t)(app->now_us / 1000u);
}

void app_init(app_state *app)
{
    memset(app, 0, sizeof *app);
    app->now_us = board_now_us();
    app->booted_us = app->now_us;
    app->cycle_us = app->now_us;
    app->due_us = app->now_us;
    app->ticked_ms = app_ms(app) - 1u;
    app->table_good = hand_check(&hand_table) == CORE_OK;
    memset(app->force_cap, 255, sizeof app->force_cap);
    log_init(&app->log, app->table_good ? hand_table.joints : 0, app->now_us);

    const int32_t dofs = app->table_good ? hand_table.dofs : 1;
    guard_defaults(&app->guard_config, dofs);
    app->guard_config.closing_dofs_mask = 0;
    memset(app->guard_config.closing, 0, sizeof app->guard_config.closing);
    for (int32_t i = 0; app->table_good && i < dofs; i++) {
        const int32_t closing = hand_table.dof[i].closing;
        if (closing != 0) {
            app->guard_config.closing_dofs_mask |= 1u << (unsigned)i;
            app->guard_config.closing[i] = (int8_t)closing;
        }
    }
    app->table = hand_table;
    if (app->table_good) {
        const blob_target target = app_blob_target(app);
        blob_open(&app->blob, &target);
    }
    strain_defaults(&app->strain_config);
    params_init(&app->params, app->table_good ? &app->table : NULL);
    params_to_guard(&app->params, &app->guard_config, &app->strain_config);
    if (app->params.fault) {
        log_say(&app->log, app->now_us, LOG_ERROR,
                "The saved parameters are damaged: the hand runs as it was built.");
    }
    if (guard_init(&app->guard, &app->guard_config, app_ms(app)) != CORE_OK) {
        log_say(&app->log, app->now_us, LOG_ERROR,
                "The limits of this firmware contradict each other: the hand stays off.");
        app->table_good = 0;
    }
    strain_init(&app->strain);
    tactor_init(&app->tactor, app_ms(app));
    if (app->table_good) {
        app->rest_grip = app->params.value[PARAMS_REST_GRIP];
        app->grip = app->rest_grip;
        touch_init(&app->touch, &hand_table, app_ms(app));
        motor_init(&app->motor, &hand_table, board_cycle_us(), app->now_us);
    } else {
        log_say(&app->log, app->now_us, LOG_ERROR,
                "The hand table is damaged: the hand stays off; flash the firmware again.");
    }
    buttons_init(&app->buttons);
    update_init(&app->update, VERSION);
    link_init(&app->link, app->now_us);
    board_drive_line(0);
    if (board_estop_kept()) {
        app_event(app, GUARD_EV_ESTOP);
    }
}

void app_event(app_state *app, int32_t event)
{
    (void)guard_raise(&app->guard, &app->guard_config, event, app_ms(app));
    if (app->guard.state == GUARD_ARMED) {
        blob_forget(&app->blob);
        update_forget(&app->update);
    }
    if (app->guard.state == GUARD_RELEASING) {
        app->hand.aimed = 0;
        memset(app->force_cap, 255, sizeof app->force_cap); /* and not what comes after it either */
    }
    app->changed = 1;
}

void app_params_changed(app_state *app)
{
    if (app_decoding(app) == DECODE_HOST) {
        decode_stop(&app->decode);
    }
    const int32_t grip = app->params.value[PARAMS_REST_GRIP];
    params_to_guard(&app->params, &app->guard_config, &app->strain_config);
    if (app->table_good && grip != app->rest_grip) {
        app->rest_grip = grip;
        app->grip = grip;
        if (app->joined != 0) { /* it stands still: disarmed or in fault */
            (void)hand_select_grip(&app->hand, &app->table, grip);
        }
    }
    app->changed = 1;
}

int32_t app_command(app_state *app, const guard_command *command, int32_t grip, const uint8_t *caps)
{
    const int32_t to_positions = command->mode == APP_POSITION;
    guard_command wanted = *command;
    if (to_positions) { /* the guard knows velocities alone: all its rules hold unchanged */
        wanted.mode = APP_VELOCITY;
        (void)hand_toward(&app->hand, &app->table, command->target,
                          0.001f * (float)app->params.value[PARAMS_POSITION_VELOCITY],
                          NEAR, app->guard.state == GUARD_ARMED ? ~0u : app->guard.lost, wanted.target);
    }
    const int32_t taken = guard_command_take(&app->guard, &app->guard_config, &wanted, app_ms(app));
    app->changed = 1;
    if (taken == CORE_OK) {
        app->hand.aimed = 0;
        if (to_positions) {
            (void)hand_aim(&app->hand, &app->table, command->target);
        }
        app->command_us = (uint32_t)app->now_us;
        app->interval_us = app->now_us - app->fresh_us;
        app->fresh_us = app->now_us;
        app->sample = command->sample;
        app->grip = grip;
        app->fresh = 1;
        if (app->guard.state == GUARD_ACTIVE) {
            memcpy(app->force_cap, caps, sizeof app->force_cap);
        }
    }
    return taken;
}

/* An actuator that has (again) been set up: its goal begins where the joint stands. */
static void welcome(app_state *app)
{
    const uint32_t joined = app->motor.joined;
    app->motor.joined = 0;
    app->joined |= joined;
    if (joined == 0) {
        return;
    }
    if (app->output.drive) { /* its DoF stands, or opens in a release; the others go on */
        for (int32_t i = 0; i < hand_table.joints; i++) {
            if ((joined >> (unsigned)i & 1u) != 0) {
                app->hand.goal_deg[i] = app->motor.position_deg[i];
            }
        }
        return;
    }
    const int32_t grip = app->grip;
    if (hand_init(&app->hand, &app->table, app->motor.position_deg) == CORE_OK) {
        (void)hand_select_grip(&app->hand, &app->table, grip);
    }
}

static void find_faults(app_state *app)
{
    const int32_t joints = app->table_good ? hand_table.joints : 0;
    const uint32_t all = (1u << (unsigned)joints) - 1u;
    const uint32_t good = app->motor.present & ~app->motor.doubted & all;
    const int32_t time_is_up =
        app->now_us - app->booted_us >= (uint64_t)APP_SELF_TEST_US * board_patience();
    uint32_t faults = app->table_good ? 0u : (uint32_t)GUARD_FAULT_TABLE;

    if (app->params.fault) {
        faults |= GUARD_FAULT_PARAMETERS;
    }

    if (app->link.noisy) {
        faults |= GUARD_FAULT_LINK_NOISE;
    }

    const int32_t testing = app->guard.state == GUARD_BOOT || app->guard.state == GUARD_SELF_TEST;
    if (app->table_good && (!testing || time_is_up)) {
        if (app->motor.heard == 0) {
            faults |= GUARD_FAULT_BUS;
        }
        for (int32_t i = 0; i < joints; i++) {
            if (app->motor.axis[i].hardware_error != 0) {
                faults |= GUARD_FAULT_HARDWARE;
            } else if ((good >> (unsigned)i & 1u) == 0 && app->motor.heard != 0) {
                faults |= GUARD_FAULT_ACTUATOR;
            }
        }
    }
    if (faults != app->guard.faults) {
        (void)guard_set_faults(&app->guard, &app->guard_config, faults, app_ms(app));
        app->changed = 1;
    }
    if (testing && (time_is_up || !app->table_good || good == all)) {
        app_event(app, GUARD_EV_SELF_TEST_DONE);
    }
}

/* What motors and supply bear, to the guard. While commands drive, what is wanted is theirs. */
static void feel(app_state *app)
{
    const motor_state *motor = &app->motor;
    const int32_t commanded =
        app->guard.state == GUARD_ACTIVE || app->guard.state == GUARD_OPEN_ONLY;
    strain_measured measured;
    guard_senses senses;
    const uint32_t known = motor->present & motor->measured & ~motor->doubted;
    if (!app->table_good || (motor->cycles == app->felt && known == app->known)) {
        return;
    }
    app->felt = motor->cycles;
    app->known = known;
    memset(&measured, 0, sizeof measured);
    measured.known = known;
    for (int32_t i = 0; i < hand_table.joints; i++) {
        measured.position_deg[i] = motor->position_deg[i];
        measured.velocity_dps[i] = motor->velocity_dps[i];
        measured.current_ma[i] = motor->current_ma[i];
        measured.limit_ma[i] = (float)motor->axis[i].cap_ma;
        measured.temperature_c[i] = (float)motor->axis[i].temperature;
        measured.supply_v[i] = 0.1f * (float)motor->axis[i].voltage;
    }
    if (strain_process(&app->strain, &app->strain_config, &app->table, app->hand.grip, &measured,
                       commanded ? app->guard.target : app->output.velocity, app->output.velocity,
                       app_ms(app), &senses) == CORE_OK) {
        (void)guard_sense(&app->guard, &senses);
        app->changed = 1;
    }
    app_touch_step(app);
}

static void tick(app_state *app)
{
    const uint32_t now_ms = app_ms(app);
    if (!app->changed && now_ms == app->ticked_ms) {
        return;
    }
    (void)guard_tick(&app->guard, &app->guard_config, app->hand.at_limit, now_ms, &app->output);
    app->ticked_ms = now_ms;
    app->changed = 0;
    app->progress |= APP_CONTROL;
    if (app->guard.state == GUARD_ESTOP) {
        board_keep_estop();
    }
}

/* Another grip is taken up while the hand stands still, never in a movement. */
static void choose_grip(app_state *app)
{
    for (int32_t d = 0; d < hand_table.dofs; d++) {
        if (hand_table.dof[d].kind == HAND_DOF_GRIP && app->output.velocity[d] != 0.0f) {
            return;
        }
    }
    if (app->grip != app->hand.grip) {
        (void)hand_select_grip(&app->hand, &app->table, app->grip);
    }
}

/* Whether it is worth to wait a little for the next command: commands and cycles of one period
 * would else fall side by side for ever, each command just too late for its cycle. */
static int32_t command_is_near(const app_state *app, uint64_t gone_us)
{
    const uint64_t half_us = app->motor.cycle_us / 2u;
    const uint64_t due_us = app->fresh_us + app->interval_us;
    return !app->fresh && app->output.drive && gone_us < 3u * half_us
        && app->now_us + half_us > due_us && app->now_us < due_us + half_us / 2u;
}

/* With no drive all velocities are 0: the goals hold, near where the joints are. */
static void move_goals(app_state *app, uint64_t gone_us)
{
    const uint64_t dt_us = gone_us < APP_LATE_US ? gone_us : APP_LATE_US;
    float measured_deg[CORE_MAX_JOINTS];
    for (int32_t i = 0; i < CORE_MAX_JOINTS; i++) {
        const int32_t known = (app->motor.measured >> (unsigned)i & 1u) != 0;
        measured_deg[i] = known ? app->motor.position_deg[i] : NAN;
    }
    if (app->output.drive) {
        choose_grip(app);
    }
    const float dt_s = (float)dt_us * 1.0e-6f;
    (void)hand_process(&app->hand, &app->table, app->output.velocity, measured_deg, dt_s);
    app_touch_hold(app, dt_s);
}

static void cycle(app_state *app)
{
    const uint64_t gone_us = app->now_us - app->cycle_us;
    const uint64_t period_us = app->motor.cycle_us;
    uint8_t caps[CORE_MAX_JOINTS] = {0};
    if (!app->table_good || !motor_free(&app->motor)) {
        return;
    }
    if (app->now_us < (app->fresh ? app->cycle_us + period_us / 2u : app->due_us)
        || command_is_near(app, gone_us)) {
        return;
    }
    move_goals(app, gone_us);
    app->cycle_us = app->now_us;
    /* one that begins late does not put off the next: in the mean the period is kept */
    app->due_us = !app->fresh && app->now_us - app->due_us < period_us / 2u
        ? app->due_us + period_us
        : app->now_us + period_us;
    app->fresh = 0;
    (void)caps_process(&app->table, app->hand.grip, app->force_cap,
                       app->params.value[PARAMS_CURRENT], app->guard.state == GUARD_RELEASING, caps);
    motor_begin(&app->motor, app->hand.goal_deg, caps, app->sample, app->now_us);
    app->progress |= APP_SENSING;
}

void app_step(app_state *app)
{
    app->now_us = board_now_us();
    app_frontend(app); /* first: a frame has to be read soon after DRDY */
    link_receive(&app->link, app, app->now_us);
    app->progress |= APP_LINK;
    app_press(app);
    app_decode(app);
    find_faults(app);
    feel(app);
    tick(app);
    if (app->table_good) {
        const int32_t known = app->joined != 0; /* before, no goal means anything */
        /* actuators without a supply could not be set up in the self-test */
        board_drive_line(app->guard.state != GUARD_ESTOP);
        motor_power(&app->motor, app->output.power && known, app->now_us);
        motor_step(&app->motor, app->now_us);
        welcome(app);
        cycle(app);
    }
    log_watch(&app->log, app, app->now_us);
    link_send(&app->link, app, app->now_us);
    app_settle(app);
    if (app->progress == APP_ALL || !app->table_good) {
        app->progress = 0;
        board_watchdog_feed();
    }
}

uint32_t app_wait_us(const app_state *app)
{
    const uint64_t now_us = board_now_us();
    const uint64_t tick_us = (app->now_us / 1000u + 1u) * 1000u;
    const uint64_t next_us =
        app->due_us > app->now_us && app->due_us < tick_us ? app->due_us : tick_us;
    return next_us > now_us ? (uint32_t)(next_us - now_us) : 0u;
}
