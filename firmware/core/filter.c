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
static const float SAME = 1e-6f; /* coefficients that were rounded apart */

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

/* Forms of a section, everything divided by b0 (the product of all b0 is the first thing that a
 * sample meets). How many operations they take bounds the loop over samples:
 *
 *   general    8: transposed direct form II with y replaced by x + s1 in the recursion
 *     y = x + s1             s1' = c1 x - a1 s1 + s2        s2' = c2 x - a2 s1
 *   high-pass  6: b = 1, -2, 1; two integrators behind the output, subtracted from the input. An
 *     electrode's offset stands in the second one alone, where the general form would round with
 *     each sample what it takes away (20 mV: error 20 times larger)
 *     y = x - k2 s2 - k1 s1  s1' = s1 + y                   s2' = s2 + s1
 *     k1 = 2 + a1            k2 = 1 + a1 + a2
 *   notch      6: b1 = a1, b0 = b2 = 1 - h, a2 = 1 - 2 h
 *     y = x + s1             r = h y - s1                   s1' = (b1 / b0) r + s2   s2' = h y + r
 */
static filter_running running(const filter_section *c) {
    const float h = 0.5f * (1.0f - c->a2), off = c->b0 - (1.0f - h);
    if (c->b2 == c->b0 && c->b1 == -2.0f * c->b0)
        return (filter_running){FILTER_HIGH_PASS, {2.0f + c->a1, 1.0f + c->a1 + c->a2}};
    if (c->b2 == c->b0 && c->b1 == c->a1 && off < SAME && off > -SAME)
        return (filter_running){FILTER_NOTCH, {h, c->b1 / c->b0}};
    const float c1 = c->b1 / c->b0 - c->a1, c2 = c->b2 / c->b0 - c->a2;
    return (filter_running){FILTER_GENERAL, {c1, c2, c->a1, c->a2}};
}

/* The states that a constant input x would have left; returns the output. */
static float settle_section(const filter_running *c, float x, float *s1, float *s2) {
    const float *k = c->k;
    switch (c->form) {
    case FILTER_HIGH_PASS: *s1 = 0.0f; *s2 = x / k[1]; return 0.0f;
    case FILTER_NOTCH: *s1 = *s2 = k[0] * (x / (1.0f - k[0])); break;
    default: *s1 = x * ((k[0] + k[1]) / (1.0f + k[2] + k[3])); *s2 = k[1] * x - k[3] * *s1; break;
    }
    return x + *s1;
}

