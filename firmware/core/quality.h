/* SPDX-License-Identifier: MIT
 *
 * quality: is each site fit to be believed? One verdict per site and frame of 40 ms.
 *
 *   railed     abs(mean of the raw signal over the frame) > 0.9 full scale, or every sample of the
 *              last half frame beyond it
 *   clipped    a sample with abs >= 0.98 full scale in the frame; clipped_share: running share,
 *              time constant 1 s
 *   flat       variance of the raw signal < 0.2 microvolt^2 for 0.5 s, or < 0.001 (two counts of
 *              24 bits; no electrode on skin is so quiet) in one frame
 *   lifted     the electrode no longer touches, or is pulled: the raw signal's RMS about its mean
 *              is > 2 mV in the frame, or the mean has moved by 4 mV since the one before (no muscle
 *              does that; the offset of an electrode that leaves the skin jumps by tens of mV); or
 *              the clean signal's RMS is > 5 times that at rest while the notch takes out 10 dB more
 *              than passes it (after a strong effort it rings: then the two are equal) and 4 times
 *              the RMS that it took out in the last 8 s of rest. At rest: the smaller of what the
 *              caller knows and of quiet_uv. A jump is seen within a frame, hum once the notch has
 *              settled on it (a quarter of a second)
 *   mains_db   10 log10(P_removed / P_after), smoothed over 1 s. P_after: power of the band-passed
 *              signal after the notch; P_removed: power of what the notch took out (before - after,
 *              sample by sample), less what it takes out of noise. So the usual definition (lines
 *              +-1 Hz against the rest of the band) is measured in the stream, because the notch
 *              takes out just these lines. Within +-60 dB, told every eighth frame
 *   quiet_uv,  RMS below which 20 % and 90 % of the recent frames fall, taken two by two, from a
 *   busy_uv    histogram in 1.5 dB steps, interpolated, forgetting over about 30 s: the live meters
 *              of rest noise and activity. 0 until a second has passed, then read once a second
 *
 * A frame that has ended is put aside, and its verdicts follow one by one: site i's with sample
 * i + 1 of the next frame (two sites a sample when half a frame has fewer samples than there are
 * sites, and so on), so that no sample has to pay for all of them. Only `railed` in quality_unfit
 * does not wait for it. So a fault that is seen in one frame is known to a hop of 20 ms that closes
 * at most 100 ms after it began: what is left of a frame, a frame, a hop.
 *
 * Limits are those of the board (microvolt at the input). Sources of the numbers: SCIENCE section 2
 * as quoted in host/GUIDE.md.
 */
#ifndef ENDPLATE_CORE_QUALITY_H
#define ENDPLATE_CORE_QUALITY_H

#include "sizes.h"

enum { QUALITY_BINS = 48 };

/* Bits of a site's verdict. */
enum quality_bit {
    QUALITY_FLAT = 1,
    QUALITY_RAILED = 2,
    QUALITY_CLIPPED = 4,
    QUALITY_MAINS = 8,
    QUALITY_MISSING = 16,
    QUALITY_LIFTED = 32
};

typedef struct quality_config {
    int32_t sites;
    int32_t frame_samples;     /* 40 ms */
    int32_t frames_per_second; /* 1..25 */
    float full_scale_uv;       /* 187500 at gain 24 */
    float mains_warn_db;       /* -10 */
} quality_config;

typedef struct quality_site {
    uint32_t bits;               /* of the last frame judged */
    float mean_uv, variance_uv2; /* raw, last frame */
    float rms_uv;                /* conditioned, last frame */
    float mains_db;
    float clipped_share;
    float quiet_uv, busy_uv;
} quality_site;

/* Sums over the samples of one frame. */
typedef struct quality_frame {
    core_sites missing;
    float first[CORE_CHAIN_SITES]; /* raw value at the frame's start: sums are taken from it */
    float sum[CORE_CHAIN_SITES], square[CORE_CHAIN_SITES];
    float removed[CORE_CHAIN_SITES], after[CORE_CHAIN_SITES];
    uint32_t clipped[CORE_CHAIN_SITES];
    uint32_t railed[CORE_CHAIN_SITES]; /* samples in succession beyond 0.9 full scale, so far */
} quality_frame;

typedef struct quality_state {
    int32_t filled;      /* samples in the frame */
    uint32_t frames;     /* finished */
    int32_t judged;      /* sites whose verdict on the finished frame has been given */
    int32_t a_sample;        /* verdicts that follow a sample at most, */
    int32_t half_second;     /* frames in it, */
    uint32_t half_frame;     /* samples in it, */
    float per_sample;        /* share of a frame that a sample is, */
    float per_frame;         /* and of a second that a frame is: all of the config. Of fewer frames
                                than a second has, the share of those */
    int32_t filling;         /* which frame is being filled; the other is the last finished */
    quality_frame frame[2];
    int32_t flat_frames[CORE_CHAIN_SITES];
    float slow_removed[CORE_CHAIN_SITES], slow_after[CORE_CHAIN_SITES];
    float usual_removed[CORE_CHAIN_SITES]; /* over 8 s, while it rests; 0: not yet known */
    float earlier[CORE_CHAIN_SITES]; /* power of the first of two frames; < 0 if it was bad */
    uint16_t bins[CORE_CHAIN_SITES][QUALITY_BINS];
    quality_site site[CORE_CHAIN_SITES];
} quality_state;

int32_t quality_check(const quality_config *config);
int32_t quality_init(quality_state *state, const quality_config *config);
void quality_begin(quality_state *state, const quality_config *config); /* that has been checked */
/* raw: before any filter; band: after the band-pass; clean: after the notch. All [samples][stride],
 * microvolts. `missing`: bit per site whose samples in this block are not the board's. `rest`: 0,
 * or [sites] microvolt^2, the clean signal's power at rest where it is known, 0 where not. */
int32_t quality_process(quality_state *state, const quality_config *config, const float *raw,
                        const float *band, const float *clean, int32_t samples, core_sites missing,
                        const float *rest);
/* Bit per site that is flat, railed or lifted as of the newest sample. */
core_sites quality_unfit(const quality_state *state, const quality_config *config);

#endif
