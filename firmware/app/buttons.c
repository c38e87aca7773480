/* SPDX-License-Identifier: MIT */
#include "buttons.h"

#include "board.h"

static const struct {
    uint32_t button;
    uint32_t hold_ms;
} RULES[3] = {
    {BOARD_BUTTON_ESTOP, BUTTONS_ESTOP_MS},
    {BOARD_BUTTON_RELEASE, BUTTONS_RELEASE_MS},
    {BOARD_BUTTON_ARM, BUTTONS_ARM_MS},
};

void buttons_init(buttons_state *buttons)
{
    *buttons = (buttons_state){.told = BOARD_BUTTON_RELEASE | BOARD_BUTTON_ARM};
}

uint32_t buttons_process(buttons_state *buttons, uint32_t contacts, uint32_t now_ms)
{
    uint32_t effective = 0;
    for (int32_t i = 0; i < 3; i++) {
        const uint32_t button = RULES[i].button;
        if ((contacts & button) == 0u) {
            buttons->told &= ~button;
        } else if ((buttons->pressed & button) == 0u) {
            buttons->since_ms[i] = now_ms;
        } else if ((buttons->told & button) == 0u
                   && now_ms - buttons->since_ms[i] >= RULES[i].hold_ms) {
            buttons->told |= button;
            effective |= button;
        } else {
            /* waits, or has had its effect */
        }
    }
    buttons->pressed = contacts;
    return effective;
}
