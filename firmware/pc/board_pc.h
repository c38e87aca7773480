/* SPDX-License-Identifier: MIT
 *
 * board_pc: what the Linux program was asked to be. See --help.
 */
#ifndef ENDPLATE_BOARD_PC_H
#define ENDPLATE_BOARD_PC_H

#include "ads1299_sim.h"

#include <stdint.h>

/* What SIGUSR1 makes hang: the loop, or what the watchdog waits for: the link (reading it never
 * ends), the motor bus (a packet never ends), the clock (it stands, and control with it). */
enum board_hang { HANG_LOOP, HANG_LINK, HANG_BUS, HANG_CLOCK, HANG_KINDS };

typedef struct board_options {
    const char *bus;
    const char *link_name; /* symbolic link to the pty, or 0 */
    const char *trace;     /* file, or 0 */
    const char *flash;     /* file, or 0 */
    const char *buttons;   /* file, or 0 */
    uint8_t reset_cause;   /* of the first boot: board_reset */
    int32_t no_brown_out;  /* board_has_brown_out_reset says no */
    const char *emg;       /* rows for the front end, or 0: there is none */
    sim_faults frontend;
    const char *touch;     /* file, or 0 */
    const char *bad_image; /* version, or 0 */
    int32_t power_cut;     /* flash operation at which it ends; 0: never */
    int32_t baud;
    int64_t clock_offset_us;
    double clock_ppm;
    uint32_t schema;
    int32_t has_schema;
    int32_t die_with_parent;
    int32_t hang; /* board_hang */
} board_options;

/* 0: go on. Else 1 + the exit status; the reason has been printed. */
int32_t board_options_read(board_options *options, int argc, char **argv);

/* flash_pc.c: board_flash_* in this file; what slots_pc.c needs of it. */
int32_t flash_open(const char *path, int32_t cut);
uint8_t *flash_slot(int32_t slot);
int32_t flash_program(uint8_t *at, uint32_t word);
int32_t flash_erase(uint8_t *from, int32_t sector);

/* slots_pc.c: an image for an empty flash; which slot runs from now on. */
void slots_make(uint8_t *slot_a);
void slots_boot(const char *bad);

/* buttons_pc.c: board_buttons from this file. */
int32_t buttons_open(const char *path);
/* touch_pc.c: the force inputs, as the simulated mechanics write them into this file: 8 x u16. */
int32_t touch_open(const char *path);

struct app_state;
/* trace.c: one JSON line per motor cycle and per change of the guard's state. */
int32_t trace_open(const char *path, int32_t go_on); /* behind what is there, after a reset */
void trace_step(const struct app_state *app);

#endif
