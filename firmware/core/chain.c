/* SPDX-License-Identifier: MIT */
#include "chain.h"

#include "elementary.h"

static const float LARGEST_UV_PER_COUNT = 1e3f;
/* What is due on a hop that has closed. */
enum { CHAIN_NOTHING = 0, CHAIN_ADD, CHAIN_LOOK, CHAIN_GATE, CHAIN_DECODE };
static const float NEUTRAL = 0.05f; /* as the guard's */

static int32_t check_places(const chain_config *config) {
    uint32_t taken = 0;
    for (int32_t d = 0; d < config->decoder.dofs; d++) {
        const int32_t at = config->place[d];
        if (at < 0 || at >= config->shape.dofs || (taken >> at & 1u)) return CORE_BAD_CONFIG;
        taken |= 1u << at;
    }
    return CORE_OK;
}

int32_t chain_check(const chain_config *config) {
    const int32_t sites = config->sites;
    if (sites < 1 || sites > CORE_CHAIN_SITES) return CORE_BAD_CONFIG;
    if (!elementary_finite(config->rate_hz) || !elementary_finite(config->uv_per_count))
        return CORE_NOT_FINITE;
    if (!(config->rate_hz >= 1.0f) || !(config->rate_hz <= 1e6f)) return CORE_BAD_CONFIG;
    if (!(config->uv_per_count > 0.0f) || config->uv_per_count > LARGEST_UV_PER_COUNT)
        return CORE_BAD_CONFIG;
    if (config->thaw_hops < 0 || config->thaw_hops > 100000) return CORE_BAD_CONFIG;
    if (config->band.sites != sites || config->notch.sites != sites ||
        config->features.sites != sites || config->quality.sites != sites ||
        config->shape.dofs < config->decoder.dofs) {
        return CORE_BAD_CONFIG;
    }
    int32_t status = filter_check(&config->band);
    if (status == CORE_OK) status = filter_check(&config->notch);
    if (status == CORE_OK) status = features_check(&config->features);
    if (status == CORE_OK && config->decoder.inputs != features_inputs(&config->features))
        status = CORE_BAD_CONFIG;
    if (status == CORE_OK) status = decoder_check(&config->decoder);
    if (status == CORE_OK)
        status = gate_check(&config->gate, config->decoder.inputs, config->decoder.floats);
    if (status == CORE_OK) status = shape_check(&config->shape);
    if (status == CORE_OK) status = quality_check(&config->quality);
    if (status < 0) return status;
    const core_sites all = ~(core_sites)0;
    const core_sites known = sites == CORE_CHAIN_SITES ? all : ~(all << sites);
    for (int32_t d = 0; d < config->shape.dofs; d++) {
        if (config->needs[d] & ~known) return CORE_BAD_CONFIG;
    }
    return check_places(config);
}

void chain_begin(chain_state *state, const chain_config *config) {
    *state = (chain_state){0};
    gate_init(&state->gate);
    decoder_begin(&state->decoder, &config->decoder);
    quality_begin(&state->quality, &config->quality);
}

int32_t chain_init(chain_state *state, const chain_config *config) {
    const int32_t status = chain_check(config);
    if (status < 0) return status;
    chain_begin(state, config);
    return CORE_OK;
}

/* Counts -> microvolts: as they are for quality, less the first sample's offset for the filters.
 * Boards send 24 bits; the difference of larger counts may wrap, which is as wrong as they are. */
static void convert(chain_state *state, const chain_config *config, const int32_t *counts,
                    int32_t samples, int32_t stride) {
    const int32_t sites = config->sites;
    const float uv_per_count = config->uv_per_count;
    if (!state->band.started) {
        for (int32_t i = 0; i < sites; i++) state->base[i] = counts[i];
    }
    for (int32_t n = 0; n < samples; n++) {
        const int32_t *restrict from = counts + n * sites;
        float *restrict raw = state->raw_uv + n * stride;
        float *restrict band = state->band_uv + n * stride;
        for (int32_t i = 0; i < sites; i++) {
            const uint32_t moved = (uint32_t)from[i] - (uint32_t)state->base[i];
            raw[i] = (float)from[i] * uv_per_count;
            band[i] = (float)(int32_t)moved * uv_per_count;
        }
        for (int32_t i = sites; i < stride; i++) raw[i] = band[i] = 0.0f;
    }
}

/* Which sites are bad in this hop; counts down the others' way back. Returns the sites that are not
 * believed. */
static core_sites doubted_sites(chain_state *state, const chain_config *config, chain_hop *hop) {
    core_sites doubted = 0;
    hop->bad_sites = quality_unfit(&state->quality, &config->quality);
    for (int32_t i = 0; i < config->sites; i++) {
        const core_sites bit = (core_sites)1 << i;
        if (2 * state->missing[i] > config->features.hop_samples) hop->bad_sites |= bit;
        state->missing[i] = 0;
        if (hop->bad_sites & bit) {
            state->thaw[i] = config->thaw_hops;
            doubted |= bit;
        } else if (state->thaw[i] > 0) {
            state->thaw[i] -= 1;
            doubted |= bit;
        }
    }
    return doubted;
}

/* Frozen: a site it needs is not believed, or it was frozen and its intent has not been near 0
 * since. */
static uint32_t frozen_dofs(const chain_state *state, const chain_config *config,
                            core_sites doubted, const float *intent) {
    uint32_t frozen = 0;
    const int32_t novel = (state->gated & (uint32_t)GATE_NOVEL) != 0; /* who knows what is meant */
    for (int32_t d = 0; d < config->shape.dofs; d++) {
        const float band = config->shape.dof[d].dead_band;
        const float near = band > NEUTRAL ? band : NEUTRAL;
        const int32_t neutral = !novel && intent[d] <= near && intent[d] >= -near;
        const int32_t held = (state->frozen >> d & 1u) && !neutral;
        if (held || (config->needs[d] & doubted)) frozen |= 1u << d;
    }
    return frozen;
}

