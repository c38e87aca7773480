/* SPDX-License-Identifier: MIT
 *
 * motor: see motor.h. Here: one function per job; the sequencer. Replies are in
 * motor_reply.c, the set-up in motor_setup.c.
 */
#include "motor.h"

#include "board.h"

#include <string.h>

#define BIT(i) (1u << (unsigned)(i))

/* above the fastest goal, so that the profile is a bound and no brake */
static const float PROFILE_MARGIN = 1.25f;
/* a joint can be bent beyond its limits, to its stops, and a hand file be out by some degrees */
static const float BEYOND_DEG = 15.0f;

static int32_t nearest(float x)
{
    if (!(x > -1.0e8f && x < 1.0e8f)) { /* NaN too: the conversion would be undefined */
        return 0;
    }
    return (int32_t)(x < 0.0f ? x - 0.5f : x + 0.5f);
}

void motor_init(motor_state *motor, const hand_config *hand, uint32_t cycle_us, uint64_t now_us)
{
    memset(motor, 0, sizeof *motor);
    dxl_parser_init(&motor->parser);
    motor->cycle_us = cycle_us;
    motor->patience = board_patience();
    motor->axes = hand->joints;
    for (int32_t i = 0; i < hand->joints; i++) {
        const hand_joint *joint = &hand->joint[i];
        motor_axis *axis = &motor->axis[i];
        axis->id = joint->actuator;
        axis->direction = joint->direction;
        axis->ticks_per_deg = (float)joint->direction * joint->gear * MOTOR_TICKS_PER_DEG;
        axis->zero_ticks = joint->zero_deg * MOTOR_TICKS_PER_DEG;
        axis->profile_velocity =
            nearest(joint->speed_dps * joint->gear * PROFILE_MARGIN / MOTOR_DPS_PER_UNIT) + 1;
        axis->current_ma = (uint16_t)nearest(joint->current_ma);
        axis->cap_ma = axis->current_ma;
        axis->heard_us = now_us;
        const float least = axis->zero_ticks + (joint->min_deg - BEYOND_DEG) * axis->ticks_per_deg;
        const float most = axis->zero_ticks + (joint->max_deg + BEYOND_DEG) * axis->ticks_per_deg;
        axis->least_ticks = nearest(least < most ? least : most);
        axis->most_ticks = nearest(least < most ? most : least);
    }
}

/* ---- jobs: each writes its packet and says whether there was anything to do ---- */

static int32_t sync_write(motor_state *motor, uint8_t address, int32_t width, uint32_t axes)
{
    uint8_t parameters[4 + MOTOR_MAX * 5] = {address, 0, (uint8_t)width, 0};
    int32_t n = 4;
    for (int32_t i = 0; i < motor->axes; i++) {
        const motor_axis *axis = &motor->axis[i];
        const uint32_t value = address == MOTOR_GOAL_POSITION ? (uint32_t)axis->goal_ticks
            : address == MOTOR_GOAL_CURRENT                  ? axis->cap_ma
                                                             : 1u;
        if ((axes & BIT(i)) == 0) {
            continue;
        }
        parameters[n++] = axis->id;
        for (int32_t b = 0; b < width; b++) {
            parameters[n++] = (uint8_t)(value >> (8 * b) & 255u);
        }
    }
    motor->out_n =
        n > 4 ? dxl_packet(DXL_BROADCAST, DXL_SYNC_WRITE, parameters, n, motor->out, DXL_MAX_PACKET)
              : 0;
    return motor->out_n > 0;
}

/* The actuators whose turn it is: every third, beginning with another one each cycle. */
static uint32_t read_axes(const motor_state *motor)
{
    uint32_t axes = 0;
    for (int32_t i = (int32_t)(motor->reads % MOTOR_TURNS); i < motor->axes; i += MOTOR_TURNS) {
        axes |= BIT(i);
    }
    return axes;
}

/* Replies come in the order asked for, and an actuator waits for the one before it: every other
 * round asks backwards, so that a silent one hides nobody for long. */
static int32_t sync_read(motor_state *motor, uint8_t address, uint8_t width, uint32_t axes)
{
    uint8_t parameters[4 + MOTOR_MAX] = {address, 0, width, 0};
    int32_t n = 4;
    axes &= motor->present;
    for (int32_t k = 0; k < motor->axes; k++) {
        const int32_t i = (motor->reads / MOTOR_TURNS & 1u) != 0 ? motor->axes - 1 - k : k;
        if ((axes & BIT(i)) != 0) {
            parameters[n++] = motor->axis[i].id;
        }
    }
    motor->expected = axes;
    motor->expected_length = width;
    motor->out_n =
        n > 4 ? dxl_packet(DXL_BROADCAST, DXL_SYNC_READ, parameters, n, motor->out, DXL_MAX_PACKET)
              : 0;
    return motor->out_n > 0;
}

