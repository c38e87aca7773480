/* SPDX-License-Identifier: MIT
 *
 * touch_f405: force inputs on ADC1 and the tactor on timer 4, as board_touch and board_tactor
 * (board.h). Not run on silicon; QEMU has neither, and there every input is absent.
 *
 *   PA4, PA5, PA6, PA7, PC4   ADC1 inputs 4, 5, 6, 7, 14: force channels 0 to 4
 *   PB8                       TIM4 CH3: tactor, 20 kHz, through a low-side FET
 */
#ifndef ENDPLATE_TOUCH_F405_H
#define ENDPLATE_TOUCH_F405_H

#include <stdint.h>

void touch_start(int32_t emulated);

#endif
