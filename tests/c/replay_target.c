/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * replay_target: files through semihosting; counts.bin lies in flash, where QEMU's loader put it
 * (`-device loader,file=counts.bin,addr=0x08040000,force-raw=on`).
 */
#include "replay_files.h"
#include "semihost.h"

#include <string.h>

enum { COUNTS_AT = 0x08040000, HELD = 53248 };

int32_t replay_file(const char *name, const void **bytes)
{
    static uint32_t held[HELD / 4]; /* aligned for any struct */
    const int32_t handle = semihost_open(name, SEMIHOST_READ);
    if (handle < 0) return -1;
    int32_t n = semihost_length(handle);
    if (strcmp(name, "counts.bin") == 0) {
        *bytes = (const void *)COUNTS_AT;
    } else if (n > HELD || semihost_read(handle, held, n) != n) {
        n = -1;
    } else {
        *bytes = held;
    }
    semihost_close(handle);
    return n;
}

int32_t replay_create(const char *name) { return semihost_open(name, SEMIHOST_WRITE); }

void replay_append(int32_t handle, const void *bytes, int32_t n)
{
    if (handle < 0 || semihost_write(handle, bytes, n) != n) replay_end(2);
}

void replay_say(const char *text) { semihost_say(text); }

void replay_say_number(uint64_t value)
{
    char text[24];
    int32_t at = (int32_t)sizeof text - 1;
    text[at] = 0;
    do {
        text[--at] = (char)('0' + value % 10u);
        value /= 10u;
    } while (value != 0);
    replay_say(text + at);
}

void replay_end(int32_t status) { semihost_exit(status); }