enum { SLOW_JOBS = MOTOR_SLOW_CLOCK - MOTOR_SLOW_POWER + 1 };

/* The axes whose turn it is in the slow reads. */
static uint32_t slow_axes(const motor_state *motor)
{
    return (BIT(MOTOR_SLOW_AXES) - 1u) << (motor->slow / SLOW_JOBS * MOTOR_SLOW_AXES);
}

static int32_t stop(motor_state *motor)
{
    static const uint8_t OFF[3] = {MOTOR_TORQUE, 0, 0};
    motor->out_n = dxl_packet(DXL_BROADCAST, DXL_WRITE, OFF, 3, motor->out, DXL_MAX_PACKET);
    return 1;
}

static int32_t torque_on(motor_state *motor)
{
    uint32_t without = 0;
    for (int32_t i = 0; i < motor->axes; i++) {
        if ((motor->present & BIT(i)) != 0 && !motor->axis[i].torque) {
            without |= BIT(i);
            motor->axis[i].torque = 1;
        }
    }
    return motor->power && sync_write(motor, MOTOR_TORQUE, 1, without);
}

static int32_t set_up(motor_state *motor, uint64_t now_us)
{
    const uint32_t all = BIT(motor->axes) - 1u;
    if ((motor->present & all) == all || now_us < motor->setup_us
        || now_us - motor->began_us >= motor->cycle_us / 4u * 3u) {
        return 0;
    }
    while ((motor->present & BIT(motor->setup_axis)) != 0) {
        motor->setup_axis = (motor->setup_axis + 1) % motor->axes;
    }
    motor_axis *axis = &motor->axis[motor->setup_axis];
    motor->expected = BIT(motor->setup_axis);
    motor->expected_length = motor_setup_reply_length(axis);
    motor->out_n = motor_setup_packet(axis, motor->patience, now_us, motor->out, DXL_MAX_PACKET);
    return motor->out_n > 0;
}

/* Writes the packet of a job; 0 when the job has nothing to do. */
static int32_t prepare(motor_state *motor, int32_t job, uint64_t now_us)
{
    motor->out_n = 0;
    motor->out_sent = 0;
    motor->expected = 0;
    switch (job) {
    case MOTOR_STOP:
        return stop(motor);
    case MOTOR_GOALS:
        return motor->power && sync_write(motor, MOTOR_GOAL_POSITION, 4, motor->present);
    case MOTOR_CAPS:
        return sync_write(motor, MOTOR_GOAL_CURRENT, 2, motor->present);
    case MOTOR_TORQUE_ON:
        return motor->power && torque_on(motor);
    case MOTOR_READ:
        return sync_read(motor, MOTOR_PRESENT, 10, read_axes(motor));
    case MOTOR_SLOW_POWER:
        return sync_read(motor, MOTOR_VOLTAGE, 3, slow_axes(motor));
    case MOTOR_SLOW_TORQUE:
        return sync_read(motor, MOTOR_TORQUE, MOTOR_HARDWARE_ERROR - MOTOR_TORQUE + 1,
                         slow_axes(motor));
    case MOTOR_SLOW_WATCHDOG:
        return sync_read(motor, MOTOR_BUS_WATCHDOG, 2, slow_axes(motor));
    case MOTOR_SLOW_CLOCK:
        return sync_read(motor, MOTOR_CLOCK, 4, slow_axes(motor));
    case MOTOR_SETUP:
        return set_up(motor, now_us);
    default:
        return 0;
    }
}

/* ---- the sequencer ---- */

static void missed(motor_state *motor, uint64_t now_us)
{
    for (int32_t i = 0; i < motor->axes; i++) {
        if ((motor->expected & BIT(i)) == 0) {
            continue;
        }
        const uint64_t silent_us = now_us - motor->axis[i].heard_us;
        if (motor->job == MOTOR_SETUP) { /* absent: try the next one; not an error of the bus */
            motor->axis[i].step = 0;
            motor->setup_axis = (i + 1) % motor->axes;
            motor->setup_us = motor->present != 0 ? now_us + MOTOR_RETRY_US : now_us;
            motor->heard &= silent_us >= MOTOR_GONE_US ? ~BIT(i) : ~0u;
            continue;
        }
        motor->errors++;
        if (silent_us >= (uint64_t)MOTOR_SILENT_US * motor->patience) {
            motor_lose(motor, i);
            motor->heard &= ~BIT(i);
        }
    }
    motor->expected = 0;
}

