/* SPDX-License-Identifier: MIT */
#include "direct.h"

#include "elementary.h"
#include "ranges.h"

enum { LONGEST = 1000000 /* hops that are counted */ };

static int32_t check_side(const direct_side *side, int32_t inputs) {
    if (side->site < -1 || side->site >= inputs) return CORE_BAD_CONFIG;
    if (!elementary_finite(side->threshold) || !elementary_finite(side->gain))
        return CORE_NOT_FINITE;
    return within(side->threshold, 0.0f, 100.0f) && within(side->gain, 0.0f, 100.0f)
        ? CORE_OK : CORE_BAD_CONFIG;
}

static int32_t count(uint32_t bits) {
    int32_t n = 0;
    for (; bits != 0u; bits &= bits - 1u) n++;
    return n;
}

int32_t direct_check(const direct_config *config, int32_t inputs, int32_t dofs) {
    uint32_t driven = 0;
    if (config->pairs < 1 || config->pairs > CORE_MAX_DOF) return CORE_BAD_CONFIG;
    if (!elementary_finite(config->switch_level)) return CORE_NOT_FINITE;
    for (int32_t p = 0; p < config->pairs; p++) {
        const direct_pair *pair = &config->pair[p];
        int32_t status = check_side(&pair->positive, inputs);
        if (status == CORE_OK) status = check_side(&pair->negative, inputs);
        if (status < 0) return status;
        if (pair->dofs == 0u || pair->dofs >> dofs != 0u || (pair->dofs & driven) != 0u)
            return CORE_BAD_CONFIG;
        driven |= pair->dofs;
        if (count(pair->dofs) == 1) continue;
        if (pair->positive.site < 0 || pair->negative.site < 0) return CORE_BAD_CONFIG;
        if (config->switch_hops < 1 || config->switch_hops > 1000) return CORE_BAD_CONFIG;
        if (!(config->switch_level > pair->positive.threshold) ||
            !(config->switch_level > pair->negative.threshold)) {
            return CORE_BAD_CONFIG;
        }
    }
    return CORE_OK;
}

int32_t direct_init(direct_state *state) {
    *state = (direct_state){0};
    return CORE_OK;
}

static float strength(const direct_side *side, const float *f) {
    if (side->site < 0) return 0.0f;
    const float above = side->gain * (f[side->site] - side->threshold);
    if (!(above > 0.0f)) return 0.0f;
    return above > 1.0f ? 1.0f : above;
}

static int32_t since_rise(int32_t before, float u, float level) {
    if (!(u > level)) return 0;
    return before < LONGEST ? before + 1 : before;
}

/* Whether the pair has just co-contracted; keeps it still until it has relaxed. */
static int32_t switches(direct_state *state, const direct_config *config, int32_t p,
                        const float *f) {
    const direct_pair *pair = &config->pair[p];
    const float up = f[pair->positive.site], un = f[pair->negative.site];
    state->positive[p] = since_rise(state->positive[p], up, config->switch_level);
    state->negative[p] = since_rise(state->negative[p], un, config->switch_level);
    if (state->still[p]) {
        state->still[p] = up > pair->positive.threshold || un > pair->negative.threshold;
        return 0;
    }
    if (state->positive[p] == 0 || state->negative[p] == 0) return 0;
    const int32_t apart = state->positive[p] - state->negative[p];
    if (apart > config->switch_hops || -apart > config->switch_hops) return 0;
    state->still[p] = 1;
    return 1;
}

/* The number of the k-th bit that is set. */
static int32_t bit_number(uint32_t bits, int32_t k) {
    int32_t left = k;
    for (int32_t d = 0; d < CORE_MAX_DOF; d++) {
        if (!(bits >> d & 1u)) continue;
        if (left == 0) return d;
        left--;
    }
    return 0;
}

int32_t direct_process(direct_state *state, const direct_config *config, const float *f,
                       int32_t dofs, float *intent) {
    for (int32_t d = 0; d < dofs; d++) intent[d] = 0.0f;
    for (int32_t p = 0; p < config->pairs; p++) {
        const direct_pair *pair = &config->pair[p];
        const int32_t n = count(pair->dofs);
        if (n > 1 && switches(state, config, p, f)) state->dof[p] = (state->dof[p] + 1) % n;
        if (state->still[p]) continue;
        intent[bit_number(pair->dofs, state->dof[p])] =
            strength(&pair->positive, f) - strength(&pair->negative, f);
    }
    return CORE_OK;
}
