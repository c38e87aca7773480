/* SPDX-License-Identifier: MIT */
#include "meter.h"

#include <math.h>

#include "elementary.h"

/* Bin i of the histogram holds frames of -20 + 0.75 i dB over 1 microvolt and 0.75 dB more: 0.1
 * microvolt to 6.3 mV. */
static const double LOWEST_DB = -20.0;
static const double BIN_DB = 0.75;
static const double LN10_OVER_10 = 0.23025850929940458;
static const double KEPT_A_SECOND = 0.96722;  /* exp(-1/30) */
static const double FEWEST_OF_ALL = 125.0;    /* frames: 12 s, */
static const double FEWEST_FRAMES = 12.0;     /* of each of the two, */
static const double LEAST_SHARE = 0.03;       /* and of all */
static const double APART = 2.7;              /* humps, in their mean standard deviation, */
static const double FAR_APART_DB = 6.0;       /* or so: no one hump of noise is as wide */
static const double NARROWEST_DB = 0.6;
/* Noise of 90 Hz of bandwidth varies by 1.6 dB from frame to frame, of 430 Hz by 0.7; what another
 * movement leaves of itself at a site lies a few dB above it and is no rest. */
static const double WIDEST_REST_DB = 2.25;
static const double SURELY_REST = 0.05; /* of the frames are, */
static const double AT_FIRST_DB = 4.5;  /* and at first what is no further above these */
static const double LEAST_SNR = 1.26; /* 1 dB: less is noise that breathes */
static const double MOST_BETWEEN = 0.1;       /* share of frames in which effort begins or ends */
enum { FIT_STEPS = 40 };
static const double FIT_STILL = 1e-3; /* bins */

static const double SERIES_OHM = 2200.0;
static const double LEAD_OFF_A = 6e-9;
enum { LEAD_OFF_FIRST = 5, LEAD_OFF_FRAMES = 18 }; /* settling; in the mean */

static const double HEART_SMOOTH_S = 0.03;
static const double HEART_FLOOR_S = 1.0; /* the running median's pace, */
static const double HEART_BEGIN_S = 0.25; /* from the mean of so long */
static const double HEART_OUT = 9.0;     /* power over the median: a peak begins */
static const double HEART_LONGEST_S = 0.16;
static const double HEART_SOONEST_S = 0.25; /* what follows sooner is the same beat's T wave */
static const double HEART_SHORTEST_S = 0.4, HEART_LATEST_S = 1.25;
static const double HEART_STEADY = 0.2;
static const double HEART_ALIKE = 4.0; /* in power */
enum { HEART_SURE = 8, HEART_LOST = 2, HEART_MOST = 12 };

static const double LEAST_UV2 = 1e-6;
static const double HOLD_S = 1.5;

int32_t meter_init(meter_state *state, const meter_config *config) {
    if (config->sites < 1 || config->sites > CORE_CHAIN_SITES) return CORE_BAD_CONFIG;
    if (config->frame_samples < 2 || config->frame_samples > 65536) return CORE_BAD_CONFIG;
    if (!elementary_finite(config->rate_hz) || !elementary_finite(config->uv_per_count))
        return CORE_NOT_FINITE;
    if (!(config->rate_hz >= 1.0f) || !(config->uv_per_count > 0.0f)) return CORE_BAD_CONFIG;
    *state = (meter_state){0};
    for (int32_t i = 0; i < config->sites; i++) {
        meter_site *site = &state->site[i];
        site->snr_db = site->motion_db = site->impedance_ohm = NAN;
    }
    return CORE_OK;
}

static double section(meter_section_state *s, const filter_section *c, double x) {
    const double y = (double)c->b0 * x + s->s1;
    s->s1 = (double)c->b1 * x - (double)c->a1 * y + s->s2;
    s->s2 = (double)c->b2 * x - (double)c->a2 * y;
    return y;
}

/* ---- the heart ---- */

