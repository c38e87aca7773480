/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * ads1299_cost: what a step of the front end's driver costs, in instructions, counted as in budget.c.
 * The board is a stand-in whose chip answers at once; what the f405's own four functions cost comes
 * on top. Says one line of JSON: SysTick counts.
 */
#include "ads1299.h"
#include "board.h"
#include "replay_files.h"
#include "stm32f405.h"

#include <string.h>

enum { RING = 0xFFFFFF, PERIOD_US = 4000, STEPS = 12000, STEP_US = 1000 };

static struct {
    uint64_t now_us, edge_us;
    uint32_t edges;
    uint8_t registers[ADS1299_REGISTERS];
    uint8_t out[ADS1299_BYTES];
    int32_t bytes;
} line;

void board_log(const char *text)
{
    (void)text;
}

int32_t board_frontend_begin(const uint8_t *out, int32_t n)
{
    memcpy(line.out, out, (size_t)n);
    line.bytes = n;
    return 1;
}

/* WREG is kept, RREG is answered, anything else is a frame. */
int32_t board_frontend_end(uint8_t *in, int32_t capacity)
{
    const int32_t n = line.bytes;
    const int32_t at = line.out[0] == 0x11u ? 1 : 0;
    (void)capacity;
    memset(in, 0, (size_t)n);
    line.registers[0] = 0x3E;
    if ((line.out[at] & 0xE0u) == 0x40u) {
        memcpy(line.registers + (line.out[at] & 0x1Fu), line.out + at + 2, (size_t)(n - at - 2));
    } else if ((line.out[at] & 0xE0u) == 0x20u) {
        const int32_t wanted = line.out[at + 1] + 1;
        memcpy(in + at + 2, line.registers + (line.out[at] & 0x1Fu), (size_t)wanted);
    } else {
        for (int32_t i = 3; i < n; i++) {
            in[i] = (uint8_t)(37 * i + (int32_t)line.edges);
        }
        in[0] = 0xC0;
    }
    return n;
}

uint32_t board_frontend_ready(uint64_t *newest_us)
{
    *newest_us = line.edge_us;
    return line.edges;
}

void board_frontend_reset(int32_t low)
{
    (void)low;
}

static void say(const char *name, uint64_t value)
{
    replay_say(name);
    replay_say_number(value);
}

int main(int argc, char **argv)
{
    static ads1299_state ads;
    static ads1299_config config;
    ads1299_sample sample;
    uint32_t worst = 0, taken = 0;
    uint64_t sum = 0;
    (void)argc;
    (void)argv;
    SYST_RVR = RING;
    SYST_CVR = 0;
    SYST_CSR = SYST_ENABLE | SYST_CORE_CLOCK;
    ads1299_defaults(&config, 8);
    line.now_us = 2; /* so that no step falls into the time around DRDY */
    if (ads1299_init(&ads, &config, line.now_us) < 0) replay_end(1);
    for (int32_t i = 0; i < STEPS; i++) {
        line.now_us += STEP_US;
        if (line.now_us - line.edge_us >= PERIOD_US) {
            line.edge_us += PERIOD_US;
            line.edges++;
        }
        const uint32_t before = SYST_CVR;
        ads1299_step(&ads, line.now_us + 5u);
        taken += (uint32_t)ads1299_take(&ads, &sample);
        const uint32_t gone = (before - SYST_CVR) & (uint32_t)RING;
        worst = gone > worst ? gone : worst;
        sum += gone;
    }
    say("{\"steps\": ", STEPS);
    say(", \"taken\": ", taken);
    say(", \"checks\": ", ads.checks);
    say(", \"worst\": ", worst);
    say(", \"sum\": ", sum);
    replay_say("}\n");
    replay_end(0);
}
