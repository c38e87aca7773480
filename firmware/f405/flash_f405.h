/* SPDX-License-Identifier: MIT
 *
 * flash_f405: board_flash_* and board_image_* (board.h) in the chip's flash, 1 MB in 12 sectors:
 *
 *   0          16 kB   boot loader
 *   1, 2       16 kB   boot journal (app/boot.h)
 *   3          16 kB   free
 *   4, 5       64 + 128 kB    slot A
 *   6, 7       128 + 128 kB   slot B, of which 192 KiB are used, as many as A has
 *   8, 9       128 kB  blobs
 *   10, 11     128 kB  parameters
 */
#ifndef ENDPLATE_FLASH_F405_H
#define ENDPLATE_FLASH_F405_H

#include <stdint.h>

/* emulated: the flash ignores all writing, and the watchdog does not run. */
void flash_start(int32_t emulated);
uint32_t flash_slot_address(int32_t slot);

#endif
