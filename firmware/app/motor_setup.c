/* SPDX-License-Identifier: MIT
 *
 * motor_setup: one actuator from power-up to ready, a register at a time, each write
 * acknowledged. SETUP is the document.
 */
#include "motor.h"

#include <string.h>

enum { CURRENT_BASED_POSITION = 5 }; /* position control whose current never exceeds goal current */
enum { ERROR_STEPS = 3 }; /* only of one whose answers bear an alert */

enum setup_value { NOTHING, OFF, ZERO, MODE, CURRENT, PROFILE, HERE, WATCHDOG };

typedef struct setup_step {
    uint8_t instruction;
    uint8_t address;
    uint8_t length; /* of the value written, or of the value read */
    uint8_t value;  /* what is written; of a read: skip the next step when this is what it holds */
} setup_step;

static const setup_step SETUP[] = {
    {DXL_PING, 0, 3, NOTHING},         /* model u16, version u8 */
    {DXL_WRITE, MOTOR_TORQUE, 1, OFF}, /* EEPROM can be written, and nothing moves meanwhile */
    {DXL_READ, MOTOR_HARDWARE_ERROR, 1, NOTHING},
    {DXL_READ, MOTOR_TEMPERATURE, 1, NOTHING}, /* no reboot now: from the start again */
    {DXL_REBOOT, 0, 0, NOTHING}, /* then it is silent for a while */
    {DXL_READ, MOTOR_RETURN_DELAY, 1, ZERO}, /* EEPROM wears: written only when it differs */
    {DXL_WRITE, MOTOR_RETURN_DELAY, 1, ZERO}, /* 0.5 ms an actuator as delivered */
    {DXL_READ, MOTOR_OPERATING_MODE, 1, MODE},
    {DXL_WRITE, MOTOR_OPERATING_MODE, 1, MODE},
    {DXL_WRITE, MOTOR_BUS_WATCHDOG, 1, ZERO}, /* after a trip goals are read-only until this */
    {DXL_WRITE, MOTOR_GOAL_CURRENT, 2, CURRENT},
    /* a second bound of the speed, in the actuator itself */
    {DXL_WRITE, MOTOR_PROFILE, 8, PROFILE},
    {DXL_READ, MOTOR_PRESENT, 10, NOTHING},
    {DXL_WRITE, MOTOR_GOAL_POSITION, 4, HERE}, /* so that torque on moves nothing */
    {DXL_WRITE, MOTOR_BUS_WATCHDOG, 1, WATCHDOG},
};

enum { STEPS = sizeof SETUP / sizeof SETUP[0] };

static void put(uint8_t *at, uint32_t value, int32_t bytes)
{
    for (int32_t i = 0; i < bytes; i++) {
        at[i] = (uint8_t)(value >> (8 * i) & 255u);
    }
}

static void fill(const motor_axis *axis, uint32_t patience, uint8_t value, uint8_t *at)
{
    switch (value) {
    case MODE:
        at[0] = CURRENT_BASED_POSITION;
        break;
    case CURRENT:
        put(at, axis->cap_ma, 2);
        break;
    case PROFILE:
        put(at, 0, 4); /* acceleration: as fast as it can */
        put(at + 4, (uint32_t)axis->profile_velocity, 4);
        break;
    case HERE:
        put(at, (uint32_t)axis->present_ticks, 4);
        break;
    case WATCHDOG:
        at[0] = (uint8_t)(MOTOR_WATCHDOG * patience); /* at most 127 */
        break;
    default:
        at[0] = 0; /* OFF, ZERO */
        break;
    }
}

/* The oldest of the last reboots is long ago, the error is not new, and the motor is cool. */
static int32_t may_reboot(const motor_axis *axis, uint64_t now_us)
{
    const uint64_t oldest_us = axis->reboot_us[axis->reboots];
    return axis->temperature < MOTOR_COOL_C && now_us - axis->error_us >= MOTOR_REBOOT_US
        && (oldest_us == 0 || now_us - oldest_us >= MOTOR_REBOOTS_US);
}

int32_t motor_within_reach(const motor_axis *axis, int32_t ticks)
{
    return ticks >= axis->least_ticks && ticks <= axis->most_ticks;
}

int32_t motor_setup_packet(motor_axis *axis, uint32_t patience, uint64_t now_us, uint8_t *out,
                           int32_t capacity)
{
    const setup_step *step = &SETUP[axis->step < STEPS ? axis->step : 0];
    uint8_t parameters[2 + 8] = {0};
    int32_t n = 0;
    if (step->instruction == DXL_REBOOT) { /* counts whether or not its answer is heard */
        axis->reboot_us[axis->reboots] = now_us;
        axis->reboots = (uint8_t)((axis->reboots + 1) % MOTOR_REBOOTS);
        axis->error_us = now_us;
    } else if (step->instruction != DXL_PING) {
        axis->asked_us = step->address == MOTOR_PRESENT ? now_us : axis->asked_us;
        put(parameters, step->address, 2);
        n = 2;
        if (step->instruction == DXL_READ) {
            put(parameters + 2, step->length, 2);
            n += 2;
        } else {
            fill(axis, patience, step->value, parameters + 2);
            n += step->length;
        }
    }
    return dxl_packet(axis->id, step->instruction, parameters, n, out, capacity);
}

int32_t motor_setup_reply_length(const motor_axis *axis)
{
    const setup_step *step = &SETUP[axis->step < STEPS ? axis->step : 0];
    return step->instruction == DXL_READ || step->instruction == DXL_PING ? step->length : 0;
}

void motor_setup_reply(motor_axis *axis, const dxl_status *status, uint64_t now_us)
{
    if (axis->step >= STEPS || (status->error & DXL_ERROR_MASK) != 0) {
        axis->step = 0; /* it refused: from the start again */
        return;
    }
    const setup_step *step = &SETUP[axis->step];
    uint8_t held = 0;
    if (step->address == MOTOR_HARDWARE_ERROR) {
        axis->hardware_error = status->parameters[0];
        axis->error_us = axis->error_us == 0 ? now_us : axis->error_us;
    }
    if (step->address == MOTOR_TEMPERATURE) {
        axis->temperature = status->parameters[0];
        axis->step = may_reboot(axis, now_us) ? (uint8_t)(axis->step + 1) : 0;
        return;
    }
    if (step->instruction == DXL_REBOOT) {
        axis->step = 0;
        return;
    }
    if (step->instruction == DXL_READ && step->address == MOTOR_PRESENT) {
        const uint8_t *at = status->parameters + 6;
        axis->present_ticks = (int32_t)((uint32_t)at[0] | (uint32_t)at[1] << 8
                                        | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24);
        axis->goal_ticks = axis->present_ticks;
        if (!motor_within_reach(axis, axis->present_ticks)) {
            axis->step = 0;
            return;
        }
    } else if (step->instruction == DXL_READ && step->value != NOTHING) {
        fill(axis, 1, step->value, &held);
        axis->step = (uint8_t)(axis->step + (status->parameters[0] == held));
    }
    if (step->address == MOTOR_TORQUE && (status->error & DXL_ALERT) == 0) {
        axis->hardware_error = 0;
        axis->error_us = 0;
        axis->step = (uint8_t)(axis->step + ERROR_STEPS);
    }
    axis->step = (uint8_t)(axis->step + 1);
    if (axis->step >= STEPS) {
        axis->step = MOTOR_READY;
    }
}
