/* SPDX-License-Identifier: MIT */
#include "filter.h"

#include "elementary.h"
#include "lanes.h"

/* States are looked at once in this many samples of the stream: a state below TINY (far under the
 * microvolt, far above the subnormal floats that slow many processors) becomes 0, and so does one
 * that is not finite. Divides 2^32. */
enum { FLUSH_SAMPLES = 64 };
static const float LEAST_B0 = 1e-6f; /* it is divided by */
static const float TINY = 1e-20f;
static const float HUGE_STATE = 1e30f;

int32_t filter_check(const filter_config *config) {
    if (config->sites < 1 || config->sites > CORE_MAX_SITES) return CORE_BAD_CONFIG;
    if (config->sections < 0 || config->sections > FILTER_MAX_SECTIONS) return CORE_BAD_CONFIG;
    for (int32_t k = 0; k < config->sections; k++) {
        const filter_section *c = &config->section[k];
        if (!elementary_finite(c->b0) || !elementary_finite(c->b1) || !elementary_finite(c->b2) ||
            !elementary_finite(c->a1) || !elementary_finite(c->a2)) {
            return CORE_NOT_FINITE;
        }
        /* Poles inside the unit circle: the triangle of stability. */
        const float bound = 1.0f + c->a2;
        if (c->b0 > -LEAST_B0 && c->b0 < LEAST_B0) return CORE_BAD_CONFIG;
        if (!(c->a2 < 1.0f) || !(c->a1 < bound) || !(-c->a1 < bound)) return CORE_BAD_CONFIG;
    }
    return CORE_OK;
}

int32_t filter_init(filter_state *state, const filter_config *config) {
    const int32_t status = filter_check(config);
    if (status < 0) return status;
    *state = (filter_state){0};
    return CORE_OK;
}

/* A section as it runs: transposed direct form II, everything divided by b0, with y replaced by
 * x + s1 in the recursion,
 *   y = x + s1           s1' = c1 x - a1 s1 + s2    s2' = c2 x - a2 s1
 *   c1 = b1 / b0 - a1    c2 = b2 / b0 - a2
 * so that one sample waits for the last by a multiplication and an addition, not by two of each. The
 * product of all b0 is the first thing that a sample meets. */
typedef struct running_section {
    float c1, c2, a1, a2;
} running_section;

static running_section running(const filter_section *c) {
    return (running_section){c->b1 / c->b0 - c->a1, c->b2 / c->b0 - c->a2, c->a1, c->a2};
}

static float gain_of(const filter_config *config) {
    float gain = 1.0f;
    for (int32_t k = 0; k < config->sections; k++) gain *= config->section[k].b0;
    return gain;
}

/* The states that a constant input would have left. */
static void settle(filter_state *state, const filter_config *config, const float *first,
                   int32_t stride) {
    const float gain = gain_of(config);
    for (int32_t i = 0; i < stride; i++) {
        float x = gain * first[i];
        for (int32_t k = 0; k < config->sections; k++) {
            const running_section c = running(&config->section[k]);
            const float s1 = x * ((c.c1 + c.c2) / (1.0f + c.a1 + c.a2));
            state->s1[k][i] = s1;
            state->s2[k][i] = c.c2 * x - c.a2 * s1;
            x = x + s1;
        }
    }
}

static float flushed(float s) {
    const float size = s < 0.0f ? -s : s;
    return size >= TINY && size <= HUGE_STATE ? s : 0.0f;
}

static void flush(filter_state *state, const filter_config *config, int32_t stride) {
    for (int32_t k = 0; k < config->sections; k++) {
        for (int32_t i = 0; i < stride; i++) {
            state->s1[k][i] = flushed(state->s1[k][i]);
            state->s2[k][i] = flushed(state->s2[k][i]);
        }
    }
}

typedef struct section_memory {
    lanes s1, s2;
} section_memory;

