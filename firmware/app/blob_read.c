/* SPDX-License-Identifier: MIT */
#include "blob_words.h"

#include "ranges.h"

#include <string.h>

/* Numbers of protocol/SPEC.md. */
enum {
    C_SITES = 1, C_DOFS, C_RATE, C_UV_PER_COUNT, C_FULL_SCALE, C_MAINS_WARN, C_FRAME_SAMPLES,
    C_FRAMES_PER_SECOND, C_THAW, C_HOP, C_WINDOW, C_RECENT, C_STATISTICS, C_FORM, C_CHOSEN,
    C_CHOSEN_SITE, C_RELEASE_RATIO, C_NORM_CAP, C_NEEDS, C_REST, C_REFERENCE, C_FLOOR,
    C_DIFFERENCE_FLOOR, C_DEAD_BAND, C_SLEW, C_POSITIVE_GAIN, C_POSITIVE_EXPONENT,
    C_NEGATIVE_GAIN, C_NEGATIVE_EXPONENT, C_BAND_SECTIONS, C_BAND, C_NOTCH_SECTIONS, C_NOTCH
};
enum { G_JOINTS = 1, G_GRIPS, G_NAME, G_CLOSE, G_FORCE, G_OPEN, G_CLOSED, G_START, G_STOP };

static const float LARGEST = 1000.0f; /* coefficient */
static const float LARGEST_UV2 = 1e9f;
/* What keeps a bad electrode from moving the hand (DESIGN.md, R-11) is not the calibration's to undo:
 * quality judges a frame of 40 ms, rounded to samples, and a site is good again after a second. */
static const float FRAME_MAX_S = 0.05f, THAW_MIN_S = 0.5f;
/* A converter has 24 bits; one said to reach further would never be found at its end. */
static const float SCALE_MAX_COUNTS = 8.4e6f;
enum { FRAME_MAX = 25 /* samples, at BLOB_RATE_MAX */ };
/* A joint's speed is a whole number in the hand file, the division is not exact. */
static const float SPEED_ROUNDED = 1.001f;

static void sections(blob_reader *from, int32_t field, int32_t sites, filter_config *filter)
{
    filter->sites = sites;
    const int32_t n = blob_whole(from, field, 0, FILTER_MAX_SECTIONS);
    for (int32_t k = 0; k < n; k++) {
        filter_section *one = &filter->section[k];
        float c[5];
        for (int32_t j = 0; j < 5; j++) {
            c[j] = blob_real(from, field + 1, 5 * k + j, -LARGEST, LARGEST);
        }
        *one = (filter_section){c[0], c[1], c[2], c[3], c[4]};
        filter->sections = k + 1;
        if (filter_check(filter) != CORE_OK) { /* its poles */
            blob_wrong(from, BLOB_WRONG_VALUE, field + 1, 5 * k + 3);
        }
    }
}

static void shape(blob_reader *from, shape_config *config)
{
    for (int32_t d = 0; d < config->dofs; d++) {
        config->dof[d].dead_band = blob_real(from, C_DEAD_BAND, d, 0.0f, 0.9f);
    }
    for (int32_t d = 0; d < config->dofs; d++) {
        config->dof[d].slew_per_s = blob_real(from, C_SLEW, d, 0.0f, 1000.0f);
    }
    for (int32_t d = 0; d < config->dofs; d++) {
        config->dof[d].positive.gain = blob_real(from, C_POSITIVE_GAIN, d, 0.0f, 8.0f);
    }
    for (int32_t d = 0; d < config->dofs; d++) {
        config->dof[d].positive.exponent = blob_real(from, C_POSITIVE_EXPONENT, d, 1.0f, 2.0f);
    }
    for (int32_t d = 0; d < config->dofs; d++) {
        config->dof[d].negative.gain = blob_real(from, C_NEGATIVE_GAIN, d, 0.0f, 8.0f);
    }
    for (int32_t d = 0; d < config->dofs; d++) {
        config->dof[d].negative.exponent = blob_real(from, C_NEGATIVE_EXPONENT, d, 1.0f, 2.0f);
    }
}

/* Until its own decoder comes, one that never moves. */
static void without_decoder(chain_config *config)
{
    static const float NOTHING[LINEAR_PAD + 1] = {0};
    decoder_config *decoder = &config->decoder;
    decoder->kind = DECODER_LINEAR;
    decoder->inputs = features_inputs(&config->features);
    decoder->dofs = 1;
    decoder->linear = (linear_config){1, 1, 0, LINEAR_PAD};
    decoder->floats = LINEAR_PAD + 1;
    decoder->pool = NOTHING;
}

