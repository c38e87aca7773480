/* SPDX-License-Identifier: MIT */
#include "quality.h"

#include <math.h>

#include "elementary.h"
#include "lanes.h"

static const float CLIPPED_SHARE_OF_SCALE = 0.98f;
static const float RAILED_SHARE_OF_SCALE = 0.9f;
static const float FLAT_UV2 = 0.2f;
static const float DB_PER_LOG2 = 3.01029996f; /* 10 log10(2) */
static const float MAINS_LIMIT_DB = 60.0f;
/* A notch 2 Hz wide takes pi/2 times its width out of white noise, the definition +-1 Hz; the
 * difference, as a share of what passes: 0.022 (1000/s, 8 notches), 0.027 (250/s, 2 notches). */
static const float NOISE_IN_NOTCH = 0.025f;
/* Histogram of frame RMS: bin i begins at 0.25 * 10^(1.5 i / 20), so it ends at 1 mV. A frame adds
 * WEIGHT; once a second every bin loses a 32nd, so the largest bin stays below 20 * 32 * 100 =
 * 64000. */
static const float LOG2_LOWEST_UV = -2.0f;         /* 0.25 microvolt */
static const float BINS_PER_LOG2_UV = 4.01373331f; /* 20 log10(2) / 1.5 */
enum { WEIGHT = 100, FORGET = 32, LEAST_FRAMES = 10 };

int32_t quality_check(const quality_config *config) {
    if (config->sites < 1 || config->sites > CORE_MAX_SITES) return CORE_BAD_CONFIG;
    if (config->frame_samples < 2 || config->frame_samples > 65536) return CORE_BAD_CONFIG;
    if (config->frames_per_second < 1 || config->frames_per_second > 20) return CORE_BAD_CONFIG;
    if (!elementary_finite(config->full_scale_uv) || !elementary_finite(config->mains_warn_db))
        return CORE_NOT_FINITE;
    return config->full_scale_uv > 0.0f ? CORE_OK : CORE_BAD_CONFIG;
}

void quality_begin(quality_state *state, const quality_config *config) {
    *state = (quality_state){0};
    for (int32_t i = 0; i < config->sites; i++) state->site[i].mains_db = -MAINS_LIMIT_DB;
}

int32_t quality_init(quality_state *state, const quality_config *config) {
    const int32_t status = quality_check(config);
    if (status < 0) return status;
    quality_begin(state, config);
    return CORE_OK;
}

/* What the raw signal tells of LANES sites, over samples of one frame. */
static void add_raw(quality_frame *frame, float full_scale_uv, int32_t lane, const float *raw,
                    int32_t samples, int32_t stride) {
    /* Floats above 0 stand in the order of their bits, so a subtraction compares, and nothing
     * branches. */
    const elementary_bits clip = {CLIPPED_SHARE_OF_SCALE * full_scale_uv};
    const elementary_bits rail = {RAILED_SHARE_OF_SCALE * full_scale_uv};
    const lanes first = lanes_load(&frame->first[lane]);
    lanes sum = lanes_load(&frame->sum[lane]), square = lanes_load(&frame->square[lane]);
    lanes_u32 clipped = lanes_load_u32(&frame->clipped[lane]);
    lanes_u32 railed = lanes_load_u32(&frame->railed[lane]);
    for (int32_t n = 0; n < samples; n++) {
        const lanes_bits x = {lanes_load(raw + n * stride)};
        const lanes d = x.value - first;
        const lanes_u32 size = x.bits & 0x7FFFFFFFu;
        sum += d;
        square += d * d;
        clipped += (clip.bits - 1u - size) >> 31;
        railed = (railed + 1u) & (0u - ((rail.bits - size) >> 31));
    }
    lanes_store(&frame->sum[lane], sum);
    lanes_store(&frame->square[lane], square);
    lanes_store_u32(&frame->clipped[lane], clipped);
    lanes_store_u32(&frame->railed[lane], railed);
}