static inline section_memory recall(const filter_state *state, int32_t section, int32_t lane) {
    return (section_memory){lanes_load(&state->s1[section][lane]),
                            lanes_load(&state->s2[section][lane])};
}

static inline void keep(filter_state *state, int32_t section, int32_t lane, section_memory m) {
    lanes_store(&state->s1[section][lane], m.s1);
    lanes_store(&state->s2[section][lane], m.s2);
}

static inline lanes step(running_section c, lanes x, section_memory *m) {
    const lanes y = x + m->s1;
    const lanes s1 = c.c1 * x + m->s2;
    m->s2 = c.c2 * x - c.a2 * m->s1;
    m->s1 = s1 - c.a1 * m->s1;
    return y;
}

/* Section k over a run of samples of 2 * LANES sites: two recursions that hide each other's wait. */
static void run_one(filter_state *state, const filter_config *config, int32_t k, int32_t lane,
                    float gain, const float *in, int32_t samples, int32_t stride, float *out) {
    const running_section c = running(&config->section[k]);
    section_memory m = recall(state, k, lane), n = recall(state, k, lane + LANES);
    for (int32_t left = samples; left > 0; left--) {
        const lanes x = gain * lanes_load(in), z = gain * lanes_load(in + LANES);
        lanes_store(out, step(c, x, &m));
        lanes_store(out + LANES, step(c, z, &n));
        in += stride;
        out += stride;
    }
    keep(state, k, lane, m);
    keep(state, k, lane + LANES, n);
}

/* Sections k and k + 1 at once: what lies between them stays in a register. */
static void run_two(filter_state *state, const filter_config *config, int32_t k, int32_t lane,
                    float gain, const float *in, int32_t samples, int32_t stride, float *out) {
    const running_section c = running(&config->section[k]), d = running(&config->section[k + 1]);
    section_memory m = recall(state, k, lane), n = recall(state, k, lane + LANES);
    section_memory p = recall(state, k + 1, lane), q = recall(state, k + 1, lane + LANES);
    for (int32_t left = samples; left > 0; left--) {
        const lanes x = gain * lanes_load(in), z = gain * lanes_load(in + LANES);
        lanes_store(out, step(d, step(c, x, &m), &p));
        lanes_store(out + LANES, step(d, step(c, z, &n), &q));
        in += stride;
        out += stride;
    }
    keep(state, k, lane, m);
    keep(state, k, lane + LANES, n);
    keep(state, k + 1, lane, p);
    keep(state, k + 1, lane + LANES, q);
}

int32_t filter_process(filter_state *state, const filter_config *config, const float *in,
                       int32_t samples, float *out) {
    if (samples < 0) return CORE_BAD_ARGUMENT;
    const int32_t stride = (config->sites + CORE_LANES - 1) / CORE_LANES * CORE_LANES;
    const float gain = gain_of(config);
    if (samples > 0 && !state->started) {
        settle(state, config, in, stride);
        state->started = 1;
    }
    if (config->sections == 0 && in != out) {
        for (int32_t i = 0; i < samples * stride; i++) out[i] = in[i];
    }
    for (int32_t done = 0; done < samples;) {
        int32_t run = FLUSH_SAMPLES - (int32_t)(state->samples % FLUSH_SAMPLES);
        if (run > samples - done) run = samples - done;
        for (int32_t lane = 0; lane < stride; lane += 2 * LANES) {
            const float *from = in + done * stride + lane;
            float *to = out + done * stride + lane;
            for (int32_t k = 0; k < config->sections; k += 2) {
                if (k + 1 < config->sections) {
                    run_two(state, config, k, lane, k == 0 ? gain : 1.0f, from, run, stride, to);
                } else {
                    run_one(state, config, k, lane, k == 0 ? gain : 1.0f, from, run, stride, to);
                }
                from = to;
            }
        }
        done += run;
        state->samples += (uint32_t)run;
        if (state->samples % FLUSH_SAMPLES == 0) flush(state, config, stride);
    }
    return CORE_OK;
}