static void start(filter_state *state, const filter_config *config, const float *first,
                  int32_t stride) {
    state->started = 1;
    state->gain = 1.0f;
    for (int32_t k = 0; k < config->sections; k++) {
        state->running[k] = running(&config->section[k]);
        state->gain *= config->section[k].b0;
    }
    for (int32_t i = 0; i < stride; i++) {
        float x = state->gain * first[i];
        for (int32_t k = 0; k < config->sections; k++)
            x = settle_section(&state->running[k], x, &state->s1[k][i], &state->s2[k][i]);
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

static inline lanes step(int32_t form, const float *k, lanes x, section_memory *m) {
    if (form == FILTER_HIGH_PASS) {
        const lanes y = x - k[1] * m->s2 - k[0] * m->s1;
        m->s2 = m->s2 + m->s1;
        m->s1 = m->s1 + y;
        return y;
    }
    const lanes y = x + m->s1;
    if (form == FILTER_NOTCH) {
        const lanes part = k[0] * y, rest = part - m->s1;
        m->s1 = k[1] * rest + m->s2;
        m->s2 = part + rest;
        return y;
    }
    const lanes s1 = k[0] * x + m->s2;
    m->s2 = k[1] * x - k[3] * m->s1;
    m->s1 = s1 - k[2] * m->s1;
    return y;
}

/* One section over one sample of all sites. */
static inline __attribute__((always_inline)) void
run_section(filter_state *state, int32_t k, int32_t form, int32_t stride, float *x) {
    const filter_running c = state->running[k];
    float *s1 = state->s1[k], *s2 = state->s2[k];
    for (int32_t i = 0; i < stride; i += LANES) {
        section_memory m = {lanes_load(s1 + i), lanes_load(s2 + i)};
        lanes_store(x + i, step(form, c.k, lanes_load(x + i), &m));
        lanes_store(s1 + i, m.s1);
        lanes_store(s2 + i, m.s2);
    }
}

/* Where a register holds one site, and samples come one by one. */
static void run_sample(filter_state *state, int32_t sections, const float *in, int32_t stride,
                       float *out) {
    for (int32_t i = 0; i < stride; i++) out[i] = state->gain * in[i];
    for (int32_t k = 0; k < sections; k++) {
        switch (state->running[k].form) {
        case FILTER_NOTCH: run_section(state, k, FILTER_NOTCH, stride, out); break;
        case FILTER_HIGH_PASS: run_section(state, k, FILTER_HIGH_PASS, stride, out); break;
        default: run_section(state, k, FILTER_GENERAL, stride, out); break;
        }
    }
}

/* A run of samples of BESIDE * LANES sites, where a register holds several. */
typedef struct filter_run {
    const float *in;
    float *out;
    int32_t samples, stride, lane;
    float gain;
} filter_run;

enum { BESIDE = 2, MOST_AT_ONCE = 8 /* held in registers, with help of the nearest cache */ };

/* `count` sections from k on, the first of `form`, the others of another: what lies between them
 * stays in a register, and many recursions at once hide each other's wait. Written once, compiled
 * for each that is asked for below, where form and count are constants. */
static inline __attribute__((always_inline)) void
run_sections(filter_state *state, int32_t k, int32_t form, int32_t others, int32_t count,
             filter_run run) {
    float c[MOST_AT_ONCE][4];
    float *s1 = &state->s1[k][run.lane], *s2 = &state->s2[k][run.lane];
    section_memory m[MOST_AT_ONCE][BESIDE];
    for (int32_t j = 0; j < count; j++) {
        for (int32_t i = 0; i < 4; i++) c[j][i] = state->running[k + j].k[i];
        for (int32_t w = 0; w < BESIDE; w++) {
            m[j][w].s1 = lanes_load(s1 + j * CORE_MAX_SITES + w * LANES);
            m[j][w].s2 = lanes_load(s2 + j * CORE_MAX_SITES + w * LANES);
        }
    }
    for (int32_t left = run.samples; left > 0; left--) {
        for (int32_t w = 0; w < BESIDE; w++) {
            lanes x = run.gain * lanes_load(run.in + w * LANES);
            for (int32_t j = 0; j < count; j++) x = step(j == 0 ? form : others, c[j], x, &m[j][w]);
            lanes_store(run.out + w * LANES, x);
        }
        run.in += run.stride;
        run.out += run.stride;
    }
    for (int32_t j = 0; j < count; j++) {
        for (int32_t w = 0; w < BESIDE; w++) {
            lanes_store(s1 + j * CORE_MAX_SITES + w * LANES, m[j][w].s1);
            lanes_store(s2 + j * CORE_MAX_SITES + w * LANES, m[j][w].s2);
        }
    }
}

/* As many sections from k on as go together; returns how many. */
static int32_t run_some(filter_state *state, int32_t k, int32_t sections, filter_run run) {
    const int32_t form = state->running[k].form;
    if (form == FILTER_NOTCH) {
        int32_t alike = 1;
        while (k + alike < sections && state->running[k + alike].form == form) alike++;
        const int32_t count = alike >= 8 ? 8 : alike >= 4 ? 4 : alike >= 2 ? 2 : 1;
        switch (count) {
        case 8: run_sections(state, k, FILTER_NOTCH, FILTER_NOTCH, 8, run); break;
        case 4: run_sections(state, k, FILTER_NOTCH, FILTER_NOTCH, 4, run); break;
        case 2: run_sections(state, k, FILTER_NOTCH, FILTER_NOTCH, 2, run); break;
        default: run_sections(state, k, FILTER_NOTCH, FILTER_NOTCH, 1, run); break;
        }
        return count;
    }
    const int32_t two = k + 1 < sections && state->running[k + 1].form == FILTER_GENERAL;
    if (form == FILTER_HIGH_PASS && two)
        run_sections(state, k, FILTER_HIGH_PASS, FILTER_GENERAL, 2, run);
    else if (form == FILTER_HIGH_PASS)
        run_sections(state, k, FILTER_HIGH_PASS, FILTER_GENERAL, 1, run);
    else if (two)
        run_sections(state, k, FILTER_GENERAL, FILTER_GENERAL, 2, run);
    else
        run_sections(state, k, FILTER_GENERAL, FILTER_GENERAL, 1, run);
    return 1 + two;
}

int32_t filter_process(filter_state *state, const filter_config *config, const float *in,
                       int32_t samples, float *out) {
    if (samples < 0) return CORE_BAD_ARGUMENT;
    const int32_t stride = (config->sites + CORE_LANES - 1) / CORE_LANES * CORE_LANES;
    if (samples > 0 && !state->started) start(state, config, in, stride);
    if (config->sections == 0 && in != out) {
        for (int32_t i = 0; i < samples * stride; i++) out[i] = in[i];
    }
    for (int32_t done = 0; done < samples;) {
        int32_t most = FLUSH_SAMPLES - (int32_t)(state->samples % FLUSH_SAMPLES);
        if (most > samples - done) most = samples - done;
        const float *from = in + done * stride;
        float *to = out + done * stride;
        for (int32_t n = 0; n < most && LANES == 1; n++)
            run_sample(state, config->sections, from + n * stride, stride, to + n * stride);
        for (int32_t lane = 0; lane < stride && LANES > 1; lane += BESIDE * LANES) {
            filter_run run = {from + lane, to + lane, most, stride, lane, state->gain};
            for (int32_t k = 0; k < config->sections;) {
                k += run_some(state, k, config->sections, run);
                run.in = run.out;
                run.gain = 1.0f;
            }
        }
        done += most;
        state->samples += (uint32_t)most;
        if (state->samples % FLUSH_SAMPLES == 0) flush(state, config, stride);
    }
    return CORE_OK;
}
