/* SPDX-License-Identifier: MIT
 *
 * linear: y = W f + b, over the front of a vector. Ridge regression on RMS, log-RMS or TD2 is this
 * alone (kind DECODER_LINEAR); discriminants and random features end in it.
 *
 * W and b stand in the decoder's pool. The weights of one input lie side by side, padded with zeros
 * to a multiple of LINEAR_PAD outputs: [inputs][linear_stride], so that the inner loop, over
 * outputs, has no remainder. b: [outputs].
 */
#ifndef ENDPLATE_CORE_LINEAR_H
#define ENDPLATE_CORE_LINEAR_H

#include "sizes.h"

enum { LINEAR_PAD = 4, LINEAR_MAX_OUTPUTS = 24 };

typedef struct linear_config {
    int32_t inputs;
    int32_t outputs;
    int32_t weight; /* where they begin in the pool */
    int32_t bias;
} linear_config;

/* Whether all of it lies in a pool of `floats`. */
int32_t linear_check(const linear_config *config, int32_t floats);
int32_t linear_stride(const linear_config *config);
/* y [outputs]. */
int32_t linear_process(const linear_config *config, const float *pool, const float *f, float *y);
/* The same in pieces. sum [linear_stride] = b, 0 where there is no output. */
int32_t linear_begin(const linear_config *config, const float *pool, float *sum);
/* Adds to sum what the inputs from `first` on, which f holds, give. */
int32_t linear_add(const linear_config *config, const float *pool, int32_t first, int32_t inputs,
                   const float *f, float *sum);

#endif