int32_t blob_read_calibration(blob_reader *from, const hand_config *hand, uint32_t hand_hash,
                              chain_config *config)
{
    memset(config, 0, sizeof *config);
    blob_header(from, BLOB_CALIBRATION, hand_hash);
    const int32_t sites = blob_whole(from, C_SITES, 1, BLOB_SITES);
    const int32_t dofs = blob_whole(from, C_DOFS, hand->dofs, hand->dofs);
    features_config *features = &config->features;
    quality_config *quality = &config->quality;
    config->sites = features->sites = quality->sites = sites;
    config->shape.dofs = dofs;
    config->rate_hz = blob_real(from, C_RATE, 0, 50.0f, (float)BLOB_RATE_MAX);
    config->uv_per_count = blob_real(from, C_UV_PER_COUNT, 0, 1e-6f, 1000.0f);
    quality->full_scale_uv = blob_real(from, C_FULL_SCALE, 0, 1.0f, 1e7f);
    if (quality->full_scale_uv > SCALE_MAX_COUNTS * config->uv_per_count) {
        blob_wrong(from, BLOB_WRONG_VALUE, C_FULL_SCALE, 0);
    }
    quality->mains_warn_db = blob_real(from, C_MAINS_WARN, 0, -60.0f, 60.0f);
    quality->frame_samples = blob_whole(from, C_FRAME_SAMPLES, 2, FRAME_MAX);
    if ((float)quality->frame_samples > FRAME_MAX_S * config->rate_hz) {
        blob_wrong(from, BLOB_WRONG_VALUE, C_FRAME_SAMPLES, 0);
    }
    quality->frames_per_second = blob_whole(from, C_FRAMES_PER_SECOND, 1, 25);
    config->thaw_hops = blob_whole(from, C_THAW, 1, 1000);
    features->hop_samples = blob_whole(from, C_HOP, 1, 100);
    if ((float)(config->thaw_hops * features->hop_samples) < THAW_MIN_S * config->rate_hz) {
        blob_wrong(from, BLOB_WRONG_VALUE, C_THAW, 0);
    }
    features->window_hops = blob_whole(from, C_WINDOW, 1, FEATURES_MAX_HOPS);
    features->recent_hops = blob_whole(from, C_RECENT, 1, features->window_hops);
    features->statistics = (uint32_t)blob_whole(from, C_STATISTICS, FEATURES_POWER, 31);
    features->form = blob_whole(from, C_FORM, FEATURES_RMS, FEATURES_LOG);
    features->chosen = blob_whole(from, C_CHOSEN, 1, sites);
    for (int32_t k = 0; k < features->chosen; k++) {
        features->chosen_site[k] = blob_item(from, C_CHOSEN_SITE, k, 0, sites - 1);
    }
    config->shape.release_ratio = blob_real(from, C_RELEASE_RATIO, 0, 0.0f, 1.0f);
    config->shape.norm_cap = blob_real(from, C_NORM_CAP, 0, 0.0f, 8.0f);
    for (int32_t d = 0; d < dofs; d++) {
        config->needs[d] = blob_bits(from);
        if (config->needs[d] >> (unsigned)sites != 0u) {
            blob_wrong(from, BLOB_WRONG_VALUE, C_NEEDS, d);
        }
    }
    blob_row(from, C_REST, features->rest, sites, 0.0f, LARGEST_UV2);
    blob_row(from, C_REFERENCE, features->reference, sites, 1e-3f, 1e6f);
    blob_row(from, C_FLOOR, features->floor, sites, 1e-6f, LARGEST_UV2);
    blob_row(from, C_DIFFERENCE_FLOOR, features->difference_floor, sites, 1e-6f, LARGEST_UV2);
    shape(from, &config->shape);
    sections(from, C_BAND_SECTIONS, sites, &config->band);
    sections(from, C_NOTCH_SECTIONS, sites, &config->notch);
    if (blob_end(from) == BLOB_OK) {
        without_decoder(config);
        if (features_check(features) != CORE_OK || chain_check(config) != CORE_OK) {
            blob_wrong(from, BLOB_CONTRADICTS, 0, 0);
        }
    }
    return from->verdict;
}

