/* SPDX-License-Identifier: MIT
 *
 * main: the loop of both images. board_restart ends a life; the next begins at boot.
 */
#include "app.h"
#include "board.h"

int main(int argc, char **argv)
{
    static app_state app;
    const int32_t status = board_start(argc, argv);
    if (status != 0) {
        return (int)status;
    }
    for (;;) {
        app_init(&app);
        while (!board_restart()) {
            app_step(&app);
            board_observe(&app);
            board_idle(app_wait_us(&app));
        }
    }
}
