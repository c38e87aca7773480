/* SPDX-License-Identifier: MIT
 *
 * boot: which of the two slots starts. A record of a store of its own (store.h, sectors BOARD_BOOT)
 * says which image is confirmed and which is on trial, so it survives the loss of power at any write.
 *
 *   at reset, by the boot loader (boot_choose), in this order:
 *     an image on trial that is whole and was begun fewer than BOOT_TRIES times: counted, begun
 *     the confirmed one, when it is whole
 *     the other one, when it is whole
 *   by the program: boot_confirm when it has shown that it works, boot_try for a new image
 *
 * A start that cannot be counted is not made: then the confirmed one runs.
 */
#ifndef ENDPLATE_BOOT_H
#define ENDPLATE_BOOT_H

#include "store.h"

enum { BOOT_TRIES = 3, BOOT_NONE = -1 };

typedef struct boot_state {
    int32_t confirmed; /* slot */
    int32_t trial;     /* slot, or BOOT_NONE */
    int32_t tries;     /* how often it was begun */
    int32_t failed;    /* slot of the image that was given up, or BOOT_NONE */
    store_state store;
} boot_state;

void boot_open(boot_state *boot);
/* The slot to start, or BOOT_NONE: nothing there is an image. */
int32_t boot_choose(boot_state *boot);
/* `slot` shall start at the next reset, on trial; `running` is what it falls back to. 1: written. */
int32_t boot_try(boot_state *boot, int32_t running, int32_t slot);
/* The program that runs in `running` works. Writes only when that is news. 1: so it stands. */
int32_t boot_confirm(boot_state *boot, int32_t running);

#endif
