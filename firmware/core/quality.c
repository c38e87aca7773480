/* SPDX-License-Identifier: MIT */
#include "quality.h"

#include <math.h>

#include "elementary.h"
#include "lanes.h"

static const float CLIPPED_SHARE_OF_SCALE = 0.98f;
static const float RAILED_SHARE_OF_SCALE = 0.9f;
static const float FLAT_UV2 = 0.2f;
static const float DEAD_UV2 = 0.001f;
static const float JUMP_UV2 = 4e6f;       /* 2 mV, squared; twice that from frame to frame */
static const float LIFTED_POWER = 25.0f;  /* 5 times the RMS at rest, */
static const float LIFTED_LINES = 10.0f;  /* and lines 10 dB above the rest of the band, */
static const float LIFTED_RISE = 16.0f;   /* 4 times what they have been while it rested: */
static const float RESTING_POWER = 10.0f; /* a lifted one is noisy and never does */
static const float DB_PER_LOG2 = 3.01029996f; /* 10 log10(2) */
enum { UNFIT = QUALITY_FLAT | QUALITY_RAILED | QUALITY_LIFTED };
static const float MAINS_LIMIT_DB = 60.0f;
/* A notch 2 Hz wide takes pi/2 times its width out of white noise, the definition +-1 Hz; the
 * difference, as a share of what passes: 0.022 (1000/s, 8 notches), 0.027 (250/s, 2 notches). */
static const float NOISE_IN_NOTCH = 0.025f;
/* Histogram of frame RMS: bin i begins at 0.25 * 10^(1.5 i / 20), so it ends at 1 mV. A frame adds
 * WEIGHT for every two frames; once a second every bin loses a 32nd, so the largest bin stays below
 * 12.5 * 32 * 100 = 40000. */
static const float LOG2_LOWEST_UV = -2.0f;         /* 0.25 microvolt */
static const float BINS_PER_LOG2_UV = 4.01373331f; /* 20 log10(2) / 1.5 */
enum { WEIGHT = 100, FORGET = 32 };
static const uint32_t SETTLED = 8; /* frames until the notch has */

int32_t quality_check(const quality_config *config) {
    if (config->sites < 1 || config->sites > CORE_CHAIN_SITES) return CORE_BAD_CONFIG;
    if (config->frame_samples < 2 || config->frame_samples > 65536) return CORE_BAD_CONFIG;
    if (config->frames_per_second < 1 || config->frames_per_second > 25) return CORE_BAD_CONFIG;
    if (!elementary_finite(config->full_scale_uv) || !elementary_finite(config->mains_warn_db))
        return CORE_NOT_FINITE;
    return config->full_scale_uv > 0.0f ? CORE_OK : CORE_BAD_CONFIG;
}

void quality_begin(quality_state *state, const quality_config *config) {
    const int32_t half = config->frame_samples / 2;
    *state = (quality_state){
        .a_sample = (config->sites + half - 1) / half,
        .half_second = (config->frames_per_second + 1) / 2,
        .half_frame = (uint32_t)(config->frame_samples + 1) / 2u,
        .per_sample = 1.0f / (float)config->frame_samples,
    };
    for (int32_t i = 0; i < config->sites; i++) state->site[i].mains_db = -MAINS_LIMIT_DB;
}

int32_t quality_init(quality_state *state, const quality_config *config) {
    const int32_t status = quality_check(config);
    if (status < 0) return status;
    quality_begin(state, config);
    return CORE_OK;
}

/* The sizes from which a sample is clipped and railed, as bits: floats above 0 stand in the order
 * of their bits, so a subtraction compares, and nothing branches. */
typedef struct ends {
    uint32_t clip, rail;
} ends;

/* What samples of one frame tell of LANES sites: of the raw signal its sums and how often it is at
 * its end, and the power of what the notch took out and of what it left. */
static void add(quality_frame *frame, ends end, int32_t lane, const float *raw, const float *band,
                const float *clean, int32_t samples, int32_t stride) {
    const lanes first = lanes_load(&frame->first[lane]);
    lanes sum = lanes_load(&frame->sum[lane]), square = lanes_load(&frame->square[lane]);
    lanes removed = lanes_load(&frame->removed[lane]), after = lanes_load(&frame->after[lane]);
    lanes_u32 clipped = lanes_load_u32(&frame->clipped[lane]);
    lanes_u32 railed = lanes_load_u32(&frame->railed[lane]);
    for (int32_t n = 0; n < samples; n++) {
        const int32_t at = lane + n * stride;
        const lanes_bits x = {lanes_load(raw + at)};
        const lanes y = lanes_load(clean + at);
        const lanes d = x.value - first, lines = lanes_load(band + at) - y;
        const lanes_u32 size = x.bits & 0x7FFFFFFFu;
        sum += d;
        square += d * d;
        removed += lines * lines;
        after += y * y;
        clipped += (end.clip - 1u - size) >> 31;
        railed = (railed + 1u) & (0u - ((end.rail - size) >> 31));
    }
    lanes_store(&frame->sum[lane], sum);
    lanes_store(&frame->square[lane], square);
    lanes_store(&frame->removed[lane], removed);
    lanes_store(&frame->after[lane], after);
    lanes_store_u32(&frame->clipped[lane], clipped);
    lanes_store_u32(&frame->railed[lane], railed);
}

