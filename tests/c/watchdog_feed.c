/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * watchdog_feed: the application on a board whose clock it turns itself; says how the hardware
 * watchdog would have been fed.
 *
 *   watchdog_feed MS STUCK_AT_MS    the bus never ends a transmission that begins after that
 *   says    the longest time without a feed before it, and the time of the last feed, in ms
 */
#include "app.h"
#include "board.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint64_t now_us, stuck_us, fed_us, longest_us;
static int32_t sending;

int32_t board_start(int argc, char **argv) { (void)argc, (void)argv; return 0; }
uint64_t board_now_us(void) { return now_us; }
int32_t board_link_read(uint8_t *bytes, int32_t n) { (void)bytes, (void)n; return 0; }
int32_t board_link_write(const uint8_t *bytes, int32_t n) { (void)bytes; return n; }
int32_t board_bus_read(uint8_t *bytes, int32_t n) { (void)bytes, (void)n; return 0; }
int32_t board_bus_write(const uint8_t *bytes, int32_t n)
{
    (void)bytes;
    sending = now_us >= stuck_us;
    return n;
}
int32_t board_bus_sending(void) { return sending; }
void board_drive_line(int32_t on) { (void)on; }
uint32_t board_cycle_us(void) { return 20000; }
uint32_t board_patience(void) { return 1; }
uint32_t board_boot_id(void) { return 1; }
uint8_t board_reset_cause(void) { return BOARD_RESET_POWER; }
int32_t board_has_brown_out_reset(void) { return 1; }
void board_keep_estop(void) {}
int32_t board_estop_kept(void) { return 0; }
void board_uid(uint8_t uid[12]) { memset(uid, 0, 12); }
uint32_t board_schema_hash(uint32_t compiled) { return compiled; }
int32_t board_has_watchdog(void) { return 1; }
void board_log(const char *text) { (void)text; }
void board_observe(const struct app_state *app) { (void)app; }
void board_idle(uint32_t most_us) { (void)most_us; }
int32_t board_restart(void) { return 0; }
uint32_t board_buttons(void) { return 0; }
int32_t board_flash_bytes(void) { return 0; }
void board_flash_read(int32_t sector, int32_t at, void *bytes, int32_t n)
{
    (void)sector, (void)at, (void)bytes, (void)n;
}
int32_t board_flash_program(int32_t sector, int32_t at, uint32_t word)
{
    (void)sector, (void)at, (void)word;
    return 0;
}
int32_t board_flash_erase(int32_t sector) { (void)sector; return 0; }

/* no slots, no key, no front end, no fingertips */
const uint8_t signature_key[SIGNATURE_KEY_BYTES];
int32_t board_flash_slot_bytes(void) { return 0; }
const uint8_t *board_flash_at(int32_t sector)
{
    (void)sector;
    return 0;
}
int32_t board_image_slot(void) { return -1; }
int32_t board_image_bytes(void) { return 0; }
void board_image_read(int32_t slot, int32_t at, void *bytes, int32_t n)
{
    (void)slot, (void)at, (void)bytes, (void)n;
}
int32_t board_image_program(int32_t slot, int32_t at, uint32_t word)
{
    (void)slot, (void)at, (void)word;
    return 0;
}
int32_t board_image_sector(int32_t slot, int32_t at) { (void)slot, (void)at; return 0; }
int32_t board_image_erase(int32_t slot, int32_t at) { (void)slot, (void)at; return 0; }
void board_reset(void) {}
int32_t board_touch(int32_t channel) { (void)channel; return -1; }
void board_tactor(uint8_t level) { (void)level; }
int32_t board_frontend_begin(const uint8_t *out, int32_t n) { (void)out, (void)n; return 0; }
int32_t board_frontend_end(uint8_t *in, int32_t capacity) { (void)in, (void)capacity; return -1; }
uint32_t board_frontend_ready(uint64_t *newest_us) { *newest_us = 0; return 0; }
void board_frontend_reset(int32_t low) { (void)low; }

void board_watchdog_feed(void)
{
    if (now_us < stuck_us && now_us - fed_us > longest_us) longest_us = now_us - fed_us;
    fed_us = now_us;
}

int main(int argc, char **argv)
{
    static app_state app;
    if (argc != 3) return 2;
    const uint64_t end_us = (uint64_t)atol(argv[1]) * 1000u;
    stuck_us = (uint64_t)atol(argv[2]) * 1000u;
    for (app_init(&app); now_us < end_us; now_us += 250) app_step(&app);
    (void)printf("%llu %llu\n", (unsigned long long)longest_us / 1000u,
                 (unsigned long long)fed_us / 1000u);
    return 0;
}