/* a-z 0-9 _ -, then zeros up to the end of its row. */
static void name(blob_reader *from, int32_t grip, char *to)
{
    int32_t ended = 0;
    memset(to, 0, HAND_NAME);
    if (from->size - from->at < (uint32_t)HAND_NAME) {
        blob_wrong(from, BLOB_WRONG_SIZE, 0, 0);
        return;
    }
    memcpy(to, from->bytes + from->at, HAND_NAME);
    from->at += (uint32_t)HAND_NAME;
    for (int32_t i = 0; i < HAND_NAME; i++) {
        const char c = to[i];
        const int32_t letter = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
        ended |= c == '\0';
        if ((i == 0 && ended) || (ended ? c != '\0' : !letter)) {
            blob_wrong(from, BLOB_WRONG_VALUE, G_NAME, grip);
        }
    }
    if (!ended) {
        blob_wrong(from, BLOB_WRONG_VALUE, G_NAME, grip);
    }
}

/* One of the two angles of a joint. NaN says that the grip leaves it alone. */
static float angle(blob_reader *from, int32_t field, int32_t index, const hand_joint *joint,
                   int32_t driven)
{
    const float deg = blob_any_real(from);
    if (!is_nan(deg) && (driven || !within(deg, joint->min_deg, joint->max_deg))) {
        blob_wrong(from, BLOB_WRONG_VALUE, field, index);
    }
    return deg;
}

/* Bit per joint that a DoF of its own moves. */
static uint32_t driven_joints(const hand_config *hand)
{
    uint32_t driven = 0;
    for (int32_t d = 0; d < hand->dofs; d++) {
        if (hand->dof[d].kind == HAND_DOF_JOINT) {
            driven |= 1u << (unsigned)hand->dof[d].joint;
        }
    }
    return driven;
}

static void ways(blob_reader *from, const hand_config *hand, const hand_grip *grip, int32_t g)
{
    for (int32_t i = 0; i < hand->joints; i++) {
        const int32_t index = g * hand->joints + i;
        const float span = grip->closed_deg[i] - grip->open_deg[i];
        const float part = grip->stop[i] - grip->start[i];
        const float asked = span < 0.0f ? -span : span;
        if (is_nan(grip->open_deg[i]) != is_nan(grip->closed_deg[i])) {
            blob_wrong(from, BLOB_WRONG_VALUE, G_CLOSED, index);
        }
        if (!(part > 0.0f)
            || asked > SPEED_ROUNDED * hand->joint[i].speed_dps * part * grip->close_s) {
            blob_wrong(from, BLOB_WRONG_VALUE, G_STOP, index);
        }
    }
}

int32_t blob_read_grips(blob_reader *from, const hand_config *hand, uint32_t hand_hash,
                        hand_config *table)
{
    const uint32_t driven = driven_joints(hand);
    blob_header(from, BLOB_GRIPS, hand_hash);
    const int32_t joints = blob_whole(from, G_JOINTS, hand->joints, hand->joints);
    const int32_t grips = blob_whole(from, G_GRIPS, 1, CORE_MAX_GRIPS);
    memset(table->grip, 0, sizeof table->grip);
    table->grips = grips;
    table->rest_grip = hand->rest_grip < grips ? hand->rest_grip : 0;
    for (int32_t g = 0; g < grips; g++) {
        name(from, g, table->grip[g].name);
    }
    for (int32_t g = 0; g < grips; g++) {
        table->grip[g].close_s = blob_real(from, G_CLOSE, g, 0.05f, 60.0f);
    }
    for (int32_t g = 0; g < grips; g++) {
        table->grip[g].force_cap = blob_real(from, G_FORCE, g, 0.05f, 1.0f);
    }
    for (int32_t g = 0; g < grips; g++) {
        for (int32_t i = 0; i < joints; i++) {
            table->grip[g].open_deg[i] = angle(from, G_OPEN, g * joints + i, &hand->joint[i],
                                               (driven >> (unsigned)i & 1u) != 0);
        }
    }
    for (int32_t g = 0; g < grips; g++) {
        for (int32_t i = 0; i < joints; i++) {
            table->grip[g].closed_deg[i] = angle(from, G_CLOSED, g * joints + i, &hand->joint[i],
                                                 (driven >> (unsigned)i & 1u) != 0);
        }
    }
    for (int32_t g = 0; g < grips; g++) {
        for (int32_t i = 0; i < joints; i++) {
            table->grip[g].start[i] = blob_real(from, G_START, g * joints + i, 0.0f, 1.0f);
        }
    }
    for (int32_t g = 0; g < grips; g++) {
        for (int32_t i = 0; i < joints; i++) {
            table->grip[g].stop[i] = blob_real(from, G_STOP, g * joints + i, 0.0f, 1.0f);
        }
    }
    for (int32_t g = 0; g < grips; g++) {
        ways(from, hand, &table->grip[g], g);
    }
    if (blob_end(from) == BLOB_OK && hand_check(table) != CORE_OK) {
        blob_wrong(from, BLOB_CONTRADICTS, 0, 0);
    }
    return from->verdict;
}
