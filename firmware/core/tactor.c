/* SPDX-License-Identifier: MIT */
#include "tactor.h"

#include "ranges.h"

#include <string.h>

enum { FULL = 255, LONGEST_STEP_MS = 1000 };

void tactor_init(tactor_state *state, uint32_t now_ms)
{
    memset(state, 0, sizeof *state);
    state->now_ms = now_ms;
}

/* What has passed since last time: of a burst, and of the bound by the drive that there was. */
static void count(tactor_state *state, uint32_t now_ms)
{
    const uint32_t gone = now_ms - state->now_ms;
    const int32_t step_ms = gone < LONGEST_STEP_MS ? (int32_t)gone : LONGEST_STEP_MS;
    state->now_ms = now_ms;
    state->again_ms = state->again_ms > step_ms ? state->again_ms - step_ms : 0;
    state->used += ((int32_t)state->level - TACTOR_LASTS) * step_ms;
    state->used = state->used > 0 ? state->used : 0;
    if (state->used >= (FULL - TACTOR_LASTS) * TACTOR_MOST_MS) {
        state->tired = 1;
    } else if (state->used < (FULL - TACTOR_LASTS) * TACTOR_MOST_MS / 2) {
        state->tired = 0;
    }
}

uint8_t tactor_process(tactor_state *state, uint32_t contact, float force_n, int32_t strength_milli,
                       uint32_t now_ms)
{
    const uint32_t began = contact & ~state->contact;
    const int32_t strength = !(strength_milli > 0) ? 0 : strength_milli < 1000 ? strength_milli : 1000;
    count(state, now_ms);
    state->contact = contact;
    if (began != 0 && state->again_ms == 0) {
        state->again_ms = TACTOR_AGAIN_MS;
    }
    float share = within(force_n, 0.0f, 1.0e6f) ? force_n / (float)TACTOR_FULL_N : 0.0f;
    share = contact == 0 ? 0.0f : share < 1.0f ? share : 1.0f;
    if (state->again_ms > TACTOR_AGAIN_MS - TACTOR_BURST_MS) {
        share = 1.0f;
    }
    int32_t level = (int32_t)(share * (float)(FULL * strength)) / 1000;
    if (state->tired && level > TACTOR_LASTS) {
        level = TACTOR_LASTS;
    }
    state->level = (uint8_t)level;
    return state->level;
}