/* What is known of a hop before it is decoded, in three pieces. */
static void add_up(chain_state *state, const chain_config *config, chain_hop *hop) {
    *hop = (chain_hop){0};
    hop->samples = state->samples;
    features_hop(&state->features, &config->features, state->rows);
    state->doubted = doubted_sites(state, config, hop);
}

static void look(chain_state *state, const chain_config *config, chain_hop *hop) {
    features_vector(&config->features, state->rows, state->doubted, state->vector);
    features_activation(&config->features, state->rows, state->doubted, hop->activation);
    for (int32_t i = 0; i < config->sites; i++) hop->power[i] = state->rows[i];
}

static void ask_gate(chain_state *state, const chain_config *config) {
    state->gated =
        gate_process(&state->gate, &config->gate, config->decoder.pool, state->vector);
}

/* From what was decoded to the hand's targets. */
static void command(chain_state *state, const chain_config *config, chain_hop *hop) {
    const int32_t dofs = config->shape.dofs;
    float wanted[CORE_MAX_DOF];
    hop->gate = state->gated;
    for (int32_t d = 0; d < config->decoder.dofs && state->gated == 0u; d++)
        hop->intent[config->place[d]] = state->decoded[d];
    state->frozen = hop->frozen = frozen_dofs(state, config, state->doubted, hop->intent);
    for (int32_t d = 0; d < dofs; d++)
        wanted[d] = hop->frozen >> d & 1u ? 0.0f : hop->intent[d];
    const float dt_s = (float)config->features.hop_samples / config->rate_hz;
    shape_process(&state->shape, &config->shape, wanted, dt_s, hop->velocity);
    for (int32_t d = 0; d < dofs; d++) hop->target[d] = shape_target(hop->velocity[d]);
}

int32_t chain_work(chain_state *state, const chain_config *config, chain_hop *hop) {
    switch (state->due) {
    case CHAIN_NOTHING: return CORE_BAD_ARGUMENT;
    case CHAIN_ADD: add_up(state, config, hop); break;
    case CHAIN_LOOK: look(state, config, hop); break;
    case CHAIN_GATE: ask_gate(state, config); break;
    default:
        if (!decoder_step(&state->decoder, &config->decoder, state->vector, state->decoded))
            return 0;
        command(state, config, hop);
        state->due = CHAIN_NOTHING;
        return 1;
    }
    state->due += 1;
    return 0;
}

/* Samples up to the end of the hop at most, through everything that runs per sample. */
static void take(chain_state *state, const chain_config *config, const int32_t *counts,
                 int32_t samples, core_sites missing, int32_t stride) {
    convert(state, config, counts, samples, stride);
    filter_process(&state->band, &config->band, state->band_uv, samples, state->band_uv);
    filter_process(&state->notch, &config->notch, state->band_uv, samples, state->clean_uv);
    quality_process(&state->quality, &config->quality, state->raw_uv, state->band_uv,
                    state->clean_uv, samples, missing, config->features.rest);
    features_add(&state->features, &config->features, state->clean_uv, samples);
    for (int32_t i = 0; missing && i < config->sites; i++)
        state->missing[i] += missing >> i & 1 ? samples : 0;
    state->samples += (uint32_t)samples;
    if (features_ready(&state->features, &config->features)) state->due = CHAIN_ADD;
}

static int32_t stride_of(const chain_config *config) {
    return (config->sites + CORE_LANES - 1) / CORE_LANES * CORE_LANES;
}

int32_t chain_take(chain_state *state, const chain_config *config, const int32_t *counts,
                   core_sites missing) {
    if (state->due != CHAIN_NOTHING) return CORE_BAD_ARGUMENT;
    take(state, config, counts, 1, missing, stride_of(config));
    return state->due != CHAIN_NOTHING;
}

int32_t chain_process(chain_state *state, const chain_config *config, const int32_t *counts,
                      int32_t samples, core_sites missing, chain_hop *hops, int32_t capacity,
                      float *clean, float *rows) {
    if (samples < 0 || capacity < 0 || state->due != CHAIN_NOTHING) return CORE_BAD_ARGUMENT;
    const int32_t closing = samples / config->features.hop_samples +
                            (samples % config->features.hop_samples + state->features.filled) /
                                config->features.hop_samples;
    if (closing > capacity) return CORE_TOO_SMALL;
    const int32_t sites = config->sites, stride = stride_of(config);
    int32_t closed = 0;
    for (int32_t done = 0; done < samples;) {
        int32_t run = config->features.hop_samples - state->features.filled;
        if (run > CHAIN_BLOCK) run = CHAIN_BLOCK;
        if (run > samples - done) run = samples - done;
        take(state, config, counts + done * sites, run, missing, stride);
        for (int32_t n = 0; clean && n < run; n++) {
            for (int32_t i = 0; i < sites; i++)
                clean[(done + n) * sites + i] = state->clean_uv[n * stride + i];
        }
        done += run;
        if (state->due == CHAIN_NOTHING) continue;
        int32_t whole = 0;
        while (!whole) whole = chain_work(state, config, &hops[closed]);
        for (int32_t i = 0; rows && i < FEATURES_MAX_ROWS; i++)
            rows[closed * FEATURES_MAX_ROWS + i] = state->rows[i];
        closed++;
    }
    return closed;
}
