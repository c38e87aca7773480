/* SPDX-License-Identifier: MIT */
#include "gate.h"

#include "elementary.h"
#include "ranges.h"

int32_t gate_check(const gate_config *config, int32_t inputs, int32_t floats) {
    const int32_t n = config->inputs;
    if (n == 0) return CORE_OK;
    if (n < 0 || n > inputs || n > CORE_CHAIN_SITES) return CORE_BAD_CONFIG;
    if (config->centres < 0 || config->centres > GATE_MAX_CENTRES) return CORE_BAD_CONFIG;
    if (!elementary_finite(config->wake) || !elementary_finite(config->limit))
        return CORE_NOT_FINITE;
    if (!within(config->wake, 0.0f, 100.0f) || !within(config->limit, 0.0f, 1e6f))
        return CORE_BAD_CONFIG;
    if (config->rest_at < 0 || config->rest_at > floats - n - 1) return CORE_BAD_CONFIG;
    if (config->centres == 0) return CORE_OK;
    if (config->whiten_at < 0 || config->whiten_at > floats - n * n) return CORE_BAD_CONFIG;
    if (config->centre_at < 0 || config->centre_at > floats - config->centres * n)
        return CORE_BAD_CONFIG;
    return CORE_OK;
}

int32_t gate_init(gate_state *state) {
    *state = (gate_state){0};
    return CORE_OK;
}

static int32_t is_novel(const gate_config *config, const float *pool, const float *f) {
    const int32_t n = config->inputs;
    const float *whiten = pool + config->whiten_at, *centre = pool + config->centre_at;
    const float most = config->limit * config->limit;
    float white[CORE_CHAIN_SITES];
    for (int32_t i = 0; i < n; i++) {
        white[i] = 0.0f;
        for (int32_t j = i; j < n; j++) white[i] += whiten[i * n + j] * f[j];
    }
    for (int32_t k = 0; k < config->centres; k++) {
        float away = 0.0f;
        for (int32_t i = 0; i < n; i++) {
            const float d = white[i] - centre[k * n + i];
            away += d * d;
        }
        if (away <= most) return 0;
    }
    return 1; /* also when a number is none */
}

uint32_t gate_process(gate_state *state, const gate_config *config, const float *pool,
                      const float *f) {
    if (config->inputs == 0) return 0;
    const float *weight = pool + config->rest_at;
    float above = weight[config->inputs];
    for (int32_t i = 0; i < config->inputs; i++) above += weight[i] * f[i];
    state->awake = above > (state->awake ? 0.0f : config->wake);
    uint32_t bits = state->awake ? 0u : (uint32_t)GATE_REST;
    if (config->centres > 0 && is_novel(config, pool, f)) bits |= (uint32_t)GATE_NOVEL;
    return bits;
}
