/* SPDX-License-Identifier: MIT
 *
 * flash_f405: the last two sectors of the chip's flash, kept free by f405.ld, as board_flash_* (board.h).
 */
#ifndef ENDPLATE_FLASH_F405_H
#define ENDPLATE_FLASH_F405_H

#include <stdint.h>

/* emulated: the flash ignores all writing, and the watchdog does not run. */
void flash_start(int32_t emulated);

#endif
