/* SPDX-License-Identifier: MIT
 *
 * meter: what a site's signal says of itself while nobody judges it: motion, the heart, contraction
 * over rest without a rest segment, and the electrode's impedance while the board injects. The host
 * alone runs it, beside the chain; the hand does not, so it is not bound to float32.
 *
 *   motion_uv   RMS from 3 to 20 Hz of the raw signal, over the last second or so;
 *   motion_db   its power over that of the clean signal. It warns and ranks nothing (JNER 9:24)
 *   quiet_uv,   RMS of rest and of contraction: two Gaussians fitted once a second to the histogram
 *   active_uv,  of the log power of frames of 80 ms (Agostini and Knaflitz 2012) by expectation and
 *   snr_db,     maximisation; each has the mean power of its frames. duty: share of time in
 *   duty        contraction. SNR: 10 log10((active^2 - quiet^2) / quiet^2). NaN, and quiet_uv that
 *               of the one hump without what is far above it, while nobody has contracted and
 *               relaxed in the last minute, and in the first 12 s. It forgets over 30 s. Rest is
 *               the lower hump and no wider than noise is: a movement heard faintly is effort
 *   heart_bpm   beats a minute of peaks of the clean signal below 40 Hz that are short (< 160 ms),
 *               stand out of the rest about them and keep a period of 0.4 to 1.25 s within a fifth;
 *               0 until eight more have done so than not. heart_uv: their height
 *   impedance_ohm  sqrt(2) RMS of the raw signal within 31.2 +-3 Hz / 6 nA - 2200 ohm, over the
 *               last second and a half of injection; NaN before the first
 *
 * A frame whose samples are not believed counts for nothing, nor do those of the following second
 * and a half, while filters ring, nor the four before it: it takes a third of a second to see that
 * a contact is lost. Filters are designed on the host (endplate/live/design.py).
 * Sources of the numbers: SCIENCE section 2 as quoted in host/GUIDE.md.
 */
#ifndef ENDPLATE_CORE_METER_H
#define ENDPLATE_CORE_METER_H

#include "filter.h"

enum { METER_BINS = 128, METER_DELAY = 4 };

/* Bits of a site. */
enum meter_bit { METER_MOTION = 1, METER_HEART = 2 };

typedef struct meter_config {
    int32_t sites;
    int32_t frame_samples; /* 80 ms */
    float rate_hz;
    float uv_per_count;
    float motion_warn_db, motion_warn_uv; /* both exceeded: METER_MOTION */
    filter_section slow[2];               /* high-pass 3 Hz, low-pass 20 Hz */
    filter_section heart;                 /* low-pass 40 Hz, behind the chain's filters */
    filter_section lead_off;              /* band-pass 31.2 +-3 Hz, 1 in its middle */
} meter_config;

typedef struct meter_site {
    uint32_t bits;
    float motion_uv, motion_db;
    float quiet_uv, active_uv, snr_db, duty;
    float heart_bpm, heart_uv;
    float impedance_ohm;
} meter_site;

typedef struct meter_section_state {
    double s1, s2;
} meter_section_state;

/* A peak that may be a beat, and the beats before it. */
typedef struct meter_heart {
    double power, floor_uv2;      /* smoothed over 30 ms; its running median */
    int32_t heard;                /* samples, up to those that the median begins with */
    double highest_uv2;           /* of the peak that is being climbed, 0 when there is none */
    uint32_t begun, highest_at;   /* samples since init */
    uint32_t last_at;             /* of the last beat */
    double last_uv2, period_s;
    int32_t score;                /* beats in rhythm, less those out of it */
} meter_heart;

typedef struct meter_state {
    int32_t filled;     /* samples in the frame */
    uint32_t frames;    /* finished */
    uint32_t samples;   /* taken */
    int32_t started;
    core_sites doubted; /* sites with a doubtful sample in this frame */
    int32_t base[CORE_CHAIN_SITES]; /* first count of each site */
    int32_t holding[CORE_CHAIN_SITES]; /* frames until it is believed again */
    int32_t injected[CORE_CHAIN_SITES]; /* whole frames with the board's current in it */
    meter_section_state slow[CORE_CHAIN_SITES][2];
    meter_section_state beat[CORE_CHAIN_SITES];
    meter_section_state current[CORE_CHAIN_SITES];
    double slow_uv2[CORE_CHAIN_SITES], clean_uv2[CORE_CHAIN_SITES]; /* sums of the frame */
    int32_t waiting[CORE_CHAIN_SITES]; /* frames that are believed if the next ones are */
    double slow_before[CORE_CHAIN_SITES][METER_DELAY], clean_before[CORE_CHAIN_SITES][METER_DELAY];
    double current_uv2[CORE_CHAIN_SITES];
    double motion_uv2[CORE_CHAIN_SITES], band_uv2[CORE_CHAIN_SITES]; /* smoothed over 1 s */
    double lead_off_uv2[CORE_CHAIN_SITES];
    meter_heart heart[CORE_CHAIN_SITES];
    float bins[CORE_CHAIN_SITES][METER_BINS];
    meter_site site[CORE_CHAIN_SITES];
} meter_state;

int32_t meter_init(meter_state *state, const meter_config *config);
/* counts: int32 [samples][sites], clean: [samples][sites] microvolt, as chain_process gives it.
 * `doubted`: bit per site that is not to be believed in this block (missing, lifted, railed, flat);
 * `injecting`: bit per site into which the board sends its lead-off current. */
int32_t meter_process(meter_state *state, const meter_config *config, const int32_t *counts,
                      const float *clean, int32_t samples, core_sites doubted,
                      core_sites injecting);
/* The fit of quiet_uv, active_uv, snr_db and duty to a histogram of METER_BINS, for tests. */
void meter_fit(const float *bins, meter_site *site);

#endif
