/* SPDX-License-Identifier: MIT
 *
 * quality: is each site fit to be believed? One verdict per site and frame of `frame_samples` (100 ms).
 *
 *   railed   abs(mean of the raw signal over the frame) > 0.9 full scale
 *   clipped  a sample with abs >= 0.98 full scale in the frame; clipped_share = running share (1 s time constant)
 *   flat     variance of the raw signal < 0.2 microvolt^2 for 0.5 s
 *   mains_db 10 log10((P_before - P_after) / P_after), P = power of the band-passed signal before and after the notch,
 *            smoothed over 1 s: the definition of SCIENCE (lines +-1 Hz against the rest of the band) measured in the
 *            stream, because the notch takes out just these lines
 *   quiet_uv, busy_uv   RMS below which 20 % and 90 % of the recent 100 ms frames fall, from a histogram in 1.5 dB
 *            steps, interpolated, forgetting over about 30 s: the live meters of rest noise and activity. 0 until 10 frames.
 *
 * Limits are those of the board (microvolt at the input). Sources of the numbers: SCIENCE section 2 as quoted in SITES of
 * host/GUIDE.md.
 */
#ifndef ENDPLATE_CORE_QUALITY_H
#define ENDPLATE_CORE_QUALITY_H

#include "sizes.h"

enum { QUALITY_BINS = 48 };

/* Bits of a site's verdict. */
enum quality_bit { QUALITY_FLAT = 1, QUALITY_RAILED = 2, QUALITY_CLIPPED = 4, QUALITY_MAINS = 8, QUALITY_MISSING = 16 };

typedef struct quality_config {
    int32_t sites;
    int32_t frame_samples;    /* 100 ms */
    int32_t frames_per_second;
    float full_scale_uv;      /* 187500 at gain 24 */
    float mains_warn_db;      /* -10 */
} quality_config;

typedef struct quality_site {
    uint32_t bits; /* of the last frame */
    float mean_uv, variance_uv2;  /* raw, last frame */
    float rms_uv;                 /* conditioned, last frame */
    float mains_db;
    float clipped_share;
    float quiet_uv, busy_uv;
} quality_site;

typedef struct quality_state {
    int32_t filled; /* samples in the frame */
    uint32_t frames;
    float first[CORE_MAX_SITES]; /* raw value at the frame's start: sums are taken from it */
    float sum[CORE_MAX_SITES], square[CORE_MAX_SITES];
    float before[CORE_MAX_SITES], after[CORE_MAX_SITES];
    int32_t clipped[CORE_MAX_SITES];
    int32_t flat_frames[CORE_MAX_SITES];
    float slow_before[CORE_MAX_SITES], slow_after[CORE_MAX_SITES];
    uint16_t bins[CORE_MAX_SITES][QUALITY_BINS];
    quality_site site[CORE_MAX_SITES];
} quality_state;

int32_t quality_check(const quality_config *config);
int32_t quality_init(quality_state *state, const quality_config *config);
/* raw: before any filter; band: after the band-pass; clean: after the notch. All [samples][stride], microvolts. */
int32_t quality_process(quality_state *state, const quality_config *config, const float *raw, const float *band,
                        const float *clean, int32_t samples);

#endif
