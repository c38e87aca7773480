/* SPDX-License-Identifier: MIT
 *
 * buttons_f405: the contacts each with a pull-up (hw/boards.md).
 *
 *   PC6  e-stop, normally closed to ground: high is pressed, or a broken wire
 *   PC7  release, normally open to ground: low is pressed
 *   PB11 arm, as release
 *
 * In QEMU every pin reads as 0: a closed e-stop contact, and the release button would be pressed; so
 * there are no buttons there.
 */
#include "board.h"
#include "buttons_f405.h"
#include "stm32f405.h"

enum { ESTOP_PIN = 6, RELEASE_PIN = 7, ARM_PIN = 11 };

static int32_t there;

void buttons_start(void)
{
    RCC_AHB1ENR |= RCC_GPIOC;
    GPIO_PUPDR(PORT_C) |= 1u << (2 * ESTOP_PIN) | 1u << (2 * RELEASE_PIN);
    GPIO_PUPDR(PORT_B) |= 1u << (2 * ARM_PIN);
    there = 1;
}

uint32_t board_buttons(void)
{
    uint32_t pressed = 0;
    if (there) {
        const uint32_t pins = GPIO_IDR(PORT_C);
        pressed |= (pins >> ESTOP_PIN & 1u) != 0u ? BOARD_BUTTON_ESTOP : 0u;
        pressed |= (pins >> RELEASE_PIN & 1u) == 0u ? BOARD_BUTTON_RELEASE : 0u;
        pressed |= (GPIO_IDR(PORT_B) >> ARM_PIN & 1u) == 0u ? BOARD_BUTTON_ARM : 0u;
    }
    return pressed;
}
