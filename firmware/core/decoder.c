/* SPDX-License-Identifier: MIT */
#include "decoder.h"

#include <stddef.h>

#include "elementary.h"
#include "ranges.h"

/* Larger numbers could only come from a damaged profile, and might leave the range of a float. */
static const float LARGEST = 1e6f;

static int32_t check_pool(const decoder_config *config) {
    if (config->floats < 0 || (config->floats > 0 && !config->pool)) return CORE_BAD_CONFIG;
    for (int32_t i = 0; i < config->floats; i++) {
        if (!elementary_finite(config->pool[i])) return CORE_NOT_FINITE;
        if (!within(config->pool[i], -LARGEST, LARGEST)) return CORE_BAD_CONFIG;
    }
    return CORE_OK;
}

static int32_t check_linear(const decoder_config *config) {
    if (config->linear.inputs > config->inputs || config->linear.outputs != config->dofs)
        return CORE_BAD_CONFIG;
    return linear_check(&config->linear, config->floats);
}

static int32_t check_fourier(const decoder_config *config, int32_t outputs) {
    if (config->fourier.blocks != 0 && config->fourier.out.outputs != outputs)
        return CORE_BAD_CONFIG;
    return fourier_check(&config->fourier, config->inputs, config->floats);
}

static int32_t check_classes(const decoder_config *config, int32_t more) {
    const int32_t status = classes_check(&config->classes, config->inputs, config->dofs,
                                         config->pool, config->floats);
    return status < 0 ? status : check_fourier(config, config->classes.classes + more);
}

int32_t decoder_check(const decoder_config *config) {
    if (config->inputs < 1 || config->inputs > CORE_MAX_INPUTS) return CORE_BAD_CONFIG;
    if (config->dofs < 1 || config->dofs > CORE_MAX_DOF) return CORE_BAD_CONFIG;
    if (!elementary_finite(config->share) || !elementary_finite(config->quiet))
        return CORE_NOT_FINITE;
    if (!within(config->share, 0.0f, 1.0f) || !within(config->quiet, 0.0f, 0.5f))
        return CORE_BAD_CONFIG;
    int32_t status = check_pool(config);
    if (status < 0) return status;
    const int32_t without = config->fourier.blocks == 0; /* and not to be without */
    switch (config->kind) {
    case DECODER_LINEAR: return check_linear(config);
    case DECODER_DIRECT: return direct_check(&config->direct, config->inputs, config->dofs);
    case DECODER_FOURIER:
        return without ? CORE_BAD_CONFIG : check_fourier(config, config->dofs);
    case DECODER_CLASSES: return check_classes(config, 0);
    case DECODER_MEAN: return without ? CORE_BAD_CONFIG : check_classes(config, config->dofs);
    default: return CORE_BAD_CONFIG;
    }
}

static int32_t hears_linear(const linear_config *linear, const float *pool, int32_t output,
                            int32_t input) {
    return input < linear->inputs &&
           pool[linear->weight + input * linear_stride(linear) + output] != 0.0f;
}

static int32_t hears_fourier(const fourier_config *fourier, const float *pool, int32_t input) {
    return fourier->blocks > 0 && input < fourier->inputs && pool[fourier->spread + input] != 0.0f;
}

static int32_t hears_direct(const direct_config *direct, int32_t dof, int32_t input) {
    for (int32_t p = 0; p < direct->pairs; p++) {
        const direct_pair *pair = &direct->pair[p];
        if (!(pair->dofs >> dof & 1u)) continue;
        if (pair->positive.site == input || pair->negative.site == input) return 1;
    }
    return 0;
}

/* A class, and so every DoF, depends on what any score or amplitude does. */
static int32_t hears_classes(const classes_config *classes, const float *pool, int32_t dofs,
                             int32_t input) {
    for (int32_t k = 0; k < classes->classes; k++) {
        if (hears_linear(&classes->score, pool, k, input)) return 1;
    }
    if (input >= classes->amplitude) return 0;
    for (int32_t i = 0; i < (classes->classes - 1) * dofs; i++) {
        if (pool[classes->amplitude_at + i * (classes->amplitude + 1) + input] != 0.0f) return 1;
    }
    return 0;
}

int32_t decoder_hears(const decoder_config *config, int32_t dof, int32_t input) {
    switch (config->kind) {
    case DECODER_LINEAR: return hears_linear(&config->linear, config->pool, dof, input);
    case DECODER_DIRECT: return hears_direct(&config->direct, dof, input);
    case DECODER_FOURIER: return hears_fourier(&config->fourier, config->pool, input);
    default:
        return hears_fourier(&config->fourier, config->pool, input) ||
               hears_classes(&config->classes, config->pool, config->dofs, input);
    }
}

void decoder_begin(decoder_state *state, const decoder_config *config) {
    *state = (decoder_state){0};
    (void)direct_init(&state->direct);
    if (config->kind == DECODER_CLASSES || config->kind == DECODER_MEAN)
        (void)classes_init(&state->classes, &config->classes);
}