/* Power of what the notch took out of LANES sites and of what it left. */
static void add_power(quality_frame *frame, int32_t lane, const float *band, const float *clean,
                      int32_t samples, int32_t stride) {
    lanes removed = lanes_load(&frame->removed[lane]), after = lanes_load(&frame->after[lane]);
    for (int32_t n = 0; n < samples; n++) {
        const lanes y = lanes_load(clean + n * stride);
        const lanes d = lanes_load(band + n * stride) - y;
        removed += d * d;
        after += y * y;
    }
    lanes_store(&frame->removed[lane], removed);
    lanes_store(&frame->after[lane], after);
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

/* Puts the finished frame into the histogram; forgets and reads it once a second, by turns. */
static void levels(quality_state *state, const quality_config *config, int32_t i) {
    quality_site *site = &state->site[i];
    uint16_t *bins = state->bins[i];
    const uint32_t turn = state->frames % (uint32_t)config->frames_per_second;
    if (!(site->bits & (QUALITY_FLAT | QUALITY_RAILED | QUALITY_MISSING))) {
        histogram_add(bins, state->ended.after[i] / (float)config->frame_samples);
    }
    const int32_t my_turn = turn == (uint32_t)i % (uint32_t)config->frames_per_second;
    if (my_turn) histogram_forget(bins);
    if (state->frames != LEAST_FRAMES && !(my_turn && state->frames > LEAST_FRAMES)) return;
    int32_t total = 0;
    for (int32_t b = 0; b < QUALITY_BINS; b++) total += bins[b];
    site->quiet_uv = histogram_share(bins, total, 0.2f);
    site->busy_uv = histogram_share(bins, total, 0.9f);
}

/* What the finished frame says of one site. */
static void verdict(quality_state *state, const quality_config *config, int32_t i) {
    const quality_frame *frame = &state->ended;
    quality_site *site = &state->site[i];
    const float samples = (float)config->frame_samples;
    const float mean = frame->sum[i] / samples;
    const float variance = frame->square[i] / samples - mean * mean;
    const float seconds_share = 1.0f / (float)config->frames_per_second;
    const float start_share = 1.0f / (float)(state->frames < 1000u ? state->frames : 1000u);
    const float share = start_share > seconds_share ? start_share : seconds_share;

    site->mean_uv = frame->first[i] + mean;
    site->variance_uv2 = variance > 0.0f ? variance : 0.0f;
    site->rms_uv = sqrtf(frame->after[i] / samples);
    site->clipped_share += ((float)frame->clipped[i] / samples - site->clipped_share) * share;
    if (site->clipped_share < 1e-9f) site->clipped_share = 0.0f;
    state->slow_removed[i] += (frame->removed[i] / samples - state->slow_removed[i]) * share;
    state->slow_after[i] += (frame->after[i] / samples - state->slow_after[i]) * share;
    site->mains_db = mains_db(state->slow_removed[i], state->slow_after[i]);

    const int32_t flat = site->variance_uv2 < FLAT_UV2;
    const int32_t needed = (config->frames_per_second + 1) / 2; /* 0.5 s */
    if (!flat) {
        state->flat_frames[i] = 0;
    } else if (state->flat_frames[i] < needed) {
        state->flat_frames[i] += 1;
    }

    uint32_t bits = 0;
    if (state->flat_frames[i] >= needed) bits |= QUALITY_FLAT;
    if (fabsf(site->mean_uv) > RAILED_SHARE_OF_SCALE * config->full_scale_uv ||
        frame->railed[i] >= (uint32_t)(config->frame_samples + 1) / 2u) {
        bits |= QUALITY_RAILED;
    }
    if (frame->clipped[i] > 0u) bits |= QUALITY_CLIPPED;
    if (site->mains_db > config->mains_warn_db) bits |= QUALITY_MAINS;
    if (frame->missing >> i & 1u) bits |= QUALITY_MISSING;
    site->bits = bits;
    levels(state, config, i);
}

/* Gives the verdicts on the finished frame that are due after `filled` samples of the next. They
 * depend on nothing but that frame, so they may come all at once at the end of a block. */
static void judge(quality_state *state, const quality_config *config) {
    if (state->frames == 0) return;
    const int32_t a_sample = (config->sites + config->frame_samples - 1) / config->frame_samples;
    while (state->judged < config->sites && state->judged < state->filled * a_sample)
        verdict(state, config, state->judged++);
}

/* Begins a frame with the raw values of its first sample. */
static void begin(quality_state *state, const float *raw, int32_t stride) {
    quality_frame *frame = &state->frame;
    for (int32_t i = 0; i < stride; i++) {
        frame->first[i] = raw[i];
        frame->sum[i] = frame->square[i] = frame->removed[i] = frame->after[i] = 0.0f;
        frame->clipped[i] = 0;
    }
    frame->missing = 0;
}

/* Puts a full frame aside. */
static void end(quality_state *state, int32_t stride) {
    const quality_frame *from = &state->frame;
    quality_frame *to = &state->ended;
    for (int32_t i = 0; i < stride; i++) {
        to->first[i] = from->first[i];
        to->sum[i] = from->sum[i];
        to->square[i] = from->square[i];
        to->removed[i] = from->removed[i];
        to->after[i] = from->after[i];
        to->clipped[i] = from->clipped[i];
        to->railed[i] = from->railed[i];
    }
    to->missing = from->missing;
    if (state->frames < UINT32_MAX) state->frames += 1u;
    state->filled = 0;
    state->judged = 0;
}

int32_t quality_process(quality_state *state, const quality_config *config, const float *raw,
                        const float *band, const float *clean, int32_t samples, uint32_t missing) {
    if (samples < 0) return CORE_BAD_ARGUMENT;
    const int32_t stride = (config->sites + CORE_LANES - 1) / CORE_LANES * CORE_LANES;
    for (int32_t done = 0; done < samples;) {
        const int32_t at = done * stride;
        int32_t run = config->frame_samples - state->filled;
        if (run > samples - done) run = samples - done;
        if (state->filled == 0) begin(state, raw + at, stride);
        for (int32_t lane = 0; lane < stride; lane += LANES) {
            add_raw(&state->frame, config->full_scale_uv, lane, raw + at + lane, run, stride);
            add_power(&state->frame, lane, band + at + lane, clean + at + lane, run, stride);
        }
        state->frame.missing |= missing;
        state->filled += run;
        done += run;
        judge(state, config);
        if (state->filled == config->frame_samples) end(state, stride);
    }
    return CORE_OK;
}

uint32_t quality_unfit(const quality_state *state, const quality_config *config) {
    uint32_t unfit = 0;
    for (int32_t i = 0; i < config->sites; i++) {
        const int32_t railed = state->frame.railed[i] >= (uint32_t)(config->frame_samples + 1) / 2u;
        if (railed || (state->site[i].bits & (QUALITY_FLAT | QUALITY_RAILED))) unfit |= 1u << i;
    }
    return unfit;
}
