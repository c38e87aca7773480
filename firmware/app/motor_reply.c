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
    motor->resets++;
}

static void take_present(motor_state *motor, int32_t i, const uint8_t *at)
{
    motor_axis *axis = &motor->axis[i];
    const float direction = (float)axis->direction;
    axis->present_ticks = (int32_t)u32_at(at + 6);
    const float ticks = (float)axis->present_ticks;
    motor->position_deg[i] = (ticks - axis->zero_ticks) / axis->ticks_per_deg;
    motor->velocity_dps[i] = (float)(int32_t)u32_at(at + 2) * MOTOR_DPS_PER_UNIT
                             * MOTOR_TICKS_PER_DEG / axis->ticks_per_deg;
    motor->current_ma[i] = direction * (float)(int16_t)(at[0] | at[1] << 8);
    motor->measured |= BIT(i);
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
    if ((motor->expected & BIT(i)) == 0 || status->length != motor->expected_length) {
        /* late: counted as missing when its time was over; lengths differ so that none is taken
         * for another */
        return;
    }
    motor->expected &= ~BIT(i);
    if ((status->error & DXL_ERROR_MASK) != 0) {
        motor->errors++;
    }
    switch (motor->job) {
    case MOTOR_READ:
        take_present(motor, i, status->parameters);
        break;
    case MOTOR_SLOW_POWER:
        axis->voltage = (uint8_t)(status->parameters[1] != 0 ? 255 : status->parameters[0]);
        axis->temperature = status->parameters[2];
        break;
    case MOTOR_SLOW_TORQUE:
        axis->hardware_error = status->parameters[MOTOR_HARDWARE_ERROR - MOTOR_TORQUE];
        if (axis->torque && status->parameters[0] == 0) {
            motor_lose(motor, i); /* it reset, or switched itself off */
        }
        break;
    case MOTOR_SLOW_WATCHDOG:
        if (status->parameters[0] == 0xFF) {
            /* it heard nothing for too long, and takes no goals until it is set up again */
            motor_lose(motor, i);
        }
        break;
    case MOTOR_SETUP:
        motor_setup_reply(axis, status);
        if (axis->step == MOTOR_READY) {
            motor->present |= BIT(i);
            motor->joined |= BIT(i);
            motor->position_deg[i] =
                ((float)axis->present_ticks - axis->zero_ticks) / axis->ticks_per_deg;
            motor->measured |= BIT(i);
        }
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
