/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * frontend_memory: the simulated ADS1299 (firmware/pc/ads1299_sim.h) inside the STM32F405 image, in
 * the place of frontend_f405.c: QEMU has neither the chip nor its DMA. The driver, the chain and all
 * above them are the image's own. What the electrodes pick up stands in the flash at ROWS, where the
 * test loads it: the number of rows, then rows as ads1299_sim.h wants them.
 */
#include "frontend_f405.h"

#include "board.h"
#include "frontend_pc.h"

#include <string.h>

enum { ROWS = 0x08040000, HANDLE = 3, SOON_NS = 200000 };

int _open(const char *path, int flags, ...);
int _read(int handle, char *bytes, int n);

static uint32_t taken;

int _open(const char *path, int flags, ...)
{
    (void)path;
    (void)flags;
    taken = 0;
    return HANDLE;
}

int _read(int handle, char *bytes, int n)
{
    const uint32_t size = *(const uint32_t *)ROWS * 4u * SIM_CHANNELS;
    const uint32_t left = size - taken;
    const uint32_t give = left < (uint32_t)n ? left : (uint32_t)n;
    (void)handle; /* the rows are all that is ever opened */
    memcpy(bytes, (const uint8_t *)ROWS + 4u + taken, give);
    taken += give;
    return (int)give;
}

int64_t frontend_clock_ns(void)
{
    return (int64_t)board_now_us() * 1000;
}

uint64_t frontend_board_us(int64_t ns)
{
    return (uint64_t)(ns / 1000);
}

void frontend_start(int32_t emulated)
{
    sim_faults none;
    (void)emulated;
    sim_defaults(&none);
    (void)frontend_power(&none, "rows");
}

/* Decoding takes a step a millisecond: with fewer its samples wait, until the queue is full. */
uint32_t frontend_emulated_tick_ms(void)
{
    return 1u;
}

/* No interrupt tells of this chip: the ticks do, and then nobody sleeps until its sample has
 * come. */
int32_t frontend_has_news(void)
{
    return frontend_wake_ns(INT64_MAX) <= frontend_clock_ns() + SOON_NS;
}
