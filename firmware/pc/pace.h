/* SPDX-License-Identifier: MIT
 *
 * pace: one direction of a serial line. A pty knows no baud; this gives every byte its ten bit
 * times, so that delays and full lines are those of the real wire.
 */
#ifndef ENDPLATE_PACE_H
#define ENDPLATE_PACE_H

#include <stdint.h>

enum { PACE_BYTES = 4096 };

typedef struct pace {
    uint8_t bytes[PACE_BYTES];
    int32_t head, fill;
    int32_t capacity;  /* bytes that may be under way */
    int64_t byte_ns;   /* one byte on the line */
    int64_t done_ns;   /* when the newest byte that was taken had crossed */
} pace;

/* capacity: of the buffer in front of the line, at most PACE_BYTES. */
void pace_init(pace *line, int32_t baud, int32_t capacity);
int32_t pace_room(const pace *line);
/* Puts up to n bytes on the line and returns how many. */
int32_t pace_put(pace *line, const uint8_t *bytes, int32_t n, int64_t now_ns);
/* Takes up to n bytes that have crossed. */
int32_t pace_take(pace *line, uint8_t *bytes, int32_t n, int64_t now_ns);
/* When all bytes under way will have crossed; 0 when there are none. */
int64_t pace_empty_ns(const pace *line);

#endif
