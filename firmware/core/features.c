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
static const float MOST_CORRELATION = 0.999f;
/* Where the sums of each statistic begin: sites side by side, pairs as rows of a matrix. */
enum {
    AT_POWER = 0,
    AT_DIFFERENCE = CORE_MAX_SITES,
    AT_PAIRS = 2 * CORE_MAX_SITES,
    PAIR_SUMS = FEATURES_PAIR_SITES * FEATURES_PAIR_SITES,
    RUN = 16 /* samples whose differences are made at once */
};
#ifdef CHAIN_ONE_SAMPLE
#define RUN 1
#endif

_Static_assert((int)FEATURES_SUMS == (int)AT_PAIRS + 2 * (int)PAIR_SUMS, "room for every sum");
_Static_assert((int)FEATURES_MAX_ROWS == 3 * (int)CORE_MAX_SITES + 2 * (int)FEATURES_PAIRS,
               "room for every row");

static int32_t asks(const features_config *config, uint32_t statistic) {
    return (config->statistics & statistic) != 0;
}

static int32_t stride_of(int32_t sites) {
    return (sites + CORE_LANES - 1) / CORE_LANES * CORE_LANES;
}

static int32_t pairs_of(const features_config *config) {
    return config->chosen * (config->chosen - 1) / 2;
}

static int32_t check_chosen(const features_config *config) {
    if (config->chosen < 1 || config->chosen > config->sites) return CORE_BAD_CONFIG;
    for (int32_t k = 0; k < config->chosen; k++) {
        const int32_t site = config->chosen_site[k];
        if (site < 0 || site >= config->sites || site >= CORE_CHAIN_SITES) return CORE_BAD_CONFIG;
        for (int32_t j = 0; j < k; j++) {
            if (config->chosen_site[j] == site) return CORE_BAD_CONFIG;
        }
    }
    return CORE_OK;
}

static int32_t check_statistics(const features_config *config) {
    const uint32_t pairs = FEATURES_COVARIANCE | FEATURES_DIFFERENCE_COVARIANCE;
    if (!asks(config, FEATURES_POWER) || config->statistics > 31u) return CORE_BAD_CONFIG;
    if (asks(config, FEATURES_DIFFERENCE_COVARIANCE) && !asks(config, FEATURES_DIFFERENCE))
        return CORE_BAD_CONFIG;
    if (features_inputs(config) > CORE_MAX_INPUTS) return CORE_BAD_CONFIG;
    if (!asks(config, pairs)) return CORE_OK;
    return config->chosen < 2 || config->chosen > FEATURES_PAIR_SITES ? CORE_BAD_CONFIG : CORE_OK;
}