/* A short peak has ended: is it the next beat of a rhythm? */
static void beat(meter_heart *heart, const meter_config *config) {
    const double rate = (double)config->rate_hz;
    const double since = (double)(heart->highest_at - heart->last_at) / rate;
    if (heart->last_uv2 > 0.0 && since < HEART_SOONEST_S) {
        if (heart->highest_uv2 > heart->last_uv2) {
            heart->last_at = heart->highest_at;
            heart->last_uv2 = heart->highest_uv2;
        }
        return;
    }
    const double alike = heart->highest_uv2 / (heart->last_uv2 + LEAST_UV2);
    const int32_t steady = fabs(since - heart->period_s) < HEART_STEADY * heart->period_s;
    const int32_t possible = since >= HEART_SHORTEST_S && since <= HEART_LATEST_S;
    if (possible && steady && alike < HEART_ALIKE && alike > 1.0 / HEART_ALIKE) {
        if (heart->score < HEART_MOST) heart->score += 1;
        heart->period_s += 0.25 * (since - heart->period_s);
    } else {
        if (heart->score > 0) heart->score -= 1;
        if (possible && heart->score <= HEART_LOST) heart->period_s = since;
    }
    heart->last_at = heart->highest_at;
    heart->last_uv2 = heart->highest_uv2;
}

static void listen(meter_heart *heart, const meter_config *config, uint32_t now, double uv) {
    const double rate = (double)config->rate_hz;
    heart->power += (uv * uv - heart->power) / (HEART_SMOOTH_S * rate + 1.0);
    const double power = heart->power;
    /* A median follows by equal steps, not by how far away it is: peaks do not lift it. */
    const double pace = 1.0 / (HEART_FLOOR_S * rate);
    if (heart->heard < HEART_BEGIN_S * rate) {
        heart->heard += 1;
        heart->floor_uv2 += (power - heart->floor_uv2) / heart->heard;
        return;
    }
    heart->floor_uv2 *= power > heart->floor_uv2 ? 1.0 + pace : 1.0 - pace;
    if (heart->floor_uv2 < LEAST_UV2) heart->floor_uv2 = LEAST_UV2;
    if (!(heart->highest_uv2 > 0.0)) {
        if (power < HEART_OUT * heart->floor_uv2) return;
        heart->begun = now;
    }
    if (power > heart->highest_uv2) {
        heart->highest_uv2 = power;
        heart->highest_at = now;
    }
    if (power > 0.3 * heart->highest_uv2 && power > heart->floor_uv2) return;
    if ((double)(now - heart->begun) < HEART_LONGEST_S * rate) beat(heart, config);
    heart->highest_uv2 = 0.0;
}

static void hear(meter_site *site, meter_heart *heart, const meter_config *config, uint32_t now) {
    const double silent = (double)(now - heart->last_at) / (double)config->rate_hz;
    if (silent > 4.0 * HEART_LATEST_S) heart->score = 0;
    const int32_t sure = heart->score >= HEART_SURE;
    if (sure) site->bits |= METER_HEART;
    if (heart->score <= HEART_LOST) site->bits &= ~(uint32_t)METER_HEART;
    const int32_t told = (site->bits & METER_HEART) != 0u;
    site->heart_bpm = told ? (float)(60.0 / heart->period_s) : 0.0f;
    site->heart_uv = told ? (float)sqrt(2.0 * heart->last_uv2) : 0.0f;
}

/* ---- two Gaussians ---- */

typedef struct hump {
    double share, mean, sd; /* of all; bins */
    double frames, uv2;     /* that are its own, and their mean power */
} hump;

/* A histogram, where it is not empty, and what its bins stand for. */
typedef struct levels {
    const float *bins;
    int32_t first, end;
    double all, sum;         /* frames; of their bins */
    double uv2[METER_BINS];  /* power of each bin */
} levels;

