/* SPDX-License-Identifier: MIT
 *
 * buttons: what a person can do at the hand itself, without a host. board_buttons gives the contacts
 * as they are; here they become events of the guard.
 *
 *   e-stop    its contact opens when it is pressed, and so does a broken wire: pressed for
 *             BUTTONS_ESTOP_MS, ESTOP. Looked at from the first step on
 *   arm       held for BUTTONS_ARM_MS: on or off, once a press
 *   release   pressed for BUTTONS_RELEASE_MS: RELEASE, once a press
 *
 * One that is pressed at power-up, or stuck, has no effect before it has been let go; but for the e-stop.
 */
#ifndef ENDPLATE_BUTTONS_H
#define ENDPLATE_BUTTONS_H

#include <stdint.h>

enum buttons_times {
    BUTTONS_ESTOP_MS = 2, /* with a tick of 1 ms: seen twice, so that one disturbed reading is none */
    BUTTONS_RELEASE_MS = 30,
    BUTTONS_ARM_MS = 1000 /* nobody leans on it for so long by chance */
};

typedef struct buttons_state {
    uint32_t pressed;  /* board_button, at the newest look */
    uint32_t since_ms[3];
    uint32_t told;     /* presses that have had their event */
} buttons_state;

void buttons_init(buttons_state *buttons);
/* `contacts`: board_buttons now. Returns the bits of the buttons whose press takes effect now. */
uint32_t buttons_process(buttons_state *buttons, uint32_t contacts, uint32_t now_ms);

#endif
