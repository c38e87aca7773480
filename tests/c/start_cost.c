/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * start_cost: what stands between the start of the hand's watchdog and the first time it is fed, in
 * microseconds of the emulator's timer (-icount shift=10: an instruction is 1024 ns of it): all of
 * app_init. Of an image that stands in no slot; the CRC of one that does comes on top
 * (update_cost.c). Says one line of JSON.
 */
#include "app.h"
#include "board.h"
#include "replay_files.h"

int main(int argc, char **argv);

int main(int argc, char **argv)
{
    static app_state app;
    (void)board_start(argc, argv);
    const uint64_t before = board_now_us();
    app_init(&app);
    const uint64_t gone = board_now_us() - before;
    replay_say("{\"init\": ");
    replay_say_number(gone);
    replay_say("}\n");
    replay_end(0);
}