int32_t features_check(const features_config *config) {
    if (config->sites < 1 || config->sites > CORE_MAX_SITES) return CORE_BAD_CONFIG;
    if (check_chosen(config) != CORE_OK || check_statistics(config) != CORE_OK)
        return CORE_BAD_CONFIG;
    if (config->hop_samples < 1 || config->hop_samples > 4096) return CORE_BAD_CONFIG;
    if (config->window_hops < 1 || config->window_hops > FEATURES_MAX_HOPS) return CORE_BAD_CONFIG;
    if (asks(config, FEATURES_RECENT) &&
        (config->recent_hops < 1 || config->recent_hops > config->window_hops)) {
        return CORE_BAD_CONFIG;
    }
    if (config->form != FEATURES_RMS && config->form != FEATURES_LOG) return CORE_BAD_CONFIG;
    const int32_t floored = config->form == FEATURES_LOG ||
                            asks(config, FEATURES_COVARIANCE | FEATURES_DIFFERENCE_COVARIANCE);
    for (int32_t i = 0; i < config->sites; i++) {
        if (!elementary_finite(config->rest[i]) || !elementary_finite(config->reference[i]) ||
            !elementary_finite(config->floor[i]) ||
            !elementary_finite(config->difference_floor[i])) {
            return CORE_NOT_FINITE;
        }
        if (config->rest[i] < 0.0f) return CORE_BAD_CONFIG;
        if (config->form == FEATURES_RMS && config->reference[i] < LEAST_REFERENCE_UV)
            return CORE_BAD_CONFIG;
        if (floored && config->floor[i] < LEAST_FLOOR_UV2) return CORE_BAD_CONFIG;
        if (asks(config, FEATURES_DIFFERENCE) && config->difference_floor[i] < LEAST_FLOOR_UV2)
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

int32_t features_inputs(const features_config *config) {
    int32_t inputs = config->chosen;
    if (asks(config, FEATURES_RECENT)) inputs += config->chosen;
    if (asks(config, FEATURES_DIFFERENCE)) inputs += config->chosen;
    if (asks(config, FEATURES_COVARIANCE)) inputs += pairs_of(config);
    if (asks(config, FEATURES_DIFFERENCE_COVARIANCE)) inputs += pairs_of(config);
    return inputs;
}

int32_t features_rows(const features_config *config) {
    return config->sites + features_inputs(config) - config->chosen;
}

core_sites features_sites(const features_config *config, int32_t input) {
    const int32_t powers = config->chosen * (1 + asks(config, FEATURES_RECENT) +
                                             asks(config, FEATURES_DIFFERENCE));
    if (input < powers) return (core_sites)1 << config->chosen_site[input % config->chosen];
    int32_t pair = (input - powers) % pairs_of(config), first = 0;
    while (pair >= config->chosen - 1 - first) {
        pair -= config->chosen - 1 - first;
        first += 1;
    }
    return (core_sites)1 << config->chosen_site[first] |
           (core_sites)1 << config->chosen_site[first + 1 + pair];
}

/* Sums of squares of every site, two registers of them at once: their additions hide each other's
 * wait. */
static void add_power(float *sums, const float *x, int32_t samples, int32_t stride) {
    for (int32_t lane = 0; lane < stride; lane += 2 * LANES) {
        lanes sum = lanes_load(sums + lane), next = lanes_load(sums + lane + LANES);
        for (int32_t n = 0; n < samples; n++) {
            const float *at = x + n * stride + lane;
            const lanes y = lanes_load(at), z = lanes_load(at + LANES);
            sum += y * y;
            next += z * z;
        }
        lanes_store(sums + lane, sum);
        lanes_store(sums + lane + LANES, next);
    }
}

/* The chosen sites side by side: x itself where they are its first ones. */
static const float *chosen_of(const features_config *config, const float *x, int32_t samples,
                              int32_t stride, float *to) {
    int32_t first = stride == FEATURES_PAIR_SITES;
    for (int32_t k = 0; k < config->chosen; k++) first = first && config->chosen_site[k] == k;
    if (first) return x;
    for (int32_t n = 0; n < samples; n++) {
        for (int32_t k = 0; k < config->chosen; k++)
            to[n * FEATURES_PAIR_SITES + k] = x[n * stride + config->chosen_site[k]];
        for (int32_t k = config->chosen; k < FEATURES_PAIR_SITES; k++)
            to[n * FEATURES_PAIR_SITES + k] = 0.0f;
    }
    return to;
}

/* Sums of x_i x_j, rows i, columns j > i (and what else shares a register with them). */
static void add_pairs(float *sums, const float *x, int32_t samples, int32_t sites) {
    for (int32_t i = 0; i + 1 < sites; i++) {
        for (int32_t j = (i + 1) / LANES * LANES; j < sites; j += LANES) {
            float *at = sums + i * FEATURES_PAIR_SITES + j;
            lanes sum = lanes_load(at);
            for (int32_t n = 0; n < samples; n++)
                sum += x[n * FEATURES_PAIR_SITES + i] * lanes_load(x + n * FEATURES_PAIR_SITES + j);
            lanes_store(at, sum);
        }
    }
}

/* Differences to the sample before; the very first sample has none. */
static void differences(features_state *state, const float *x, int32_t samples, int32_t stride,
                        float *to) {
    for (int32_t i = 0; i < stride && !state->begun; i++) state->last[i] = x[i];
    state->begun = 1;
    for (int32_t i = 0; i < stride; i += LANES) {
        lanes before = lanes_load(&state->last[i]);
        for (int32_t n = 0; n < samples; n++) {
            const lanes now = lanes_load(x + n * stride + i);
            lanes_store(to + n * stride + i, now - before);
            before = now;
        }
        lanes_store(&state->last[i], before);
    }
}

static void add_run(features_state *state, const features_config *config, const float *x,
                    int32_t samples, int32_t stride) {
    float step[RUN * CORE_MAX_SITES], chosen[RUN * FEATURES_PAIR_SITES];
    float *pairs = &state->sum[AT_PAIRS];
    add_power(&state->sum[AT_POWER], x, samples, stride);
    if (asks(config, FEATURES_COVARIANCE))
        add_pairs(pairs, chosen_of(config, x, samples, stride, chosen), samples, config->chosen);
    if (!asks(config, FEATURES_DIFFERENCE)) return;
    differences(state, x, samples, stride, step);
    add_power(&state->sum[AT_DIFFERENCE], step, samples, stride);
    if (!asks(config, FEATURES_DIFFERENCE_COVARIANCE)) return;
    const float *steps = chosen_of(config, step, samples, stride, chosen);
    add_pairs(pairs + PAIR_SUMS, steps, samples, config->chosen);
}

int32_t features_add(features_state *state, const features_config *config, const float *x,
                     int32_t samples) {
    if (samples < 0) return CORE_BAD_ARGUMENT;
    const int32_t stride = stride_of(config->sites);
    const int32_t room = config->hop_samples - state->filled;
    const int32_t taken = samples < room ? samples : room;
    for (int32_t done = 0; done < taken; done += RUN) {
        const int32_t left = taken - done;
        add_run(state, config, x + done * stride, left < RUN ? left : RUN, stride);
    }
    state->filled += taken;
    return taken;
}

int32_t features_ready(const features_state *state, const features_config *config) {
    return state->filled >= config->hop_samples;
}

/* The sums of a hop without the gaps between them: rows, but for RECENT, which is made of others. */
static int32_t pack(const features_config *config, const float *sum, float *row) {
    const int32_t sites = config->sites;
    const float *begin = row;
    for (int32_t i = 0; i < sites; i++) *row++ = sum[AT_POWER + i];
    for (int32_t k = 0; k < config->chosen && asks(config, FEATURES_DIFFERENCE); k++)
        *row++ = sum[AT_DIFFERENCE + config->chosen_site[k]];
    for (int32_t of = 0; of < 2; of++) {
        if (!asks(config, of == 0 ? FEATURES_COVARIANCE : FEATURES_DIFFERENCE_COVARIANCE)) continue;
        const float *pairs = sum + AT_PAIRS + of * PAIR_SUMS;
        for (int32_t i = 0; i < config->chosen; i++) {
            for (int32_t j = i + 1; j < config->chosen; j++)
                *row++ = pairs[i * FEATURES_PAIR_SITES + j];
        }
    }
    return (int32_t)(row - begin);
}

/* Mean of n sums over the newest `hops`, added from the oldest to the newest. */
static void mean_of(const features_state *state, const features_config *config, int32_t hops,
                    int32_t n, float *mean) {
    const float samples = (float)(hops * config->hop_samples);
    for (int32_t i = 0; i < n; i++) mean[i] = 0.0f;
    for (int32_t h = hops - 1; h >= 0; h--) {
        const float *row =
            state->ring[(state->newest - h + config->window_hops) % config->window_hops];
        for (int32_t i = 0; i < n; i++) mean[i] += row[i];
    }
    for (int32_t i = 0; i < n; i++) mean[i] = mean[i] / samples;
}

int32_t features_hop(features_state *state, const features_config *config, float *rows) {
    if (!features_ready(state, config)) return CORE_BAD_ARGUMENT;
    const int32_t sites = config->sites;
    state->newest = (state->newest + 1) % config->window_hops;
    const int32_t n = pack(config, state->sum, state->ring[state->newest]);
    for (int32_t i = 0; i < FEATURES_SUMS; i++) state->sum[i] = 0.0f;
    state->filled = 0;
    if (state->hops < config->window_hops) state->hops += 1;

    mean_of(state, config, state->hops, n, rows);
    if (!asks(config, FEATURES_RECENT)) return CORE_OK;
    float recent[CORE_MAX_SITES];
    const int32_t hops = state->hops < config->recent_hops ? state->hops : config->recent_hops;
    mean_of(state, config, hops, sites, recent);
    for (int32_t i = n - 1; i >= sites; i--) rows[i + config->chosen] = rows[i];
    for (int32_t k = 0; k < config->chosen; k++) rows[sites + k] = recent[config->chosen_site[k]];
    return CORE_OK;
}

static float log_over(float power, float floor) {
    return elementary_log2((power + floor) / floor) * LN_2;
}

static float activation_of(const features_config *config, int32_t site, float power) {
    if (config->form == FEATURES_LOG) return log_over(power, config->floor[site]);
    const float above = power - config->rest[site];
    return sqrtf(above > 0.0f ? above : 0.0f) / config->reference[site];
}

int32_t features_activation(const features_config *config, const float *rows, core_sites doubted,
                            float *activation) {
    for (int32_t i = 0; i < config->sites; i++)
        activation[i] = i < CORE_CHAIN_SITES && (doubted >> i & 1) ? 0.0f : activation_of(config, i, rows[i]);
    return CORE_OK;
}

/* Fisher's z of the pairs of sites whose sizes (root of power over the floor) are `size`; 0: a
 * doubted one. */
static void correlations(const float *pairs, const float *size, int32_t sites, float *to) {
    for (int32_t i = 0; i < sites; i++) {
        for (int32_t j = i + 1; j < sites; j++) {
            const float both = size[i] * size[j], c = *pairs++;
            float r = both > 0.0f ? c / both : 0.0f;
            if (!(r < MOST_CORRELATION)) r = MOST_CORRELATION;
            if (r < -MOST_CORRELATION) r = -MOST_CORRELATION;
            *to++ = elementary_log2((1.0f + r) / (1.0f - r)) * (0.5f * LN_2);
        }
    }
}

int32_t features_vector(const features_config *config, const float *rows, core_sites doubted,
                        float *vector) {
    const int32_t chosen = config->chosen, pairs = pairs_of(config);
    const int32_t covariance = asks(config, FEATURES_COVARIANCE);
    const float *recent = rows + config->sites;
    const float *difference = recent + (asks(config, FEATURES_RECENT) ? chosen : 0);
    const float *next = difference + (asks(config, FEATURES_DIFFERENCE) ? chosen : 0);
    float size[FEATURES_PAIR_SITES] = {0}, step_size[FEATURES_PAIR_SITES] = {0};
    float *powers = vector + chosen, *steps = powers + (difference - recent);
    float *to = steps + (next - difference);
    for (int32_t k = 0; k < chosen; k++) {
        const int32_t site = config->chosen_site[k];
        const int32_t believed = !(doubted >> site & 1);
        vector[k] = believed ? activation_of(config, site, rows[site]) : 0.0f;
        if (asks(config, FEATURES_RECENT))
            powers[k] = believed ? activation_of(config, site, recent[k]) : 0.0f;
        if (k < FEATURES_PAIR_SITES)
            size[k] = believed ? sqrtf(rows[site] + config->floor[site]) : 0.0f;
        if (!asks(config, FEATURES_DIFFERENCE)) continue;
        const float floor = config->difference_floor[site];
        steps[k] = believed ? log_over(difference[k], floor) : 0.0f;
        if (k < FEATURES_PAIR_SITES) step_size[k] = believed ? sqrtf(difference[k] + floor) : 0.0f;
    }
    const int32_t first = covariance ? pairs : 0;
    if (covariance) correlations(next, size, chosen, to);
    if (asks(config, FEATURES_DIFFERENCE_COVARIANCE))
        correlations(next + first, step_size, chosen, to + first);
    return CORE_OK;
}
