/* SPDX-License-Identifier: MIT
 *
 * buttons_f405: board_buttons of the board. Not called in QEMU.
 */
#ifndef ENDPLATE_BUTTONS_F405_H
#define ENDPLATE_BUTTONS_F405_H

void buttons_start(void);

#endif
