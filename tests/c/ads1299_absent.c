/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * ads1299_absent: the front end's driver on the f405's own SPI, DMA and lines, in an emulator that has
 * no such chip and no DMA: it has to say so, in bounded time, and go on. Says one line of JSON: the
 * stage and error it came to, after how many microseconds, and how long a step took at most.
 */
#include "ads1299.h"
#include "board.h"
#include "replay_files.h"

enum { MOST_US = 3000000 };

static void say(const char *name, uint64_t value)
{
    replay_say(name);
    replay_say_number(value);
}

int main(int argc, char **argv)
{
    static ads1299_state ads;
    static ads1299_config config;
    ads1299_sample sample;
    uint64_t longest_us = 0, failed_us = 0;
    int32_t taken = 0;
    if (board_start(argc, argv) != 0) replay_end(1);
    ads1299_defaults(&config, 8);
    const uint64_t began_us = board_now_us();
    int32_t stage = ads1299_init(&ads, &config, began_us);
    while (board_now_us() - began_us < MOST_US) {
        const uint64_t before_us = board_now_us();
        ads1299_step(&ads, before_us);
        const uint64_t took_us = board_now_us() - before_us;
        longest_us = took_us > longest_us ? took_us : longest_us;
        taken += ads1299_take(&ads, &sample);
        if (failed_us == 0u && ads.stage == ADS1299_FAILED) {
            failed_us = board_now_us() - began_us;
            stage = ads.stage;
        }
        board_idle(1000);
    }
    say("{\"stage\": ", (uint64_t)stage);
    say(", \"error\": ", (uint64_t)ads.error);
    say(", \"failed_us\": ", failed_us);
    say(", \"longest_us\": ", longest_us);
    say(", \"restarts\": ", ads.restarts);
    say(", \"taken\": ", (uint64_t)taken);
    replay_say("}\n");
    replay_end(0);
}