static float mains_db(float removed, float after) {
    const float lines = removed - NOISE_IN_NOTCH * after;
    if (!(lines > 1e-6f * after)) return -MAINS_LIMIT_DB;
    if (!(after > 1e-6f * lines)) return MAINS_LIMIT_DB;
    return DB_PER_LOG2 * elementary_log2(lines / after);
}

static void histogram_add(uint16_t *bins, float power_uv2) {
    const float place = (0.5f * elementary_log2(power_uv2) - LOG2_LOWEST_UV) * BINS_PER_LOG2_UV;
    int32_t bin = 0;
    if (place > 0.0f) bin = place < (float)QUALITY_BINS ? (int32_t)place : QUALITY_BINS - 1;
    bins[bin] = (uint16_t)(bins[bin] > UINT16_MAX - WEIGHT ? UINT16_MAX : bins[bin] + WEIGHT);
}

static void histogram_forget(uint16_t *bins) {
    for (int32_t b = 0; b < QUALITY_BINS; b++)
        bins[b] = (uint16_t)(bins[b] - (bins[b] + FORGET - 1) / FORGET);
}

/* RMS in microvolt below which `share` of the histogram lies, interpolated within the bin. */
static float histogram_share(const uint16_t *bins, int32_t total, float share) {
    if (total == 0) return 0.0f;
    const float wanted = share * (float)total;
    int32_t below = 0;
    int32_t bin = 0;
    while (bin < QUALITY_BINS - 1 && (float)(below + bins[bin]) < wanted) below += bins[bin++];
    const float within = bins[bin] > 0 ? (wanted - (float)below) / (float)bins[bin] : 0.0f;
    return elementary_exp2(LOG2_LOWEST_UV + ((float)bin + within) / BINS_PER_LOG2_UV);
}

/* Puts two finished frames into the histogram; forgets and reads it once a second, by turns. */
static void levels(quality_state *state, const quality_config *config, int32_t i, float after) {
    quality_site *site = &state->site[i];
    uint16_t *bins = state->bins[i];
    const uint32_t a_second = (uint32_t)config->frames_per_second;
    const int32_t bad = (site->bits & ((uint32_t)UNFIT | (uint32_t)QUALITY_MISSING)) != 0u;
    const float power = bad ? -1.0f : after;
    if (state->frames & 1u) {
        state->earlier[i] = power;
    } else if (!bad && state->earlier[i] >= 0.0f) {
        histogram_add(bins, 0.5f * (state->earlier[i] + power));
    }
    const int32_t my_turn = state->frames % a_second == (uint32_t)i % a_second;
    if (my_turn) histogram_forget(bins);
    if (state->frames != a_second && !(my_turn && state->frames > a_second)) return;
    int32_t total = 0;
    for (int32_t b = 0; b < QUALITY_BINS; b++) total += bins[b];
    site->quiet_uv = histogram_share(bins, total, 0.2f);
    site->busy_uv = histogram_share(bins, total, 0.9f);
}

/* The smaller of what is known of a site's power at rest and what it has been; 0: neither. */
static float least_power(const quality_site *site, float rest) {
    const float quiet = site->quiet_uv * site->quiet_uv;
    return !(rest > 0.0f) || (quiet > 0.0f && quiet < rest) ? quiet : rest;
}

/* Whether the finished frame is full of hum, beyond what the site is at rest and what hum it has
 * had: where there is always much of it, a contraction is none. */
static int32_t hums(const quality_site *site, float after, float removed, float rest,
                    float usual) {
    const float least = least_power(site, rest);
    return least > 0.0f && after > LIFTED_POWER * least && removed > LIFTED_LINES * after &&
           usual > 0.0f && removed > LIFTED_RISE * usual;
}

