/* SPDX-License-Identifier: MIT */
#include "sizes.h"

#include "features.h"

#include <math.h>

#include "elementary.h"
#include "lanes.h"

/* Below these a division by the value means nothing (and could leave the range of a float). */
static const float LEAST_REFERENCE_UV = 1e-3f;
static const float LEAST_FLOOR_UV2 = 1e-6f;
static const float LN_2 = 0.693147181f;

int32_t features_check(const features_config *config) {
    if (config->sites < 1 || config->sites > CORE_MAX_SITES) return CORE_BAD_CONFIG;
    if (config->statistics != FEATURES_POWER) return CORE_BAD_CONFIG;
    if (config->hop_samples < 1 || config->hop_samples > 4096) return CORE_BAD_CONFIG;
    if (config->window_hops < 1 || config->window_hops > FEATURES_MAX_HOPS) return CORE_BAD_CONFIG;
    if (config->form != FEATURES_RMS && config->form != FEATURES_LOG) return CORE_BAD_CONFIG;
    for (int32_t i = 0; i < config->sites; i++) {
        if (!elementary_finite(config->rest[i]) || !elementary_finite(config->reference[i]) ||
            !elementary_finite(config->floor[i])) {
            return CORE_NOT_FINITE;
        }
        if (config->rest[i] < 0.0f) return CORE_BAD_CONFIG;
        if (config->form == FEATURES_RMS && config->reference[i] < LEAST_REFERENCE_UV)
            return CORE_BAD_CONFIG;
        if (config->form == FEATURES_LOG && config->floor[i] < LEAST_FLOOR_UV2)
            return CORE_BAD_CONFIG;
    }
    return CORE_OK;
}

int32_t features_init(features_state *state, const features_config *config) {
    const int32_t status = features_check(config);
    if (status < 0) return status;
    *state = (features_state){0};
    return CORE_OK;
}

/* Sums of squares of LANES sites. */
static void add_power(float *row, const float *x, int32_t samples, int32_t stride) {
    lanes sum = lanes_load(row);
    for (int32_t n = 0; n < samples; n++) {
        const lanes y = lanes_load(x + n * stride);
        sum += y * y;
    }
    lanes_store(row, sum);
}

int32_t features_add(features_state *state, const features_config *config, const float *x,
                     int32_t samples) {
    if (samples < 0) return CORE_BAD_ARGUMENT;
    const int32_t stride = (config->sites + CORE_LANES - 1) / CORE_LANES * CORE_LANES;
    const int32_t room = config->hop_samples - state->filled;
    const int32_t taken = samples < room ? samples : room;
    for (int32_t lane = 0; lane < stride; lane += LANES)
        add_power(&state->sum[lane], x + lane, taken, stride);
    state->filled += taken;
    return taken;
}

int32_t features_ready(const features_state *state, const features_config *config) {
    return state->filled >= config->hop_samples;
}

int32_t features_hop(features_state *state, const features_config *config, float *power) {
    if (!features_ready(state, config)) return CORE_BAD_ARGUMENT;
    state->newest = (state->newest + 1) % config->window_hops;
    for (int32_t i = 0; i < config->sites; i++) state->ring[state->newest][i] = state->sum[i];
    for (int32_t i = 0; i < FEATURES_MAX_ROWS; i++) state->sum[i] = 0.0f;
    state->filled = 0;
    if (state->hops < config->window_hops) state->hops += 1;

    /* From the oldest hop to the newest. */
    float total[CORE_MAX_SITES] = {0};
    for (int32_t h = state->hops - 1; h >= 0; h--) {
        const float *row =
            state->ring[(state->newest - h + config->window_hops) % config->window_hops];
        for (int32_t i = 0; i < config->sites; i++) total[i] += row[i];
    }
    const float samples = (float)(state->hops * config->hop_samples);
    for (int32_t i = 0; i < config->sites; i++) power[i] = total[i] / samples;
    return CORE_OK;
}

int32_t features_activation(const features_config *config, const float *power, float *activation) {
    if (config->form == FEATURES_LOG) {
        for (int32_t i = 0; i < config->sites; i++) {
            activation[i] =
                elementary_log2((power[i] + config->floor[i]) / config->floor[i]) * LN_2;
        }
        return CORE_OK;
    }
    for (int32_t i = 0; i < config->sites; i++) {
        const float above = power[i] - config->rest[i];
        activation[i] = sqrtf(above > 0.0f ? above : 0.0f) / config->reference[i];
    }
    return CORE_OK;
}
