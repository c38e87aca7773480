/* SPDX-License-Identifier: MIT
 *
 * log: what a person should know of, one sentence each: a motor lost, a fault, an emergency stop,
 * why the hand started. The last LOG_KEPT are kept until the hand restarts; the oldest gives way. Each goes
 * to the debug port (board_log) at once and to the host when the line is free (link_log.c).
 *
 * log_watch finds what is new by comparing with what it has told: nothing else of the program has to
 * report anything, and what stays as it is is told once. Motors and line are looked at seldom enough
 * that a loose contact or a noisy line cannot fill the log.
 */
#ifndef ENDPLATE_LOG_H
#define ENDPLATE_LOG_H

#include <stdint.h>

struct app_state;

enum log_level { LOG_INFORMATION = 0, LOG_WARNING = 1, LOG_ERROR = 2 }; /* the wire's */
enum log_sizes { LOG_KEPT = 8, LOG_TEXT = 96 /* bytes, the last one may be in use */ };
enum log_times {
    LOG_MOTORS_US = 250000,  /* what of the motors changes within it is one sentence */
    LOG_LINE_US = 1000000,
    LOG_LINE_AGAIN_US = 10000000,
    LOG_DAMAGED = 10 /* frames within LOG_LINE_US that are worth a sentence */
};

typedef struct log_line {
    uint64_t us;
    uint8_t level;
    char text[LOG_TEXT + 1]; /* zero padded */
} log_line;

typedef struct log_state {
    log_line line[LOG_KEPT]; /* number n stands at n % LOG_KEPT */
    uint32_t next;           /* number of the next one */

    /* what has been told */
    int32_t state;           /* of the guard */
    uint32_t present, errors; /* bits per joint */
    uint32_t damaged;
    uint32_t refused;        /* bits per kind of blob */
    uint64_t motors_us, line_us;
} log_state;

/* Says why the hand started; `joints`: how many motors there should be. */
void log_init(log_state *to, int32_t joints, uint64_t now_us);
/* Keeps a sentence; what is longer than LOG_TEXT is cut. */
void log_say(log_state *to, uint64_t now_us, int32_t level, const char *text);
/* Says what is new in the hand. Call it in every step. */
void log_watch(log_state *to, const struct app_state *app, uint64_t now_us);
/* Number of the oldest line that is kept. */
uint32_t log_oldest(const log_state *from);

#endif
