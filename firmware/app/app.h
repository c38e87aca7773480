/* SPDX-License-Identifier: MIT
 *
 * app: the hand's program between board.h and the core; one struct holds all of it. One step, in
 * this order (app_step):
 *
 *     app_frontend   a sample of the hand's own electrodes, when they are the source: first, because
 *                    a frame has to be read soon after DRDY
 *   1 link_receive   bytes -> frames -> guard_raise, guard_command_take
 *     app_press      the buttons at the hand itself -> guard_raise, each millisecond
 *     app_decode     one sample of EMG a millisecond through the hand's own chain; its hops go the
 *                    way of a COMMAND when the parameter `decode` says so
 *   2 find_faults    what the actuators and the hand table say -> guard_set_faults, or the end of
 *                    the self-test
 *     feel           what motors and supply bear, and which actuators are good: once a motor
 *                    cycle, and at once when one is lost or good again, to guard_sense
 *     touch_step     what the fingertips feel, to the tactor: app_touch.c, as often
 *   3 guard_tick     every millisecond, and at once when 1 or 2 changed something
 *   4 motor_power    torque off goes out here, ahead of everything on the bus
 *   5 motor_step     replies of the actuators, the next packet of the cycle under way
 *   6 cycle          hand_process -> motor_begin: every board_cycle_us, or as soon as a fresh
 *                    command has come and half a period has passed; up to half a period later
 *                    when a command is about to come
 *   7 log_watch      what a person should know of
 *     link_send      answers, telemetry
 *   8 watchdog       fed when 1, 3 and 6 have all happened since the last time
 *
 * The guard stays in its self-test until all actuators are set up or APP_SELF_TEST_US (times
 * board_patience) have passed.
 * Nothing moves before: torque is off, and every goal begins where its joint stands.
 */
#ifndef ENDPLATE_APP_H
#define ENDPLATE_APP_H

#include "ads1299.h"
#include "blob.h"
#include "buttons.h"
#include "decode.h"
#include "guard.h"
#include "hand.h"
#include "link.h"
#include "log.h"
#include "motor.h"
#include "params.h"
#include "strain.h"
#include "tactor.h"
#include "touch.h"
#include "update.h"

enum app_times {
    APP_SELF_TEST_US = 1000000,
    APP_CONFIRM_US = 10000000,
    APP_RESTART_US = 20000, /* after the request, so that its answer gets out */
    APP_LATE_US = 50000 /* longest step of time that one cycle makes good */
};

enum app_mode { APP_HOLD = 0, APP_VELOCITY = 1, APP_POSITION = 2 }; /* of COMMAND */

enum app_progress { APP_LINK = 1, APP_CONTROL = 2, APP_SENSING = 4, APP_ALL = 7 };

typedef struct app_state {
    guard_config guard_config;
    guard_state guard;
    guard_output output;
    hand_state hand;
    strain_config strain_config;
    strain_state strain;
    touch_state touch;
    tactor_state tactor;
    uint64_t touch_said_us; /* when a broken sensor was last told in the log */
    motor_state motor;
    link_state link;
    params_state params;
    log_state log;
    buttons_state buttons;
    blob_state blob;
    decode_state decode;
    ads1299_state front;    /* the hand's own electrodes */
    int32_t front_tried;    /* they have been asked for since the parameters want them */
    int32_t front_error;    /* as last told in the log */
    uint32_t front_restarts;
    hand_config table; /* hand_table, with the grips in force */
    update_state update;

    uint64_t booted_us;
    uint64_t now_us;
    uint64_t cycle_us;      /* when the newest motor cycle began */
    uint64_t due_us;        /* when the next shall, if no fresh command asks for it */
    uint32_t ticked_ms;     /* of the newest guard_tick */
    int32_t table_good;     /* hand_check of the table that is compiled in */
    int32_t changed;        /* the guard has news: tick now */
    uint32_t felt;          /* motor cycle that strain has seen */
    uint32_t known;         /* actuators that were good then */
    uint32_t joined;        /* joints whose goal has been taken from where they stand */

    int32_t fresh;          /* a fresh command has not reached the motors yet */
    uint32_t command_us;    /* when the newest fresh command came */
    uint64_t fresh_us;      /* the same, not cut */
    uint64_t interval_us;   /* between it and the one before */
    uint32_t sample;        /* its EMG sample counter */
    int32_t grip;           /* wanted */
    int32_t rest_grip;      /* the parameter, as last taken over */
    uint8_t force_cap[CORE_MAX_DOF];
    uint32_t progress;      /* app_progress */
    uint32_t decoded_ms;    /* when a frame of EMG or a sample last had its turn */
    uint32_t decoded_us;    /* when a hop closed */
    uint64_t confirm_us;    /* not before: the next try to confirm an image on trial */
    uint64_t restart_us;    /* when to restart; 0: no such wish */
} app_state;

/* The hand this image was built for: compiled in from hw/hands by firmware/hand_table.py. */
extern const hand_config hand_table;
extern const uint32_t hand_table_hash;

enum { APP_MAJOR = 0, APP_MINOR = 1, APP_PATCH = 0 };

void app_init(app_state *app);
void app_step(app_state *app);
/* Until the next tick of the guard or motor cycle; bytes that come end the wait earlier. */
uint32_t app_wait_us(const app_state *app);

/* For link.c: a message that is an event of the guard; a command, with its grip and force caps. */
void app_event(app_state *app, int32_t event);
int32_t app_command(app_state *app, const guard_command *command, int32_t grip,
                    const uint8_t *caps);

/* app_touch.c. touch_step: once per reading of the actuators. touch_hold: after the goals of a cycle
 * have moved, lets the digits press harder when what they hold slips, while the guard lets them. */
void app_touch_step(app_state *app);
void app_touch_hold(app_state *app, float dt_s);

/* For link_param.c: takes over what was set. Only while the hand is disarmed or in fault. */
void app_params_changed(app_state *app);
/* For link_blob.c: what a commit may change; takes over another grip table. In the same states. */
blob_target app_blob_target(app_state *app);
void app_grips_changed(app_state *app);
int32_t app_decoding(const app_state *app); /* decode_mode */
/* Whether the guard may be driving: no chain begins then. */
int32_t app_moving(const app_state *app);
/* For app.c: one sample, at most, through the hand's own chain; one from its own electrodes. */
void app_decode(app_state *app);
void app_frontend(app_state *app);
/* Numbers of the parameter `emg_source`. */
enum { APP_EMG_FROM_LINK = 0, APP_OWN_ELECTRODES = 1 };

/* For link.c, link_update.c: whether the guard is in a state in which the hand may be changed, and
 * a restart soon if it still is then. */
int32_t app_may_change(const app_state *app);
void app_restart(app_state *app);
/* For app.c: the buttons, each millisecond; an image on trial that works, a restart that is due. */
void app_press(app_state *app);
void app_settle(app_state *app);

uint32_t app_ms(const app_state *app); /* the guard's clock */

#endif