static levels levels_of(const float *bins) {
    levels made = {.bins = bins, .first = METER_BINS};
    for (int32_t b = 0; b < METER_BINS; b++) {
        if (!(bins[b] > 1e-3f)) continue; /* forgotten */
        if (made.first == METER_BINS) made.first = b;
        made.end = b + 1;
        made.all += (double)bins[b];
        made.sum += (double)b * (double)bins[b];
        made.uv2[b] = exp((LOWEST_DB + ((double)b + 0.5) * BIN_DB) * LN10_OVER_10);
    }
    return made;
}

/* The hump of the frames' shares in `weight`; returns how far its middle has moved. */
static double gather(hump *h, const levels *of, const double *weight, double widest) {
    double frames = 0.0, sum = 0.0, square = 0.0, uv2 = 0.0;
    for (int32_t b = of->first; b < of->end; b++) {
        const double n = weight[b] * (double)of->bins[b];
        frames += n;
        sum += n * b;
        square += n * b * b;
        uv2 += n * of->uv2[b];
    }
    h->frames = frames;
    h->share = frames / of->all;
    if (!(frames > 0.0)) return 0.0;
    const double before = h->mean;
    h->mean = sum / frames;
    const double variance = square / frames - h->mean * h->mean;
    const double least = NARROWEST_DB / BIN_DB;
    h->sd = variance > least * least ? sqrt(variance) : least;
    if (h->sd > widest) h->sd = widest;
    h->uv2 = uv2 / frames;
    return fabs(h->mean - before);
}

static double density(const hump *h, double bin) {
    const double z = (bin - h->mean) / h->sd;
    return z * z < 80.0 ? h->share / h->sd * exp(-0.5 * z * z) : 0.0;
}

/* The bin below which a share of the frames lies, with its fraction. */
static double quantile(const levels *of, double share) {
    double below = 0.0;
    for (int32_t b = of->first; b < of->end; b++) {
        const double n = (double)of->bins[b];
        if (n > 0.0 && below + n >= share * of->all)
            return (double)b + (share * of->all - below) / n;
        below += n;
    }
    return (double)of->end;
}

/* The RMS of one hump, whose upper end may be anything: what is no further above the median than
 * three of the standard deviations that are below it. */
static float lower_rms(const levels *of) {
    double frames = 0.0, uv2 = 0.0;
    const double middle = quantile(of, 0.5), lower = quantile(of, 0.16);
    const double last = ceil(middle + 3.0 * (middle - lower) + 1.0);
    const int32_t stop = last < (double)of->end ? (int32_t)last : of->end;
    for (int32_t b = of->first; b < stop; b++) {
        frames += (double)of->bins[b];
        uv2 += (double)of->bins[b] * of->uv2[b];
    }
    return frames > 0.0 ? (float)sqrt(uv2 / frames) : 0.0f;
}

/* Shares of a bin's frames that are rest and effort; returns those that are neither. */
static double divide(const hump *rest, const hump *effort, double even, int32_t bin, double *low,
                     double *high) {
    double l = density(rest, bin), h = density(effort, bin), e = even;
    /* A wide hump is above a narrow one on both sides; rest is what is lower. */
    if (bin < rest->mean) h = e = 0.0;
    if (bin > effort->mean) l = e = 0.0;
    const double sum = l + h + e;
    *low = sum > 0.0 ? l / sum : (bin < rest->mean ? 1.0 : 0.0);
    *high = sum > 0.0 ? h / sum : (bin > effort->mean ? 1.0 : 0.0);
    return 1.0 - *low - *high;
}

