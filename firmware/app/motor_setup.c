/* SPDX-License-Identifier: MIT
 *
 * motor_setup: one actuator from power-up to ready, a register at a time, each write acknowledged. SETUP is the document.
 */
#include "motor.h"

#include <string.h>

enum { CURRENT_BASED_POSITION = 5 }; /* position control whose current never exceeds goal current */

typedef struct setup_step {
    uint8_t instruction;
    uint8_t address;
    uint8_t length; /* of the value written, or of the value read */
    uint8_t wanted; /* what is written, setup_value */
} setup_step;

enum setup_value { NOTHING, OFF, MODE, CLEAR, CURRENT, PROFILE, HERE, WATCHDOG };

static const setup_step SETUP[] = {
    {DXL_PING, 0, 3, NOTHING}, /* model u16, version u8 */
    {DXL_WRITE, MOTOR_TORQUE, 1, OFF}, /* EEPROM can be written, and nothing moves while we set up */
    {DXL_READ, MOTOR_OPERATING_MODE, 1, NOTHING},
    {DXL_WRITE, MOTOR_OPERATING_MODE, 1, MODE}, /* skipped when it is so already: EEPROM wears */
    {DXL_WRITE, MOTOR_BUS_WATCHDOG, 1, CLEAR}, /* after a trip goals are read-only until this */
    {DXL_WRITE, MOTOR_GOAL_CURRENT, 2, CURRENT},
    {DXL_WRITE, MOTOR_PROFILE, 8, PROFILE}, /* a second bound of the speed, in the actuator itself */
    {DXL_READ, MOTOR_PRESENT, 10, NOTHING},
    {DXL_WRITE, MOTOR_GOAL_POSITION, 4, HERE}, /* so that torque on moves nothing */
    {DXL_WRITE, MOTOR_BUS_WATCHDOG, 1, WATCHDOG},
};

enum { STEPS = sizeof SETUP / sizeof SETUP[0], READS_MODE = 2, READS_PRESENT = 7 };

static void put(uint8_t *at, uint32_t value, int32_t bytes)
{
    for (int32_t i = 0; i < bytes; i++) {
        at[i] = (uint8_t)(value >> (8 * i) & 255u);
    }
}

static void fill(const motor_axis *axis, uint8_t wanted, uint8_t *at)
{
    switch (wanted) {
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
        at[0] = MOTOR_WATCHDOG;
        break;
    default:
        at[0] = 0; /* OFF, CLEAR */
        break;
    }
}

int32_t motor_setup_packet(motor_axis *axis, uint8_t *out, int32_t capacity)
{
    const setup_step *step = &SETUP[axis->step < STEPS ? axis->step : 0];
    uint8_t parameters[2 + 8] = {0};
    int32_t n = 0;
    if (step->instruction != DXL_PING) {
        put(parameters, step->address, 2);
        n = 2;
        if (step->instruction == DXL_READ) {
            put(parameters + 2, step->length, 2);
            n += 2;
        } else {
            fill(axis, step->wanted, parameters + 2);
            n += step->length;
        }
    }
    return dxl_packet(axis->id, step->instruction, parameters, n, out, capacity);
}

int32_t motor_setup_reply_length(const motor_axis *axis)
{
    const setup_step *step = &SETUP[axis->step < STEPS ? axis->step : 0];
    return step->instruction == DXL_WRITE ? 0 : step->length;
}

void motor_setup_reply(motor_axis *axis, const dxl_status *status)
{
    if ((status->error & DXL_ERROR_MASK) != 0) {
        axis->step = 0; /* it refused: from the start again */
        return;
    }
    if (axis->step == READS_PRESENT) {
        axis->present_ticks = (int32_t)((uint32_t)status->parameters[6] | (uint32_t)status->parameters[7] << 8
                                        | (uint32_t)status->parameters[8] << 16 | (uint32_t)status->parameters[9] << 24);
        axis->goal_ticks = axis->present_ticks;
    }
    axis->step = (uint8_t)(axis->step + 1);
    if (axis->step == READS_MODE + 1 && status->parameters[0] == CURRENT_BASED_POSITION) {
        axis->step = (uint8_t)(axis->step + 1);
    }
    if (axis->step >= STEPS) {
        axis->step = MOTOR_READY;
    }
}
