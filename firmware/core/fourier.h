/* SPDX-License-Identifier: MIT
 *
 * fourier: random Fourier features: a Gaussian kernel machine as a linear one (Rahimi and Recht
 * 2007), with structured orthogonal projections, so that no matrix of them is stored (Yu, Suresh,
 * Choromanski, Holtmann-Rice and Kumar 2016):
 *
 *   z   = (f - centre) * spread         per input, clamped to +-8, zeros up to `width`
 *   p   = scale * H S3 H S2 H S1 z      per block; H: Walsh-Hadamard sums, S: random signs
 *   phi = cos(2 pi (p + phase))         `width` of them a block, phase random
 *   y   = W phi + b                     (linear.h)
 *
 * Signs and phases come from xorshift32 begun with `seed`, in the order in which they are used. The
 * work is done in units of a few thousand instructions of a Cortex-M4F, so that a hand can spread it
 * over milliseconds.
 */
#ifndef ENDPLATE_CORE_FOURIER_H
#define ENDPLATE_CORE_FOURIER_H

#include "linear.h"

enum { FOURIER_MAX_WIDTH = 128, FOURIER_MAX_BLOCKS = 64, FOURIER_MAX_FEATURES = 1024 };

typedef struct fourier_config {
    int32_t inputs; /* the front of the vector */
    int32_t width;  /* power of two, 8 to FOURIER_MAX_WIDTH, not below inputs */
    int32_t blocks; /* 0: there is none of it */
    uint32_t seed;  /* not 0 */
    float scale;    /* sqrt(2 gamma / inputs) / (2 pi width), about */
    int32_t centre; /* where they begin in the pool, [inputs] each */
    int32_t spread;
    linear_config out; /* inputs: width * blocks */
} fourier_config;

typedef struct fourier_state {
    int32_t block; /* that is being worked on */
    int32_t stage; /* of it: rounds of signs and sums, cosines, pieces of W */
    uint32_t random;
    float z[FOURIER_MAX_WIDTH];
    float phi[FOURIER_MAX_WIDTH];
    float sum[LINEAR_MAX_OUTPUTS]; /* y, after the last block */
} fourier_state;

/* blocks 0 is none, and good. */
int32_t fourier_check(const fourier_config *config, int32_t inputs, int32_t floats);
/* Takes the vector; then comes work, unit by unit, until there is none left. */
int32_t fourier_begin(fourier_state *state, const fourier_config *config, const float *pool,
                      const float *f);
/* About how many instructions the next unit takes; 0: there is none, y is in state->sum. */
int32_t fourier_left(const fourier_state *state, const fourier_config *config);
int32_t fourier_work(fourier_state *state, const fourier_config *config, const float *pool);
/* phi of all blocks, [width * blocks]: for training. */
int32_t fourier_features(fourier_state *state, const fourier_config *config, const float *pool,
                         const float *f, float *phi);

#endif