void meter_fit(const float *bins, meter_site *site) {
    const levels of = levels_of(bins);
    site->snr_db = NAN;
    site->active_uv = site->duty = 0.0f;
    site->quiet_uv = lower_rms(&of);
    if (of.all < FEWEST_OF_ALL) return;
    double low[METER_BINS], high[METER_BINS];
    const double widest = WIDEST_REST_DB / BIN_DB;
    const double at = quantile(&of, SURELY_REST) + AT_FIRST_DB / BIN_DB;
    for (int32_t b = of.first; b < of.end; b++) {
        low[b] = b <= at ? 1.0 : 0.0;
        high[b] = 1.0 - low[b];
    }
    hump rest = {0}, effort = {0};
    double between = 0.5 * MOST_BETWEEN;
    for (int32_t step = 0; step < FIT_STEPS; step++) {
        const double moved =
            gather(&rest, &of, low, widest) + gather(&effort, &of, high, (double)METER_BINS);
        if (!(rest.frames > 0.0) || !(effort.frames > 0.0)) return;
        if (moved < FIT_STILL) break;
        /* Densities are without 1 / sqrt(2 pi). */
        const double wide = effort.mean - rest.mean;
        const double even = wide > 0.0 ? between / wide * 2.5066282746310002 : 0.0;
        double neither = 0.0;
        for (int32_t b = of.first; b < of.end; b++)
            neither += (double)bins[b] * divide(&rest, &effort, even, b, &low[b], &high[b]);
        between = neither / of.all < MOST_BETWEEN ? neither / of.all : MOST_BETWEEN;
    }
    const double spread = sqrt(0.5 * (rest.sd * rest.sd + effort.sd * effort.sd));
    if (rest.frames < FEWEST_FRAMES || effort.frames < FEWEST_FRAMES) return;
    const double apart = effort.mean - rest.mean;
    if (effort.share < LEAST_SHARE) return;
    if (apart < APART * spread && apart * BIN_DB < FAR_APART_DB) return;
    const double snr = (effort.uv2 - rest.uv2) / rest.uv2;
    if (!(snr > LEAST_SNR)) return;
    site->quiet_uv = (float)sqrt(rest.uv2);
    site->active_uv = (float)sqrt(effort.uv2);
    site->snr_db = (float)(10.0 * log10(snr));
    site->duty = (float)(effort.share / (effort.share + rest.share));
}

/* ---- frames ---- */

static void count(float *bins, double uv2) {
    const double place = (10.0 * log10(uv2 + LEAST_UV2) - LOWEST_DB) / BIN_DB;
    const int32_t bin = place > 0.0 ? (int32_t)place : 0;
    bins[bin < METER_BINS ? bin : METER_BINS - 1] += 1.0f;
}

static void impede(meter_state *state, int32_t i, double uv2) {
    meter_site *site = &state->site[i];
    const int32_t n = ++state->injected[i] - LEAD_OFF_FIRST;
    if (n <= 0) return;
    state->lead_off_uv2[i] +=
        (uv2 - state->lead_off_uv2[i]) / (n < LEAD_OFF_FRAMES ? n : LEAD_OFF_FRAMES);
    const double sigma_v = 1e-6 * sqrt(state->lead_off_uv2[i]);
    const double ohm = 1.4142135623730951 * sigma_v / LEAD_OFF_A - SERIES_OHM;
    site->impedance_ohm = ohm > 0.0 ? (float)ohm : 0.0f;
}

static void move(meter_state *state, const meter_config *config, int32_t i, double slow_uv2,
                 double clean_uv2) {
    meter_site *site = &state->site[i];
    const double share = (double)config->frame_samples / (double)config->rate_hz;
    state->motion_uv2[i] += (slow_uv2 - state->motion_uv2[i]) * share;
    state->band_uv2[i] += (clean_uv2 - state->band_uv2[i]) * share;
    site->motion_uv = (float)sqrt(state->motion_uv2[i]);
    const double over = (state->motion_uv2[i] + LEAST_UV2) / (state->band_uv2[i] + LEAST_UV2);
    site->motion_db = (float)(10.0 * log10(over));
    const int32_t moves = site->motion_db > config->motion_warn_db &&
                          site->motion_uv > config->motion_warn_uv;
    if (moves) {
        site->bits |= METER_MOTION;
    } else {
        site->bits &= ~(uint32_t)METER_MOTION;
    }
}