/* What the finished frame says of one site. */
static void verdict(quality_state *state, const quality_config *config, int32_t i, float rest) {
    const quality_frame *frame = &state->frame[state->filling ^ 1];
    quality_site *site = &state->site[i];
    const float a_sample = state->per_sample, share = state->per_frame;
    const float mean = frame->sum[i] * a_sample;
    const float variance = frame->square[i] * a_sample - mean * mean;
    const float after = frame->after[i] * a_sample, removed = frame->removed[i] * a_sample;

    const float moved = frame->first[i] + mean - site->mean_uv;
    const int32_t jumps = variance > JUMP_UV2 ||
                          (state->frames > 1u && moved * moved > 4.0f * JUMP_UV2);
    site->mean_uv = frame->first[i] + mean;
    site->variance_uv2 = variance > 0.0f ? variance : 0.0f;
    site->rms_uv = sqrtf(after);
    site->clipped_share += ((float)frame->clipped[i] * a_sample - site->clipped_share) * share;
    if (site->clipped_share < 1e-9f) site->clipped_share = 0.0f;
    state->slow_removed[i] += (removed - state->slow_removed[i]) * share;
    state->slow_after[i] += (after - state->slow_after[i]) * share;
    if (((state->frames + (uint32_t)i) & 7u) == 0u) {
        const float lines = state->slow_removed[i], usual = state->usual_removed[i];
        site->mains_db = mains_db(lines, state->slow_after[i]);
        const float least = least_power(site, rest);
        const int32_t rests = !(least > 0.0f) || state->slow_after[i] < RESTING_POWER * least;
        if (rests && state->frames > SETTLED && !(site->bits & (uint32_t)UNFIT))
            state->usual_removed[i] = usual > 0.0f ? usual + (lines - usual) * share : lines;
    }

    const int32_t flat = site->variance_uv2 < FLAT_UV2;
    if (!flat) {
        state->flat_frames[i] = 0;
    } else if (state->flat_frames[i] < state->half_second) {
        state->flat_frames[i] += 1;
    }

    uint32_t bits = 0;
    if (state->flat_frames[i] >= state->half_second || site->variance_uv2 < DEAD_UV2)
        bits |= QUALITY_FLAT;
    if (fabsf(site->mean_uv) > RAILED_SHARE_OF_SCALE * config->full_scale_uv ||
        frame->railed[i] >= state->half_frame) {
        bits |= QUALITY_RAILED;
    }
    if (frame->clipped[i] > 0u) bits |= QUALITY_CLIPPED;
    if (site->mains_db > config->mains_warn_db) bits |= QUALITY_MAINS;
    if (frame->missing >> i & 1) bits |= QUALITY_MISSING;
    if (jumps || hums(site, after, removed, rest, state->usual_removed[i]))
        bits |= QUALITY_LIFTED;
    site->bits = bits;
    levels(state, config, i, after);
}

/* Gives the verdicts on the finished frame that are due after `filled` samples of the next. They
 * depend on nothing but that frame, so they may come all at once at the end of a block. */
static void judge(quality_state *state, const quality_config *config, const float *rest) {
    if (state->frames == 0) return;
    const int32_t due = state->filled * state->a_sample;
    while (state->judged < config->sites && state->judged < due) {
        const int32_t i = state->judged++;
        verdict(state, config, i, rest ? rest[i] : 0.0f);
    }
}

/* Begins a frame with the raw values of its first sample. */
static void begin(quality_frame *frame, const float *raw, int32_t stride) {
    for (int32_t i = 0; i < stride; i++) {
        frame->first[i] = raw[i];
        frame->sum[i] = frame->square[i] = frame->removed[i] = frame->after[i] = 0.0f;
        frame->clipped[i] = 0;
    }
    frame->missing = 0;
}

/* Puts a full frame aside: what is railed goes on in the other. */
static void end(quality_state *state, const quality_config *config, int32_t stride) {
    const quality_frame *full = &state->frame[state->filling];
    state->filling ^= 1;
    quality_frame *next = &state->frame[state->filling];
    for (int32_t i = 0; i < stride; i++) next->railed[i] = full->railed[i];
    if (state->frames < UINT32_MAX) state->frames += 1u;
    if (state->frames <= (uint32_t)config->frames_per_second)
        state->per_frame = 1.0f / (float)state->frames;
    state->filled = 0;
    state->judged = 0;
}

int32_t quality_process(quality_state *state, const quality_config *config, const float *raw,
                        const float *band, const float *clean, int32_t samples, core_sites missing,
                        const float *rest) {
    if (samples < 0) return CORE_BAD_ARGUMENT;
    const int32_t stride = (config->sites + CORE_LANES - 1) / CORE_LANES * CORE_LANES;
    const elementary_bits clip = {CLIPPED_SHARE_OF_SCALE * config->full_scale_uv};
    const elementary_bits rail = {RAILED_SHARE_OF_SCALE * config->full_scale_uv};
    const ends at_ends = {clip.bits, rail.bits};
    for (int32_t done = 0; done < samples;) {
        const int32_t at = done * stride;
        int32_t run = config->frame_samples - state->filled;
        if (run > samples - done) run = samples - done;
        quality_frame *frame = &state->frame[state->filling];
        if (state->filled == 0) begin(frame, raw + at, stride);
        for (int32_t lane = 0; lane < stride; lane += LANES)
            add(frame, at_ends, lane, raw + at, band + at, clean + at, run, stride);
        frame->missing |= missing;
        state->filled += run;
        done += run;
        judge(state, config, rest);
        if (state->filled == config->frame_samples) end(state, config, stride);
    }
    return CORE_OK;
}

core_sites quality_unfit(const quality_state *state, const quality_config *config) {
    const uint32_t *in_a_row = state->frame[state->filling].railed;
    core_sites unfit = 0;
    for (int32_t i = 0; i < config->sites; i++) {
        const int32_t railed = in_a_row[i] >= state->half_frame;
        if (railed || (state->site[i].bits & UNFIT)) unfit |= (core_sites)1 << i;
    }
    return unfit;
}
