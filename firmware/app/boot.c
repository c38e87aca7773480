/* SPDX-License-Identifier: MIT */
#include "boot.h"

#include "board.h"
#include "image.h"

static const uint32_t FORMAT = 0x544F4F42u; /* "BOOT", version 1 of these four values */
enum { CONFIRMED, TRIAL, TRIES, FAILED, VALUES };

static int32_t is_slot(int32_t value)
{
    return value >= 0 && value < IMAGE_SLOTS;
}

void boot_open(boot_state *boot)
{
    int32_t value[VALUES] = {0, BOOT_NONE, 0, BOOT_NONE};
    (void)store_open(&boot->store, BOARD_BOOT, FORMAT, value, VALUES);
    boot->confirmed = is_slot(value[CONFIRMED]) ? value[CONFIRMED] : 0;
    boot->trial = is_slot(value[TRIAL]) ? value[TRIAL] : BOOT_NONE;
    boot->tries = value[TRIES];
    boot->failed = value[FAILED];
}

static int32_t put(boot_state *boot, int32_t confirmed, int32_t trial, int32_t tries,
                   int32_t failed)
{
    const int32_t value[VALUES] = {confirmed, trial, tries, failed};
    if (store_write(&boot->store, FORMAT, value, VALUES) != STORE_OK) {
        return 0;
    }
    boot->confirmed = confirmed;
    boot->trial = trial;
    boot->tries = tries;
    boot->failed = failed;
    return 1;
}

int32_t boot_choose(boot_state *boot)
{
    image_info info;
    boot_open(boot);
    store_make_room(&boot->store);
    if (boot->trial != BOOT_NONE) {
        const int32_t slot = boot->trial;
        if (boot->tries < 0 || boot->tries >= BOOT_TRIES || !image_check(slot, &info)) {
            (void)put(boot, boot->confirmed, BOOT_NONE, 0, slot);
        } else if (put(boot, boot->confirmed, slot, boot->tries + 1, BOOT_NONE)) {
            return slot;
        }
    }
    return image_check(boot->confirmed, &info)   ? boot->confirmed
        : image_check(1 - boot->confirmed, &info) ? 1 - boot->confirmed
                                                  : BOOT_NONE;
}

int32_t boot_try(boot_state *boot, int32_t running, int32_t slot)
{
    return put(boot, running, slot, 0, BOOT_NONE);
}

int32_t boot_confirm(boot_state *boot, int32_t running)
{
    if (boot->confirmed == running && boot->trial != running) {
        return 1;
    }
    return put(boot, running, BOOT_NONE, 0, boot->trial == running ? BOOT_NONE : boot->failed);
}
