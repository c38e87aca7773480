/* SPDX-License-Identifier: MIT
 *
 * frontend_pc: board_frontend_* with a simulated ADS1299 behind the SPI lines of the f405
 * (2.625 MHz), or with nothing there.
 */
#ifndef ENDPLATE_FRONTEND_PC_H
#define ENDPLATE_FRONTEND_PC_H

#include "ads1299_sim.h"

/* The chip's clock: CLOCK_MONOTONIC in the program, the test's in a test. */
int64_t frontend_clock_ns(void);
/* The moment `ns` of that clock, as board_now_us tells time. */
uint64_t frontend_board_us(int64_t ns);

/* `NAME=NUMBER`, a knob of ads1299_sim.h. 0: there is no such knob, or the number does not fit. */
int32_t frontend_fault(sim_faults *faults, const char *text);
/* Power comes. `rows`: the EMG; 0: no front end is there. Returns 0, or -1 with errno set. */
int frontend_power(const sim_faults *faults, const char *rows);
/* The earlier of `when_ns` and the next news of the front end. */
int64_t frontend_wake_ns(int64_t when_ns);
const ads1299_sim *frontend_chip(void);

#endif