int32_t decoder_init(decoder_state *state, const decoder_config *config) {
    const int32_t status = decoder_check(config);
    if (status < 0) return status;
    decoder_begin(state, config);
    return CORE_OK;
}

static int32_t has_classes(const decoder_config *config) {
    return config->kind == DECODER_CLASSES || config->kind == DECODER_MEAN;
}

static int32_t has_fourier(const decoder_config *config) {
    return config->kind == DECODER_FOURIER || (has_classes(config) && config->fourier.blocks > 0);
}

static void begin_hop(decoder_state *state, const decoder_config *config, const float *vector) {
    if (has_fourier(config))
        (void)fourier_begin(&state->fourier, &config->fourier, config->pool, vector);
    if (has_classes(config))
        (void)classes_begin(&state->classes, &config->classes, config->pool);
    state->begun = 1;
}

/* What the next unit of the hop's work takes; 0: there is none. */
static int32_t left(const decoder_state *state, const decoder_config *config) {
    const int32_t first =
        has_fourier(config) ? fourier_left(&state->fourier, &config->fourier) : 0;
    if (first > 0 || !has_classes(config)) return first;
    return classes_left(&state->classes, &config->classes);
}

static void work(decoder_state *state, const decoder_config *config, const float *vector) {
    if (has_fourier(config) && fourier_left(&state->fourier, &config->fourier) > 0) {
        (void)fourier_work(&state->fourier, &config->fourier, config->pool);
        return;
    }
    (void)classes_work(&state->classes, &config->classes, config->pool, vector);
}

static void end_classes(decoder_state *state, const decoder_config *config, const float *vector,
                        float *intent) {
    const float *more = config->fourier.blocks > 0 ? state->fourier.sum : NULL;
    (void)classes_end(&state->classes, &config->classes, config->pool, vector, more, config->dofs,
                      intent);
}

static void end_hop(decoder_state *state, const decoder_config *config, const float *vector,
                    float *intent) {
    const float *regressed = state->fourier.sum;
    switch (config->kind) {
    case DECODER_LINEAR:
        (void)linear_process(&config->linear, config->pool, vector, intent);
        break;
    case DECODER_DIRECT:
        (void)direct_process(&state->direct, &config->direct, vector, config->dofs, intent);
        break;
    case DECODER_FOURIER:
        for (int32_t d = 0; d < config->dofs; d++) intent[d] = regressed[d];
        break;
    case DECODER_CLASSES: end_classes(state, config, vector, intent); break;
    default:
        end_classes(state, config, vector, intent);
        regressed += config->classes.classes;
        for (int32_t d = 0; d < config->dofs; d++)
            intent[d] = (1.0f - config->share) * intent[d] + config->share * regressed[d];
        break;
    }
}

static float quieted(float y, float quiet) {
    const float size = (y < 0.0f ? -y : y) - quiet;
    if (!(size > 0.0f)) return 0.0f;
    const float wide = size / (1.0f - quiet);
    return y < 0.0f ? -wide : wide;
}

/* Whether the next unit still belongs to a step that has cost `spent`. */
static int32_t fits(const decoder_state *state, const decoder_config *config, int32_t spent) {
    const int32_t next = left(state, config);
    return next > 0 && (spent == 0 || spent + next <= DECODER_STEP);
}

int32_t decoder_step(decoder_state *state, const decoder_config *config, const float *vector,
                     float *intent) {
    int32_t spent = 0;
    if (!state->begun) begin_hop(state, config, vector);
    while (fits(state, config, spent)) {
        spent += left(state, config);
        work(state, config, vector);
    }
    /* the end of classes is a step of its own */
    if (left(state, config) > 0 || (spent > 0 && has_classes(config))) return 0;
    end_hop(state, config, vector, intent);
    state->begun = 0;
    for (int32_t d = 0; d < config->dofs && config->quiet > 0.0f; d++)
        intent[d] = quieted(intent[d], config->quiet);
    return 1;
}

int32_t decoder_steps(decoder_state *state, const decoder_config *config, const float *vector) {
    float intent[CORE_MAX_DOF];
    int32_t steps = 1;
    while (!decoder_step(state, config, vector, intent)) steps++;
    return steps;
}

int32_t decoder_process(decoder_state *state, const decoder_config *config, const float *vector,
                        float *intent) {
    int32_t done = 0;
    while (!done) done = decoder_step(state, config, vector, intent);
    return CORE_OK;
}

int32_t decoder_run(decoder_state *state, const decoder_config *config, const float *vectors,
                    int32_t hops, float *intents) {
    for (int32_t h = 0; h < hops; h++) {
        (void)decoder_process(state, config, vectors + h * config->inputs,
                              intents + h * config->dofs);
    }
    return CORE_OK;
}
