/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * ads1299_bench: ads1299.c and the simulated chip of firmware/pc on a clock that a test moves; what
 * went over the line is written down. Built as a shared library by tests/core/test_ads1299.py, whose
 * cdef is the declarations between the two lines of dashes.
 */
#include <string.h>

#include "ads1299.h"
#include "board.h"
#include "frontend_pc.h"

/* ---- */
enum { BENCH_MOST = 4096 };

typedef struct bench_line {
    int64_t at_ns;  /* 0 when the chip got its power */
    int32_t n;      /* bytes; -1: RESET low, -2: RESET high */
    uint8_t out[28];
} bench_line;

/* One step every step_us; each sample as soon as it is there. `stop`: 1: ends at FAILED. Returns how
 * many samples; at most `capacity`. */
int32_t bench_run(int64_t for_us, int64_t step_us, int32_t stop, struct ads1299_sample *samples,
                  int32_t capacity);
int32_t bench_start(const struct ads1299_config *config, const struct sim_faults *faults,
                    const char *rows);
void bench_sleep(int64_t for_us);
/* Nothing of the line works: a transfer never ends. */
void bench_cut(int32_t cut);
const struct ads1299_state *bench_driver(void);
const struct ads1299_sim *bench_chip(void);
int32_t bench_lines(const struct bench_line **lines);
const char *bench_said(void);
int64_t bench_now_us(void);
/* ---- */

enum { POWERED_NS = 1000000000 };

static struct {
    int64_t now_ns;
    ads1299_state driver;
    bench_line lines[BENCH_MOST];
    int32_t line_count, cut;
    char said[1024];
} bench;

int64_t frontend_clock_ns(void)
{
    return bench.now_ns;
}

uint64_t frontend_board_us(int64_t ns)
{
    return (uint64_t)(ns / 1000);
}

void board_log(const char *text)
{
    if (strlen(bench.said) + strlen(text) + 2 < sizeof bench.said) {
        strcat(bench.said, text);
        strcat(bench.said, "\n");
    }
}

static void note(const uint8_t *out, int32_t n)
{
    if (bench.line_count < BENCH_MOST) {
        bench_line *line = &bench.lines[bench.line_count++];
        line->at_ns = bench.now_ns - POWERED_NS;
        line->n = n;
        if (n > 0) {
            memcpy(line->out, out, (size_t)n);
        }
    }
}

/* The driver is compiled with these names in place of the board's, so that the line can be noted
 * and cut. */
int32_t noted_begin(const uint8_t *out, int32_t n);
int32_t noted_end(uint8_t *in, int32_t capacity);
void noted_reset(int32_t low);

int32_t noted_begin(const uint8_t *out, int32_t n)
{
    const int32_t begun = board_frontend_begin(out, n);
    if (begun) {
        note(out, n);
    }
    return begun;
}

int32_t noted_end(uint8_t *in, int32_t capacity)
{
    return bench.cut ? -1 : board_frontend_end(in, capacity);
}

void noted_reset(int32_t low)
{
    note(0, low ? -1 : -2);
    board_frontend_reset(low);
}

int32_t bench_start(const ads1299_config *config, const sim_faults *faults, const char *rows)
{
    memset(&bench, 0, sizeof bench);
    bench.now_ns = POWERED_NS;
    if (frontend_power(faults, rows) != 0) {
        return -100;
    }
    return ads1299_init(&bench.driver, config, (uint64_t)bench_now_us());
}

int32_t bench_run(int64_t for_us, int64_t step_us, int32_t stop, ads1299_sample *samples,
                  int32_t capacity)
{
    const int64_t until_ns = bench.now_ns + 1000 * for_us;
    int32_t n = 0;
    while (bench.now_ns < until_ns && n < capacity
           && !(stop && bench.driver.stage == ADS1299_FAILED)) {
        bench.now_ns += 1000 * step_us;
        ads1299_step(&bench.driver, (uint64_t)bench_now_us());
        n += ads1299_take(&bench.driver, samples + n);
    }
    return n;
}

void bench_sleep(int64_t for_us)
{
    bench.now_ns += 1000 * for_us;
}

void bench_cut(int32_t cut)
{
    bench.cut = cut;
}

const ads1299_state *bench_driver(void)
{
    return &bench.driver;
}

const ads1299_sim *bench_chip(void)
{
    return frontend_chip();
}

int32_t bench_lines(const bench_line **lines)
{
    *lines = bench.lines;
    return bench.line_count;
}

const char *bench_said(void)
{
    return bench.said;
}

int64_t bench_now_us(void)
{
    return bench.now_ns / 1000;
}
