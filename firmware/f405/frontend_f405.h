/* SPDX-License-Identifier: MIT
 *
 * frontend_f405: board_frontend_* (board.h) on SPI2, moved by DMA: a frame of 27 bytes takes 82 us of
 * the line and some microseconds of the processor. Not run on silicon yet. QEMU has no DMA and no
 * such chip: a transfer there never ends, and ads1299.c says "not found".
 *
 *   PB13 SCK, PB14 MISO, PB15 MOSI   SPI2, mode 1, 42 MHz / 16 = 2.625 MHz: a byte takes 3.0 us
 *   PB9  chip select   PC2  DRDY, falling edge on EXTI2   PC3  RESET
 */
#ifndef ENDPLATE_FRONTEND_F405_H
#define ENDPLATE_FRONTEND_F405_H

#include <stdint.h>

/* emulated: there are no pins. After the clocks. */
void frontend_start(int32_t emulated);
/* 1: ads1299.c has something to do now; do not sleep. */
int32_t frontend_has_news(void);
/* Between two ticks of an emulator, where each costs 0.2 ms. */
uint32_t frontend_emulated_tick_ms(void);

#endif
