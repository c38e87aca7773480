/* SPDX-License-Identifier: MIT */
#include "frontend_pc.h"

#include "board.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

enum {
    MOST = 28,
    BYTE_NS = 3048, /* 8 bits at 42 MHz / 16, as on the f405 */
    HOLD_NS = 3000, /* of chip select after the last byte */
    HIGH_NS = 2000  /* of chip select between transfers: begin waits for it */
};

static struct {
    ads1299_sim chip;
    uint8_t in[MOST];
    int32_t bytes; /* under way; 0: none */
    int64_t over_ns;
} line = {.chip = {.file = -1}};

int32_t frontend_fault(sim_faults *faults, const char *text)
{
    static const struct {
        const char *name;
        size_t at;
        size_t size;
        long least, most;
    } KNOBS[] = {
        {"id", offsetof(sim_faults, id), 1, 0, 255},
        {"present", offsetof(sim_faults, present), 4, 0, 1},
        {"clock-ppm", offsetof(sim_faults, clock_ppm), 4, -25000, 25000},
        {"silent-at", offsetof(sim_faults, silent_at), 4, 0, 1000000000},
        {"flip-at", offsetof(sim_faults, flip_at), 4, 0, 1000000000},
        {"flip-register", offsetof(sim_faults, flip_register), 1, 0, SIM_REGISTERS - 1},
        {"flip-bits", offsetof(sim_faults, flip_bits), 1, 0, 255},
        {"status-at", offsetof(sim_faults, status_at), 4, 0, 1000000000},
        {"status-frames", offsetof(sim_faults, status_frames), 4, 0, 1000000000},
        {"reset-at", offsetof(sim_faults, reset_at), 4, 0, 1000000000},
        {"railed", offsetof(sim_faults, railed), 1, 0, 255},
        {"lifted", offsetof(sim_faults, lifted), 1, 0, 255},
        {"stuck-register", offsetof(sim_faults, stuck_register), 1, 0, SIM_REGISTERS - 1},
    };
    const char *number = strchr(text, '=');
    for (size_t i = 0; number != 0 && i < sizeof KNOBS / sizeof KNOBS[0]; i++) {
        const size_t length = (size_t)(number - text);
        if (strlen(KNOBS[i].name) == length && strncmp(KNOBS[i].name, text, length) == 0) {
            char *end = 0;
            const long value = strtol(number + 1, &end, 0);
            if (end == number + 1 || *end != 0 || value < KNOBS[i].least
                || value > KNOBS[i].most) {
                return 0;
            }
            const int32_t wide = (int32_t)value; /* little-endian, as every PC is */
            memcpy((uint8_t *)faults + KNOBS[i].at, &wide, KNOBS[i].size);
            return 1;
        }
    }
    return 0;
}

int frontend_power(const sim_faults *faults, const char *rows)
{
    sim_faults fitted = *faults;
    fitted.present = rows != 0 && faults->present;
    line.bytes = 0;
    line.over_ns = 0;
    return sim_power(&line.chip, &fitted, rows, frontend_clock_ns());
}

const ads1299_sim *frontend_chip(void)
{
    return &line.chip;
}

static uint32_t rules_broken(void)
{
    uint32_t n = 0;
    for (int32_t i = 0; i < SIM_RULES; i++) {
        n += line.chip.broken[i];
    }
    return n;
}

int32_t board_frontend_begin(const uint8_t *out, int32_t n)
{
    const int64_t free_ns = line.chip.deselected_ns + HIGH_NS;
    const int64_t now_ns = frontend_clock_ns();
    const int64_t begin_ns = now_ns > free_ns ? now_ns : free_ns;
    const uint32_t before = rules_broken();
    if (line.bytes > 0 || n < 1 || n > MOST) {
        return 0;
    }
    sim_exchange(&line.chip, out, line.in, n, begin_ns, BYTE_NS, HOLD_NS);
    if (before == 0 && rules_broken() > 0) {
        board_log("front end: the simulated chip was used against its datasheet");
    }
    line.bytes = n;
    line.over_ns = begin_ns + (int64_t)n * BYTE_NS + HOLD_NS;
    return 1;
}

int32_t board_frontend_end(uint8_t *in, int32_t capacity)
{
    const int32_t n = line.bytes < capacity ? line.bytes : capacity;
    if (line.bytes == 0 || frontend_clock_ns() < line.over_ns) {
        return -1;
    }
    memcpy(in, line.in, (size_t)n);
    line.bytes = 0;
    return n;
}

uint32_t board_frontend_ready(uint64_t *newest_us)
{
    int64_t newest_ns = 0;
    const uint32_t edges = sim_edges(&line.chip, frontend_clock_ns(), &newest_ns);
    *newest_us = frontend_board_us(newest_ns);
    return edges;
}

void board_frontend_reset(int32_t low)
{
    if (low) {
        line.bytes = 0;
    }
    sim_reset_line(&line.chip, low, frontend_clock_ns());
}

int64_t frontend_wake_ns(int64_t when_ns)
{
    const int64_t after_update_ns = 4000; /* the driver waits for it */
    const int64_t edge_ns = sim_next_ns(&line.chip);
    int64_t first_ns = line.bytes > 0 && line.over_ns < when_ns ? line.over_ns : when_ns;
    if (edge_ns < first_ns - after_update_ns) {
        first_ns = edge_ns + after_update_ns;
    }
    return first_ns;
}
