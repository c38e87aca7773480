/* SPDX-License-Identifier: MIT */
#include "touch.h"

#include "ranges.h"

#include <stddef.h>
#include <string.h>

static const float ON_N = 0.3f, OFF_N = 0.15f;
static const float PUSHES = 0.4f, LETS_GO = 0.25f; /* of the limit in force */
static const float STANDS_DPS = 5.0f;
static const float PUSHED_OPEN_DEG = 0.2f, SLIP_SHARE = 0.9f, SLIP_N = 0.1f;
enum {
    LEAST_COUNTS = 100,
    MOST_COUNTS = 4000,
    GOOD_MS = 1000,
    STUCK_MS = 1000,
    PUSHED_MS = 40,
    SLIP_MS = 200,
    PRESS_MS = 100
};

void touch_init(touch_state *state, const hand_config *hand, uint32_t now_ms)
{
    memset(state, 0, sizeof *state);
    for (int32_t k = 0; k < CORE_DIGITS; k++) {
        touch_digit *digit = &state->digit[k];
        const int32_t i = hand->digit[k].joint;
        for (int32_t g = 0; i >= 0 && g < hand->grips && digit->sense == 0.0f; g++) {
            const float span = hand->grip[g].closed_deg[i] - hand->grip[g].open_deg[i];
            digit->sense = span > 0.0f ? 1.0f : span < 0.0f ? -1.0f : 0.0f; /* NaN: neither */
        }
        digit->changed_ms = now_ms;
        digit->bad_ms = now_ms - GOOD_MS;
        digit->free_ms = now_ms;
    }
}

/* Takes a reading; 1 when its force means something. */
static int32_t sense(touch_digit *digit, const hand_digit *of, int32_t counts, uint32_t now_ms)
{
    if (counts != digit->counts) {
        digit->counts = counts;
        digit->changed_ms = now_ms;
    }
    const int32_t stuck = now_ms - digit->changed_ms >= STUCK_MS;
    if (stuck) {
        digit->changed_ms = now_ms - STUCK_MS; /* so that it stays so when the clock wraps */
    }
    if (counts < LEAST_COUNTS || counts > MOST_COUNTS || stuck) {
        digit->bad_ms = now_ms;
    }
    const int32_t good = now_ms - digit->bad_ms >= GOOD_MS;
    const float force = good ? ((float)counts - of->zero_counts) * of->n_per_count : 0.0f;
    digit->force_n = force > 0.0f ? force : 0.0f;
    return good;
}

/* Whether the motor alone tells of contact. */
static int32_t pushes(touch_digit *digit, const touch_measured *measured, int32_t k,
                      int32_t touches, uint32_t now_ms)
{
    const float share = touches ? LETS_GO : PUSHES;
    const int32_t does = (measured->known >> k & 1u) != 0
        && measured->current_ma[k] * digit->sense >= share * measured->limit_ma[k]
        && measured->limit_ma[k] > 0.0f
        && within(measured->velocity_dps[k], -STANDS_DPS, STANDS_DPS);
    if (!does) {
        digit->free_ms = now_ms;
    }
    return does && now_ms - digit->free_ms >= PUSHED_MS;
}

/* Whether what this digit holds has slipped since; then it is held anew. */
static int32_t slips(touch_digit *digit, float closed_deg)
{
    if (digit->force_n > digit->held_n) { /* pressed more: that is what has to be kept */
        digit->held_n = digit->force_n;
        digit->held_deg = closed_deg;
    }
    if (!(digit->force_n <= SLIP_SHARE * digit->held_n - SLIP_N)) {
        return 0;
    }
    const int32_t slipped = closed_deg - digit->held_deg > -PUSHED_OPEN_DEG;
    digit->held_n = digit->force_n;
    digit->held_deg = closed_deg;
    return slipped;
}

int32_t touch_process(touch_state *state, const hand_config *hand, const touch_measured *measured,
                      int32_t holds, int32_t moves, uint32_t now_ms)
{
    if (state == NULL || hand == NULL || measured == NULL) {
        return CORE_BAD_ARGUMENT;
    }
    const uint32_t slipped = state->slip;
    state->slip = 0;
    for (int32_t k = 0; k < CORE_DIGITS; k++) {
        touch_digit *digit = &state->digit[k];
        const hand_digit *of = &hand->digit[k];
        const uint32_t bit = 1u << k;
        if (digit->sense == 0.0f) {
            continue;
        }
        const int32_t touched = (state->contact & bit) != 0;
        const int32_t good = of->channel >= 0 && sense(digit, of, measured->counts[k], now_ms);
        const int32_t pushed = pushes(digit, measured, k, touched, now_ms);
        const int32_t felt = good && digit->force_n >= (touched ? OFF_N : ON_N);
        state->broken = of->channel >= 0 && !good ? state->broken | bit : state->broken & ~bit;
        state->contact = felt || pushed ? state->contact | bit : state->contact & ~bit;
        const float closed_deg = measured->position_deg[k] * digit->sense;
        if (!holds || !good || !felt || (measured->known & bit) == 0) {
            state->held &= ~bit;
        } else if ((state->held & bit) == 0) {
            state->held |= bit;
            digit->held_deg = closed_deg;
            digit->held_n = digit->force_n;
        } else if (slips(digit, closed_deg)) {
            digit->slipped_ms = now_ms;
            state->slip |= bit;
        }
        state->slip |= now_ms - digit->slipped_ms < SLIP_MS ? slipped & bit : 0u;
    }
    if (moves) { /* a gap in which it stands pressed gives no new steps */
        state->steps = 0;
    }
    return CORE_OK;
}

uint32_t touch_press(touch_state *state, int32_t most_milli, uint32_t now_ms)
{
    const uint32_t held = state->slip & state->held;
    if (held == 0 || (state->steps + 1) * TOUCH_STEP_MILLI > most_milli
        || now_ms - state->pressed_ms < PRESS_MS) {
        return 0;
    }
    state->steps++;
    state->pressed_ms = now_ms;
    return state->held; /* all that hold it: one alone would only turn it */
}
