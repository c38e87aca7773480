/* SPDX-License-Identifier: MIT
 *
 * board: what a board must give to the application. One implementation is linked into each image
 * (pc/board_pc.c, f405/board_f405.c). Nothing here blocks except board_idle and the flash.
 *
 * Clocks are microseconds since some moment before boot, monotonic, 64 bits; what goes on the
 * wire are their lower 32.
 */
#ifndef ENDPLATE_BOARD_H
#define ENDPLATE_BOARD_H

#include <stdint.h>

struct app_state;

/* Why the program began, the numbers of HELLO_ACK (protocol/SPEC.md). */
enum board_reset {
    BOARD_RESET_UNKNOWN = 0,
    BOARD_RESET_POWER = 1,
    BOARD_RESET_PIN = 2,
    BOARD_RESET_BROWN_OUT = 3,
    BOARD_RESET_WATCHDOG = 4,
    BOARD_RESET_SOFTWARE = 5
};

/* Prepares clock, link, bus. 0, or the exit status of a program that cannot begin (pc: it has
 * said why). */
int32_t board_start(int argc, char **argv);

uint64_t board_now_us(void);

/* The line to the host. Return how many bytes were read or taken; a write takes what fits now,
 * perhaps nothing. */
int32_t board_link_read(uint8_t *bytes, int32_t capacity);
int32_t board_link_write(const uint8_t *bytes, int32_t n);

/* The motor bus, half duplex. After a write the line is turned round by the board;
 * board_bus_sending is 1 until the last bit has gone out and the bus listens. */
int32_t board_bus_read(uint8_t *bytes, int32_t capacity);
int32_t board_bus_write(const uint8_t *bytes, int32_t n);
int32_t board_bus_sending(void);

/* The line that gives the actuators their supply: 0 cuts it without any help from the bus. On from
 * the first step, so that they can be set up (with torque off); off in ESTOP and with a hand table
 * that does not check. */
void board_drive_line(int32_t on);

/* The buttons at the hand, a bit each, as they are now: buttons.h makes events of them. */
enum board_button { BOARD_BUTTON_ESTOP = 1, BOARD_BUTTON_RELEASE = 2, BOARD_BUTTON_ARM = 4 };
uint32_t board_buttons(void);

uint32_t board_cycle_us(void);   /* period of the motor bus cycle */
/* How many times longer than on silicon the actuators may take: 1 there; more where an emulator
 * or a busy computer stands between. Applies to all waits for actuators and to their bus
 * watchdog, to nothing else. */
uint32_t board_patience(void);
/* another number after every boot; asked for at the first HELLO, not before */
uint32_t board_boot_id(void);
uint8_t board_reset_cause(void); /* board_reset */
/* Only the loss of power ends an ESTOP. Kept where every other reset leaves it alone; `keep` may be
 * called at every tick. */
void board_keep_estop(void);
int32_t board_estop_kept(void);
void board_uid(uint8_t uid[12]);
/* returns `compiled`; a test may make the pc board answer another */
uint32_t board_schema_hash(uint32_t compiled);

/* Sectors that keep bytes without power, for store.c, two for each store. board_flash_bytes: of one
 * sector as the store uses it; 0: there is no flash. Erased bytes are FF; programming turns ones into
 * zeros, a word of 4 bytes at a multiple of 4, and returns 1 when it has been read back; so does
 * erasing.
 * Both may take their time, erasing 2 s on silicon, in which nothing else runs. */
enum board_sectors { BOARD_PARAMS = 0, BOARD_FLASH_SLOTS = 2, BOARD_BOOT = 4, BOARD_SECTORS = 6 };
int32_t board_flash_bytes(void);
/* Sectors 2 and 3, for slot.c: how many bytes of each are used; 0: there are none. */
int32_t board_flash_slot_bytes(void);
/* Where a sector's bytes can be read in place, at a multiple of 4. */
const uint8_t *board_flash_at(int32_t sector);
void board_flash_read(int32_t sector, int32_t at, void *bytes, int32_t n);
int32_t board_flash_program(int32_t sector, int32_t at, uint32_t word);
int32_t board_flash_erase(int32_t sector);

/* The EMG front end (ads1299.h) behind a SPI, mode 1, at 2 to 4 MHz: a byte then takes longer than the
 * 4 tCLK in which the chip decodes one, and no command needs a gap. One transfer at a time, of at
 * most 28 bytes, chip select low all through it and 4 tCLK longer, then high for 2. Nothing here
 * waits for more than those (4 us).
 *   begin  1; or 0: one is under way
 *   end    -1: it is still under way; else, once, how many bytes came
 *   ready  falling edges of DRDY since the start, and when the newest was
 *   reset  1: holds the chip in reset, and forgets a transfer under way; 0: lets go
 * Without a chip, or without the lines, transfers bring zeros or never end. */
int32_t board_frontend_begin(const uint8_t *out, int32_t n);
int32_t board_frontend_end(uint8_t *in, int32_t capacity);
uint32_t board_frontend_ready(uint64_t *newest_us);
void board_frontend_reset(int32_t low);

/* A force input (hand_digit.channel): counts of a converter of 12 bits, 0..4095; -1: there is none. */
int32_t board_touch(int32_t channel);
/* Drive of the tactor, 0..255. */
void board_tactor(uint8_t level);
/* Two slots (0 A, 1 B), each with room for one image of the firmware (image.h). board_image_bytes: of
 * one; 0: there are none. board_image_slot: in which this program stands; -1: in none. Programming and
 * erasing as above; a slot is erased sector by sector, and board_image_sector says whether one begins
 * at this byte. */
int32_t board_image_slot(void);
int32_t board_image_bytes(void);
void board_image_read(int32_t slot, int32_t at, void *bytes, int32_t n);
int32_t board_image_program(int32_t slot, int32_t at, uint32_t word);
int32_t board_image_sector(int32_t slot, int32_t at);
int32_t board_image_erase(int32_t slot, int32_t at);

/* Whether a supply below what the processor needs resets it, with that cause. */
int32_t board_has_brown_out_reset(void);
/* Whether a hardware watchdog restarts a program that hangs. */
int32_t board_has_watchdog(void);
/* Only while link, control and sensing have all made progress (app.c). */
void board_watchdog_feed(void);

/* One line for a person at the debug port; may be lost, never waits. */
void board_log(const char *text);

/* After every step: a board may keep a trace of it. */
void board_observe(const struct app_state *app);

/* Waits for a byte, news of the front end, the next millisecond or `most_us`, whichever is first. */
void board_idle(uint32_t most_us);

/* Resets the processor (pc: at the end of the step); the cause is BOARD_RESET_SOFTWARE. */
void board_reset(void);
/* 1 when the application shall begin again from its boot state (pc: SIGHUP, board_reset). */
int32_t board_restart(void);

#endif
