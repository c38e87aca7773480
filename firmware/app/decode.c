/* SPDX-License-Identifier: MIT */
#include "decode.h"

#include <stddef.h>

static const float UNBELIEVED_S = 0.1f; /* a longer gap is not believed, though it is filled */

void decode_stop(decode_state *state)
{
    state->begun = 0;
    state->waiting = 0;
    state->filled = 0;
}

static void push(decode_state *state, const decode_sample *sample)
{
    const int32_t at = (state->first + state->waiting) % DECODE_QUEUE;
    state->queue[at] = *sample;
    state->waiting++;
}

/* The samples between the last one that came and `sample`: repeats of it. */
static void fill(decode_state *state, const decode_sample *sample, uint32_t gap)
{
    const float period_us = 1e6f / state->config.rate_hz;
    decode_sample one = state->newest;
    if ((float)gap > UNBELIEVED_S * state->config.rate_hz) {
        const uint32_t sites = (uint32_t)state->config.sites;
        one.missing = sites < 32u ? (1u << sites) - 1u : UINT32_MAX;
    }
    for (uint32_t left = gap; left > 0u; left--) {
        one.sample = sample->sample - left;
        one.emg_us = sample->emg_us - (uint32_t)((float)left * period_us);
        push(state, &one);
    }
    state->filled += gap;
}

int32_t decode_take(decode_state *state, uint32_t start, const decode_sample *sample)
{
    if (!state->ready) {
        return DECODE_NOT_READY;
    }
    if (!state->begun || start != state->start) {
        if (sample->sample != start) {
            return DECODE_NOT_BEGUN;
        }
        decode_stop(state);
        chain_begin(&state->chain, &state->config);
        state->begun = 1;
        state->start = start;
        state->next = start;
    }
    const uint32_t gap = sample->sample - state->next;
    if (gap > (uint32_t)INT32_MAX) {
        return DECODE_OLD;
    }
    if (gap >= (uint32_t)(DECODE_QUEUE - state->waiting)) {
        decode_stop(state);
        return DECODE_LOST;
    }
    fill(state, sample, gap);
    push(state, sample);
    state->newest = *sample;
    state->next = sample->sample + 1u;
    return DECODE_OK;
}

/* 24 bits, two's complement. */
static int32_t count_at(const uint8_t *b)
{
    const uint32_t raw = (uint32_t)b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16;
    return (int32_t)(raw ^ 0x800000u) - 0x800000;
}

int32_t decode_take_frame(decode_state *state, const wire_emg *emg)
{
    if (!state->ready || (int32_t)emg->sites != state->config.sites) {
        return DECODE_NOT_READY;
    }
    const float period_us = 1e6f / state->config.rate_hz;
    decode_sample one = {.missing = emg->missing};
    const uint8_t *from = emg->counts;
    for (int32_t n = 0; n < (int32_t)emg->count; n++) {
        const int32_t later = (int32_t)emg->count - 1 - n;
        one.sample = emg->sample + (uint32_t)n;
        one.emg_us = emg->emg_us - (uint32_t)((float)later * period_us);
        for (int32_t i = 0; i < (int32_t)emg->sites; i++, from += 3) {
            one.counts[i] = count_at(from);
        }
        const int32_t status = decode_take(state, emg->start, &one);
        if (status != DECODE_OK) {
            return status;
        }
    }
    return DECODE_OK;
}

int32_t decode_waits(const decode_state *state)
{
    return state->begun != 0 && (state->waiting != 0 || state->chain.due != 0);
}

int32_t decode_step(decode_state *state)
{
    if (!decode_waits(state)) {
        return 0;
    }
    if (state->chain.due != 0) {
        if (chain_work(&state->chain, &state->config, &state->making) != 1) {
            return 0;
        }
        state->hop = state->making;
        state->hop_sample = state->making_sample;
        state->hop_emg_us = state->making_emg_us;
        return 1;
    }
    const decode_sample *one = &state->queue[state->first];
    if (chain_take(&state->chain, &state->config, one->counts, one->missing) == 1) {
        state->making_sample = one->sample;
        state->making_emg_us = one->emg_us;
    }
    state->first = (state->first + 1) % DECODE_QUEUE;
    state->waiting--;
    return 0;
}

int32_t decode_in_time(const chain_config *config, chain_state *chain)
{
    const int32_t hop_samples = config->features.hop_samples;
    chain_begin(chain, config);
    const int32_t steps = decoder_steps(&chain->decoder, &config->decoder, chain->vector);
    const int32_t pieces = hop_samples + CHAIN_PIECES + steps + 2;
    return (float)pieces * config->rate_hz <= 1000.0f * (float)hop_samples;
}

static uint32_t add(uint32_t crc, const void *from, int32_t bytes)
{
    return wire_crc32c(crc, from, bytes);
}

uint32_t decode_hash(const chain_config *config, const chain_hop *hop)
{
    const int32_t sites = config->sites, dofs = config->shape.dofs;
    /* hand and host are little-endian, both */
    uint32_t crc = add(0, &hop->samples, 4);
    crc = add(crc, &hop->frozen, 4);
    crc = add(crc, &hop->bad_sites, 4);
    crc = add(crc, &hop->gate, 4);
    crc = add(crc, hop->power, 4 * sites);
    crc = add(crc, hop->activation, 4 * sites);
    crc = add(crc, hop->intent, 4 * dofs);
    crc = add(crc, hop->velocity, 4 * dofs);
    return add(crc, hop->target, 2 * dofs);
}

uint32_t decode_vector(const chain_config *config, chain_state *chain)
{
    uint32_t x = 0x2545F491u; /* xorshift: Marsaglia, 2003 */
    uint32_t crc = 0;
    if (chain_init(chain, config) != CORE_OK) {
        return 0;
    }
    for (int32_t n = 0; n < DECODE_VECTOR; n++) {
        int32_t counts[CORE_CHAIN_SITES];
        chain_hop hop;
        for (int32_t i = 0; i < config->sites; i++) {
            x ^= x << 13;
            x ^= x >> 17;
            x ^= x << 5;
            counts[i] = (int32_t)x / (int32_t)(1u << (unsigned)(11 + (n / 32 + i) % 8));
        }
        if (chain_process(chain, config, counts, 1, 0, &hop, 1, NULL, NULL) > 0) {
            const uint32_t one = decode_hash(config, &hop);
            crc = add(crc, &one, 4);
        }
    }
    return crc;
}