/* The last bit of a packet has gone. */
static void sent(motor_state *motor, uint64_t now_us)
{
    motor->out_n = 0;
    motor->asked_us = now_us;
    motor->deadline_us = now_us + (uint64_t)MOTOR_REPLY_US * motor->patience;
    if (motor->job == MOTOR_STOP && motor->stopped_us == 0) {
        motor->stopped_us = now_us;
    }
    if (motor->job == MOTOR_GOALS && motor->sample != motor->applied_sample) {
        motor->applied_sample = motor->sample;
        motor->applied_us = now_us;
    }
}

static void begin_job(motor_state *motor, uint64_t now_us)
{
    motor->job = MOTOR_IDLE;
    if (motor->stop > 0 && now_us >= motor->stop_us) {
        motor->stop--;
        motor->stop_us = now_us + MOTOR_STOP_AGAIN_US;
        motor->job = MOTOR_STOP;
        (void)prepare(motor, MOTOR_STOP, now_us);
        return;
    }
    for (int32_t job = MOTOR_STOP; job <= MOTOR_SETUP; job++) {
        if ((motor->todo & BIT(job)) == 0) {
            continue;
        }
        if (prepare(motor, job, now_us)) {
            motor->job = job;
            if (job != MOTOR_SETUP) {
                motor->todo &= ~BIT(job);
            }
            return;
        }
        motor->expected = 0;
        motor->todo &= ~BIT(job);
    }
}

int32_t motor_free(const motor_state *motor)
{
    return motor->job == MOTOR_IDLE && motor->todo == 0;
}

void motor_begin(motor_state *motor, const float *goal_deg, const uint8_t *caps, uint32_t sample,
                 uint64_t now_us)
{
    motor->began_us = now_us;
    motor->sample = sample;
    motor->cycles++;
    motor->todo = BIT(MOTOR_SETUP);
    if (motor->power) {
        motor->todo |= BIT(MOTOR_GOALS) | BIT(MOTOR_TORQUE_ON) | BIT(MOTOR_READ);
    } else if (motor->cycles % MOTOR_OFF_EVERY == 0) {
        /* the time is the set-up's; this keeps the bus watchdog fed */
        motor->todo |= BIT(MOTOR_STOP) | BIT(MOTOR_READ);
    }
    for (int32_t i = 0; i < motor->axes; i++) {
        motor_axis *axis = &motor->axis[i];
        if ((motor->present & BIT(i)) != 0 && now_us >= axis->good_us) {
            motor->doubted &= ~BIT(i);
        }
        const uint32_t cap_254 = caps[i] < 254 ? caps[i] : 254u;
        const uint16_t cap = (uint16_t)(axis->current_ma * cap_254 / 254u);
        motor->goal_deg[i] = goal_deg[i];
        axis->goal_ticks = nearest(axis->zero_ticks + goal_deg[i] * axis->ticks_per_deg);
        if (cap != axis->cap_ma) {
            axis->cap_ma = cap;
            motor->todo |= BIT(MOTOR_CAPS);
        }
    }
    if ((motor->todo & BIT(MOTOR_READ)) != 0) {
        motor->reads++;
        if ((motor->reads & 1u) == 0) {
            motor->slow++;
            if (motor->slow / SLOW_JOBS * MOTOR_SLOW_AXES >= motor->axes) {
                motor->slow = 0;
                motor->todo |= BIT(MOTOR_CAPS); /* no reply says that the last ones came */
            }
            motor->todo |= BIT(MOTOR_SLOW_POWER + motor->slow % SLOW_JOBS);
        }
    }
    motor_step(motor, now_us);
}

void motor_power(motor_state *motor, int32_t on, uint64_t now_us)
{
    if (on == motor->power) {
        return;
    }
    motor->power = on;
    if (on) {
        motor->stop = 0;
        return;
    }
    for (int32_t i = 0; i < motor->axes; i++) {
        motor->axis[i].torque = 0;
    }
    motor->stop = 2;
    motor->stop_us = now_us;
    motor->stopped_us = 0;
    motor_step(motor, now_us);
}

void motor_step(motor_state *motor, uint64_t now_us)
{
    motor_receive(motor, now_us);
    for (;;) {
        if (motor->out_n > 0) {
            motor->out_sent +=
                board_bus_write(motor->out + motor->out_sent, motor->out_n - motor->out_sent);
            if (motor->out_sent < motor->out_n || board_bus_sending()) {
                return;
            }
            sent(motor, now_us);
        }
        const int32_t urgent = motor->stop > 0 && now_us >= motor->stop_us;
        if (motor->job != MOTOR_IDLE && motor->expected != 0 && !urgent) {
            if (now_us < motor->deadline_us) {
                return;
            }
            missed(motor, now_us);
        }
        begin_job(motor, now_us);
        if (motor->job == MOTOR_IDLE) {
            return;
        }
    }
}
