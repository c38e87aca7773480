/* SPDX-License-Identifier: MIT */
#include "classes.h"

#include <math.h>

#include "elementary.h"
#include "ranges.h"

enum { PIECE = 32 /* inputs of a unit of work */, OF_PRODUCT = 6 /* instructions, about */ };
static const float MOST = 1.1f;      /* of an amplitude: full speed and a little */
static const float LEAST = 1e-6f;    /* of a sum of probabilities that is divided by */
static const float DEEPEST = -60.0f; /* log2 likelihood, under the best: further is the same */

int32_t classes_check(const classes_config *config, int32_t inputs, int32_t dofs,
                      const float *pool, int32_t floats) {
    const int32_t movements = config->classes - 1;
    if (config->classes < 2 || config->classes > CLASSES_MAX) return CORE_BAD_CONFIG;
    if (config->score.outputs != config->classes || config->score.inputs > inputs)
        return CORE_BAD_CONFIG;
    const int32_t status = linear_check(&config->score, floats);
    if (status < 0) return status;
    if (!elementary_finite(config->stay) || !elementary_finite(config->to_rest))
        return CORE_NOT_FINITE;
    if (!(config->stay > 0.0f) || !(config->to_rest > 0.0f) ||
        !(config->stay + config->to_rest <= 1.0f) || !(config->stay < 1.0f)) {
        return CORE_BAD_CONFIG;
    }
    if (config->amplitude < 1 || config->amplitude > inputs) return CORE_BAD_CONFIG;
    const int32_t signs = movements * dofs, rows = signs * (config->amplitude + 1);
    if (config->sign_at < 0 || signs > floats || config->sign_at > floats - signs)
        return CORE_BAD_CONFIG;
    if (config->amplitude_at < 0 || rows > floats || config->amplitude_at > floats - rows)
        return CORE_BAD_CONFIG;
    for (int32_t i = 0; i < signs; i++) {
        const float sign = pool[config->sign_at + i];
        if (sign != 0.0f && sign != 1.0f && sign != -1.0f) return CORE_BAD_CONFIG;
    }
    return CORE_OK;
}

int32_t classes_init(classes_state *state, const classes_config *config) {
    *state = (classes_state){0};
    state->likely[config->classes - 1] = 1.0f; /* whoever begins, rests */
    return CORE_OK;
}

int32_t classes_begin(classes_state *state, const classes_config *config, const float *pool) {
    state->scored = 0;
    return linear_begin(&config->score, pool, state->score);
}

static int32_t piece_of(const classes_state *state, const classes_config *config) {
    const int32_t left = config->score.inputs - state->scored;
    return left < PIECE ? left : PIECE;
}

int32_t classes_left(const classes_state *state, const classes_config *config) {
    return OF_PRODUCT * piece_of(state, config) * linear_stride(&config->score);
}

int32_t classes_work(classes_state *state, const classes_config *config, const float *pool,
                     const float *f) {
    const int32_t piece = piece_of(state, config);
    (void)linear_add(&config->score, pool, state->scored, piece, f + state->scored, state->score);
    state->scored += piece;
    return CORE_OK;
}

/* P of this hop from that of the hop before. */
static void forward(classes_state *state, const classes_config *config, const float *score) {
    const int32_t movements = config->classes - 1;
    const float to_rest = config->to_rest, stay = config->stay;
    const float from_rest = (1.0f - stay) / (float)movements;
    const float across =
        movements > 1 ? (1.0f - stay - to_rest) / (float)(movements - 1) : 0.0f;
    float moved = 0.0f, best = score[0], total = 0.0f;
    for (int32_t k = 0; k < movements; k++) moved += state->likely[k];
    for (int32_t k = 1; k < config->classes; k++) best = score[k] > best ? score[k] : best;
    const float rested = state->likely[movements];
    for (int32_t k = 0; k < config->classes; k++) {
        const float was = state->likely[k];
        const float prior = k == movements
            ? was * stay + moved * to_rest
            : was * stay + (moved - was) * across + rested * from_rest;
        float under = score[k] - best;
        if (!(under > DEEPEST)) under = DEEPEST; /* also a NaN */
        state->likely[k] = prior * elementary_exp2(under);
        total += state->likely[k];
    }
    for (int32_t k = 0; k < config->classes; k++) {
        state->likely[k] = total > 0.0f ? state->likely[k] / total
                                        : 1.0f / (float)config->classes;
    }
}

static float amplitude(const float *weight, const float *f, int32_t inputs) {
    float y = weight[inputs];
    for (int32_t i = 0; i < inputs; i++) y += weight[i] * f[i];
    if (!(y > 0.0f)) return 0.0f;
    return y > MOST ? MOST : y;
}

int32_t classes_end(classes_state *state, const classes_config *config, const float *pool,
                    const float *f, const float *more, int32_t dofs, float *intent) {
    const int32_t movements = config->classes - 1, row = config->amplitude + 1;
    float moved = 0.0f;
    for (int32_t k = 0; more && k < config->classes; k++) state->score[k] += more[k];
    forward(state, config, state->score);
    for (int32_t k = 0; k < movements; k++) moved += state->likely[k];
    const float scale = sqrtf(moved) / (moved > LEAST ? moved : LEAST);
    for (int32_t d = 0; d < dofs; d++) intent[d] = 0.0f;
    for (int32_t k = 0; k < movements; k++) {
        const float share = state->likely[k] * scale;
        for (int32_t d = 0; d < dofs; d++) {
            const int32_t at = k * dofs + d;
            const float sign = pool[config->sign_at + at];
            if (sign == 0.0f) continue;
            const float size = amplitude(pool + config->amplitude_at + at * row, f,
                                         config->amplitude);
            intent[d] += share * sign * size;
        }
    }
    return CORE_OK;
}
