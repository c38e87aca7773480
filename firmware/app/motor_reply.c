/* SPDX-License-Identifier: MIT
 *
 * motor_reply: what the actuators answer, put where it belongs. See motor.h.
 */
#include "board.h"
#include "motor.h"

#define BIT(i) (1u << (unsigned)(i))

static uint32_t u32_at(const uint8_t *at)
{
    return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

void motor_lose(motor_state *motor, int32_t i)
{
    motor->axis[i].step = 0;
    motor->axis[i].torque = 0;
    motor->present &= ~BIT(i);
    motor->measured &= ~BIT(i);
    motor->doubted |= BIT(i);
    motor->resets++;
    motor->setup_axis = i; /* it may still pull: its torque goes off first */
    motor->setup_us = 0;
}

/* Whether a position can be true: the joint can have it, and the motor turned no faster than it can
 * since the last one was asked for, which is before that was measured. */
static int32_t credible(const motor_axis *axis, int32_t ticks, uint64_t now_us)
{
    const float moved = (float)ticks - (float)axis->present_ticks;
    const float most = (float)(now_us - axis->asked_us) * MOTOR_MOST_TICKS_PER_US
                       + (float)MOTOR_FEW_TICKS;
    return motor_within_reach(axis, ticks) && moved <= most && moved >= -most;
}

static void take_present(motor_state *motor, int32_t i, const uint8_t *at, uint64_t now_us)
{
    motor_axis *axis = &motor->axis[i];
    const float direction = (float)axis->direction;
    const int32_t present = (int32_t)u32_at(at + 6);
    if (!credible(axis, present, now_us)) {
        motor_lose(motor, i);
        return;
    }
    axis->present_ticks = present;
    axis->asked_us = motor->asked_us;
    const float ticks = (float)axis->present_ticks;
    motor->position_deg[i] = (ticks - axis->zero_ticks) / axis->ticks_per_deg;
    motor->velocity_dps[i] = (float)(int32_t)u32_at(at + 2) * MOTOR_DPS_PER_UNIT
                             * MOTOR_TICKS_PER_DEG / axis->ticks_per_deg;
    motor->current_ma[i] = direction * (float)(int16_t)(at[0] | at[1] << 8);
    motor->measured |= BIT(i);
}

/* The clock of an actuator that measures moves on; one that repeats what it said before is frozen. */
static void take_clock(motor_state *motor, int32_t i, int32_t clock)
{
    if (clock == motor->axis[i].clock) {
        motor_lose(motor, i);
    } else {
        motor->axis[i].clock = clock;
    }
}

static void take_setup(motor_state *motor, int32_t i, const dxl_status *status, uint64_t now_us)
{
    motor_axis *axis = &motor->axis[i];
    motor_setup_reply(axis, status, now_us);
    if (axis->step == 0) { /* it waits, or refused: the others have their turn */
        motor->setup_axis = (i + 1) % motor->axes;
        motor->setup_us = motor->present != 0 ? now_us + MOTOR_RETRY_US : now_us;
    }
    if (axis->step == MOTOR_READY) {
        motor->present |= BIT(i);
        motor->joined |= BIT(i);
        motor->todo |= BIT(MOTOR_CAPS); /* they may have changed in the midst of its set-up */
        motor->position_deg[i] =
            ((float)axis->present_ticks - axis->zero_ticks) / axis->ticks_per_deg;
        motor->measured |= BIT(i);
        axis->clock = -1;
        axis->good_us = now_us + MOTOR_TRUST_US;
    }
}

static void take_reply(motor_state *motor, const dxl_status *status, uint64_t now_us)
{
    int32_t i = 0;
    while (i < motor->axes && motor->axis[i].id != status->id) {
        i++;
    }
    if (i == motor->axes) {
        motor->errors++;
        return;
    }
    motor_axis *axis = &motor->axis[i];
    axis->heard_us = now_us;
    motor->heard |= BIT(i);
    if ((motor->expected & BIT(i)) == 0 || status->length != motor->expected_length) {
        /* late: counted as missing when its time was over; lengths differ so that none is taken
         * for another */
        return;
    }
    motor->expected &= ~BIT(i);
    if ((status->error & DXL_ERROR_MASK) != 0) {
        motor->errors++;
    }
    if ((status->error & DXL_ALERT) != 0 && motor->job != MOTOR_SETUP) {
        motor_lose(motor, i); /* the set-up asks what it is */
        return;
    }
    switch (motor->job) {
    case MOTOR_READ:
        take_present(motor, i, status->parameters, now_us);
        break;
    case MOTOR_SLOW_POWER:
        axis->voltage = (uint8_t)(status->parameters[1] != 0 ? 255 : status->parameters[0]);
        axis->temperature = status->parameters[2];
        break;
    case MOTOR_SLOW_TORQUE:
        axis->hardware_error = status->parameters[MOTOR_HARDWARE_ERROR - MOTOR_TORQUE];
        if (axis->hardware_error != 0 || (axis->torque && status->parameters[0] == 0)) {
            motor_lose(motor, i); /* it reset, or switched itself off */
        }
        break;
    case MOTOR_SLOW_WATCHDOG:
        if (status->parameters[0] == 0xFF) {
            /* it heard nothing for too long, and takes no goals until it is set up again */
            motor_lose(motor, i);
        }
        break;
    case MOTOR_SLOW_CLOCK:
        take_clock(motor, i, status->parameters[0] | status->parameters[1] << 8);
        break;
    case MOTOR_SETUP:
        take_setup(motor, i, status, now_us);
        break;
    default:
        break;
    }
}

void motor_receive(motor_state *motor, uint64_t now_us)
{
    uint8_t bytes[64];
    dxl_status status;
    /* bounded: a bus that babbles does not hold up the rest */
    for (int32_t turn = 0; turn < 8; turn++) {
        const int32_t n = board_bus_read(bytes, (int32_t)sizeof bytes);
        int32_t at = 0;
        while (at < n) {
            int32_t used = 0;
            if (dxl_feed(&motor->parser, bytes + at, n - at, &used, &status)) {
                take_reply(motor, &status, now_us);
            }
            at += used;
        }
        if (n < (int32_t)sizeof bytes) {
            return;
        }
    }
}
