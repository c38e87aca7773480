/* SPDX-License-Identifier: MIT
 *
 * blob_decoder: the decoder's blob. See blob_read.h.
 */
#include "blob_words.h"

#include <string.h>

/* Numbers of protocol/SPEC.md. */
enum {
    D_CALIBRATION = 1, D_RESULT, D_KIND, D_DOFS, D_PLACE, D_INPUTS, D_SHARE, D_QUIET, D_LINEAR,
    D_FOURIER, D_CLASSES, D_GATE, D_DIRECT, D_FLOATS, D_POOL
};

static const float LARGEST_NUMBER = 1e6f; /* of a decoder's */

/* What an offset or a count may be at all; core/decoder.h looks at how they fit together. */
static int32_t place_in(blob_reader *from, int32_t field)
{
    const int32_t index = (int32_t)(from->at - from->part) / 4;
    return blob_item(from, field, index, 0, 0x7FFFFFFF);
}

static linear_config read_linear(blob_reader *from, int32_t field)
{
    linear_config linear;
    linear.inputs = place_in(from, field);
    linear.outputs = place_in(from, field);
    linear.weight = place_in(from, field);
    linear.bias = place_in(from, field);
    return linear;
}

static fourier_config read_fourier(blob_reader *from, int32_t field)
{
    fourier_config fourier;
    fourier.inputs = place_in(from, field);
    fourier.width = place_in(from, field);
    fourier.blocks = place_in(from, field);
    fourier.seed = blob_bits(from);
    fourier.scale = blob_any_real(from);
    fourier.centre = place_in(from, field);
    fourier.spread = place_in(from, field);
    fourier.out = read_linear(from, field);
    return fourier;
}

static classes_config read_classes(blob_reader *from)
{
    classes_config classes;
    classes.classes = place_in(from, D_CLASSES);
    classes.score = read_linear(from, D_CLASSES);
    classes.stay = blob_any_real(from);
    classes.to_rest = blob_any_real(from);
    classes.amplitude = place_in(from, D_CLASSES);
    classes.sign_at = place_in(from, D_CLASSES);
    classes.amplitude_at = place_in(from, D_CLASSES);
    return classes;
}

static gate_config read_gate(blob_reader *from)
{
    gate_config gate;
    gate.inputs = place_in(from, D_GATE);
    gate.centres = place_in(from, D_GATE);
    gate.wake = blob_any_real(from);
    gate.limit = blob_any_real(from);
    gate.rest_at = place_in(from, D_GATE);
    gate.whiten_at = place_in(from, D_GATE);
    gate.centre_at = place_in(from, D_GATE);
    return gate;
}

static direct_side read_side(blob_reader *from)
{
    direct_side side;
    side.site = (int32_t)blob_bits(from); /* -1: none */
    side.threshold = blob_any_real(from);
    side.gain = blob_any_real(from);
    return side;
}

static direct_config read_direct(blob_reader *from)
{
    direct_config direct;
    direct.pairs = place_in(from, D_DIRECT);
    direct.switch_level = blob_any_real(from);
    direct.switch_hops = place_in(from, D_DIRECT);
    for (int32_t p = 0; p < CORE_MAX_DOF; p++) {
        direct.pair[p].positive = read_side(from);
        direct.pair[p].negative = read_side(from);
        direct.pair[p].dofs = blob_bits(from);
    }
    return direct;
}

/* A site that a DoF listens to is one that it needs, or a bad electrode could move it. */
static void check_needs(blob_reader *from, const chain_config *config)
{
    const decoder_config *decoder = &config->decoder;
    for (int32_t d = 0; d < decoder->dofs; d++) {
        const core_sites needed = config->needs[config->place[d]];
        for (int32_t i = 0; i < decoder->inputs; i++) {
            if (decoder_hears(decoder, d, i) != 0
                && (features_sites(&config->features, i) & ~needed) != 0) {
                blob_wrong(from, BLOB_WRONG_VALUE, D_POOL, d);
            }
        }
    }
}

const float *blob_floats(const uint8_t *bytes)
{
    return (const float *)(const void *)bytes;
}

int32_t blob_read_decoder(blob_reader *from, const hand_config *hand, uint32_t hand_hash,
                          uint32_t calibration, chain_config *config, uint32_t *result)
{
    decoder_config *decoder = &config->decoder;
    const int32_t inputs = decoder->inputs;
    blob_header(from, BLOB_DECODER, hand_hash);
    if (blob_bits(from) != calibration) {
        blob_wrong(from, BLOB_CONTRADICTS, D_CALIBRATION, 0);
    }
    *result = blob_bits(from);
    memset(decoder, 0, sizeof *decoder);
    decoder->kind = blob_whole(from, D_KIND, DECODER_LINEAR, DECODER_MEAN);
    decoder->dofs = blob_whole(from, D_DOFS, 1, hand->dofs);
    for (int32_t d = 0; d < decoder->dofs; d++) {
        config->place[d] = blob_item(from, D_PLACE, d, 0, hand->dofs - 1);
    }
    decoder->inputs = blob_whole(from, D_INPUTS, inputs, inputs);
    decoder->share = blob_real(from, D_SHARE, 0, 0.0f, 1.0f);
    decoder->quiet = blob_real(from, D_QUIET, 0, 0.0f, 0.5f);
    from->part = from->at;
    decoder->linear = read_linear(from, D_LINEAR);
    from->part = from->at;
    decoder->fourier = read_fourier(from, D_FOURIER);
    from->part = from->at;
    decoder->classes = read_classes(from);
    from->part = from->at;
    config->gate = read_gate(from);
    from->part = from->at;
    decoder->direct = read_direct(from);
    decoder->floats = blob_whole(from, D_FLOATS, 0, BLOB_FLOATS);
    decoder->pool = blob_floats(from->bytes + from->at);
    for (int32_t i = 0; i < decoder->floats && from->verdict == BLOB_OK; i++) {
        (void)blob_real(from, D_POOL, i, -LARGEST_NUMBER, LARGEST_NUMBER);
    }
    if (blob_end(from) == BLOB_OK && chain_check(config) != CORE_OK) {
        blob_wrong(from, BLOB_CONTRADICTS, 0, 0);
    }
    if (from->verdict == BLOB_OK) {
        check_needs(from, config);
    }
    return from->verdict;
}
