/* SPDX-License-Identifier: MIT */
#include "pace.h"

#include <string.h>

void pace_init(pace *line, int32_t baud, int32_t capacity)
{
    memset(line, 0, sizeof *line);
    line->capacity = capacity < PACE_BYTES ? capacity : PACE_BYTES;
    line->byte_ns = 10 * 1000000000ll / baud; /* start bit, 8 data bits, stop bit */
}

int32_t pace_room(const pace *line)
{
    return line->capacity - line->fill;
}

int32_t pace_put(pace *line, const uint8_t *bytes, int32_t n, int64_t now_ns)
{
    const int32_t taken = n < pace_room(line) ? n : pace_room(line);
    if (line->fill == 0 && line->done_ns < now_ns) {
        line->done_ns = now_ns; /* the line was idle: the first bit leaves now */
    }
    for (int32_t i = 0; i < taken; i++) {
        line->bytes[(line->head + line->fill) % PACE_BYTES] = bytes[i];
        line->fill++;
    }
    return taken;
}

int32_t pace_take(pace *line, uint8_t *bytes, int32_t n, int64_t now_ns)
{
    int32_t taken = 0;
    while (taken < n && line->fill > 0 && line->done_ns + line->byte_ns <= now_ns) {
        bytes[taken++] = line->bytes[line->head];
        line->head = (line->head + 1) % PACE_BYTES;
        line->fill--;
        line->done_ns += line->byte_ns;
    }
    return taken;
}

int64_t pace_empty_ns(const pace *line)
{
    return line->fill == 0 ? 0 : line->done_ns + line->fill * line->byte_ns;
}
