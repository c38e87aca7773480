/* SPDX-License-Identifier: MIT
 *
 * reset: the pc board's watchdog, and what outlives a reset. A timer of the system interrupts the
 * program every 10 ms, whatever it does; the tenth interruption in succession without reset_feed
 * makes the process execute its own program again: nothing of its memory is left, the port of the
 * link, the bus and the process id stay, and an ESTOP that was kept.
 *
 * Interruptions are counted, not time: a process that the machine keeps waiting is not reset.
 */
#ifndef ENDPLATE_PC_RESET_H
#define ENDPLATE_PC_RESET_H

#include <stdint.h>

enum { RESET_WATCHDOG_MS = 100 };

typedef struct reset_kept {
    int link, bus; /* open descriptors */
    int32_t estop;
} reset_kept;

/* 1 when the watchdog has begun this life, and then what the one before left; else 0: power came. */
int32_t reset_was(reset_kept *kept);
/* From here on the watchdog wants to be fed. 0, or -1 with errno set. */
int32_t reset_watch(char **argv, const reset_kept *keep);
void reset_feed(void);
void reset_keep_estop(void);

#endif