/* A believed frame has ended: the one METER_DELAY before it counts, if all between are believed. */
static void believe(meter_state *state, const meter_config *config, int32_t i, double slow_uv2,
                    double clean_uv2) {
    const int32_t at = state->waiting[i] % METER_DELAY;
    if (state->waiting[i] >= METER_DELAY) {
        count(state->bins[i], state->clean_before[i][at]);
        move(state, config, i, state->slow_before[i][at], state->clean_before[i][at]);
    }
    state->slow_before[i][at] = slow_uv2;
    state->clean_before[i][at] = clean_uv2;
    /* Above METER_DELAY it only says which place is next. */
    state->waiting[i] = state->waiting[i] + 1 < 2 * METER_DELAY ? state->waiting[i] + 1
                                                                : METER_DELAY;
}

/* A frame has ended. Once a second, by turns, a site's histogram forgets and is fitted. */
static void end(meter_state *state, const meter_config *config, core_sites injecting) {
    const double frame_s = (double)config->frame_samples / (double)config->rate_hz;
    const int32_t hold = (int32_t)ceil(HOLD_S / frame_s);
    const uint32_t a_second = frame_s < 1.0 ? (uint32_t)(1.0 / frame_s + 0.5) : 1u;
    state->frames += 1u;
    for (int32_t i = 0; i < config->sites; i++) {
        const double n = (double)config->frame_samples;
        const double slow = state->slow_uv2[i] / n, clean = state->clean_uv2[i] / n;
        const double current = state->current_uv2[i] / n;
        state->slow_uv2[i] = state->clean_uv2[i] = state->current_uv2[i] = 0.0;
        const int32_t believed = state->holding[i] == 0;
        if (state->doubted >> i & 1u) {
            state->holding[i] = hold;
        } else if (state->holding[i] > 0) {
            state->holding[i] -= 1;
        }
        if (injecting >> i & 1u) {
            impede(state, i, current);
            state->waiting[i] = 0;
            continue; /* the current is neither motion nor muscle */
        }
        if (state->injected[i] > 0) {
            state->injected[i] = 0;
            state->holding[i] = hold;
        }
        if (believed && state->holding[i] == 0) {
            believe(state, config, i, slow, clean);
        } else {
            state->waiting[i] = 0;
        }
        hear(&state->site[i], &state->heart[i], config, state->samples);
        if (state->frames % a_second != (uint32_t)i % a_second) continue;
        meter_fit(state->bins[i], &state->site[i]);
        for (int32_t b = 0; b < METER_BINS; b++) state->bins[i][b] *= (float)KEPT_A_SECOND;
    }
    state->doubted = 0;
    state->filled = 0;
}

int32_t meter_process(meter_state *state, const meter_config *config, const int32_t *counts,
                      const float *clean, int32_t samples, core_sites doubted,
                      core_sites injecting) {
    if (samples < 0) return CORE_BAD_ARGUMENT;
    const int32_t sites = config->sites;
    for (int32_t n = 0; n < samples; n++) {
        const int32_t *row = counts + n * sites;
        const float *uv = clean + n * sites;
        if (!state->started) {
            state->started = 1;
            for (int32_t i = 0; i < sites; i++) state->base[i] = row[i];
            state->doubted = ~(core_sites)0; /* the filters begin */
        }
        state->samples += 1u;
        for (int32_t i = 0; i < sites; i++) {
            const double raw = ((double)row[i] - (double)state->base[i]) *
                               (double)config->uv_per_count;
            double slow = section(&state->slow[i][0], &config->slow[0], raw);
            slow = section(&state->slow[i][1], &config->slow[1], slow);
            const double current = section(&state->current[i], &config->lead_off, raw);
            state->slow_uv2[i] += slow * slow;
            state->clean_uv2[i] += (double)uv[i] * (double)uv[i];
            state->current_uv2[i] += current * current;
            const double low = section(&state->beat[i], &config->heart, (double)uv[i]);
            if (state->holding[i] == 0 && !(injecting >> i & 1u))
                listen(&state->heart[i], config, state->samples, low);
        }
        state->doubted |= doubted;
        state->filled += 1;
        if (state->filled == config->frame_samples) end(state, config, injecting);
    }
    return CORE_OK;
}
