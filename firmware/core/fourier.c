/* SPDX-License-Identifier: MIT */
#include "fourier.h"

#include "elementary.h"
#include "lanes.h"

/* Stages of a block: ROUNDS rounds, the cosines, then W a PIECE of features at a time. */
enum { ROUNDS = 3, COSINES = ROUNDS, HEAD, PIECE = 16 };
/* Instructions of a Cortex-M4F, about (measured: a block of 32 with 4 outputs takes 5143). */
enum { OF_ROUND = 30, OF_COSINE = 40, OF_PRODUCT = 6 };
static const float MOST_Z = 8.0f; /* further from the middle nothing was ever seen in training */
static const float TURN = 1.0f / 4294967296.0f;

int32_t fourier_check(const fourier_config *config, int32_t inputs, int32_t floats) {
    const int32_t n = config->inputs, width = config->width, blocks = config->blocks;
    if (blocks == 0) return CORE_OK;
    if (n < 1 || n > inputs) return CORE_BAD_CONFIG;
    if (width < 8 || width > FOURIER_MAX_WIDTH || (width & (width - 1)) != 0 || width < n)
        return CORE_BAD_CONFIG;
    if (blocks < 1 || blocks > FOURIER_MAX_BLOCKS || width * blocks > FOURIER_MAX_FEATURES)
        return CORE_BAD_CONFIG;
    if (!elementary_finite(config->scale)) return CORE_NOT_FINITE;
    if (!(config->scale > 0.0f) || config->scale > 1.0f || config->seed == 0u)
        return CORE_BAD_CONFIG;
    if (config->centre < 0 || n > floats || config->centre > floats - n) return CORE_BAD_CONFIG;
    if (config->spread < 0 || config->spread > floats - n) return CORE_BAD_CONFIG;
    if (config->out.inputs != width * blocks) return CORE_BAD_CONFIG;
    return linear_check(&config->out, floats);
}

int32_t fourier_begin(fourier_state *state, const fourier_config *config, const float *pool,
                      const float *f) {
    const float *centre = pool + config->centre, *spread = pool + config->spread;
    state->block = 0;
    state->stage = 0;
    state->random = config->seed;
    for (int32_t i = 0; i < config->inputs; i++) {
        float z = (f[i] - centre[i]) * spread[i];
        if (!(z > -MOST_Z)) z = -MOST_Z; /* also a NaN */
        if (z > MOST_Z) z = MOST_Z;
        state->z[i] = z;
    }
    for (int32_t i = config->inputs; i < config->width; i++) state->z[i] = 0.0f;
    for (int32_t k = 0; k < LINEAR_MAX_OUTPUTS; k++) state->sum[k] = 0.0f;
    for (int32_t k = 0; k < config->out.outputs; k++) state->sum[k] = pool[config->out.bias + k];
    return CORE_OK;
}

/* Marsaglia 2003. */
static uint32_t next(uint32_t x) {
    x ^= x << 13;
    x ^= x >> 17;
    return x ^ x << 5;
}

/* Random signs: a bit of each number is the sign bit of one value. */
static uint32_t flip(float *x, int32_t width, uint32_t random) {
    for (int32_t i = 0; i < width; i += 32) {
        random = next(random);
        uint32_t bits = random;
        for (int32_t j = i; j < width && j < i + 32; j++) {
            elementary_bits one = {x[j]};
            one.bits ^= bits & 0x80000000u;
            x[j] = one.value;
            bits <<= 1;
        }
    }
    return random;
}

/* Walsh-Hadamard sums, not normalised. */
static void hadamard(float *x, int32_t width) {
    for (int32_t i = 0; i < width; i += 4) {
        const float a = x[i] + x[i + 1], b = x[i] - x[i + 1];
        const float c = x[i + 2] + x[i + 3], d = x[i + 2] - x[i + 3];
        x[i] = a + c;
        x[i + 1] = b + d;
        x[i + 2] = a - c;
        x[i + 3] = b - d;
    }
    for (int32_t half = 4; half < width; half *= 2) {
        for (int32_t i = 0; i < width; i += 2 * half) {
            for (int32_t j = i; j < i + half; j += LANES) {
                const lanes a = lanes_load(x + j), b = lanes_load(x + j + half);
                lanes_store(x + j, a + b);
                lanes_store(x + j + half, a - b);
            }
        }
    }
}

/* cos(2 pi x), abs(x) < 2^22; a polynomial in the square of what is left of whole turns, within
 * 4e-7. Adding and taking off 1.5 * 2^23 rounds to a whole number. */
static inline lanes cosine(lanes x) {
    const float ROUND = 12582912.0f;
    const lanes whole = (x + ROUND) - ROUND;
    const lanes t = x - whole;
    const lanes u = t * t;
    lanes y = 6.52865816f * u - 25.9675992f;
    y = y * u + 60.167631f;
    y = y * u - 85.4501395f;
    y = y * u + 64.9391175f;
    y = y * u - 19.7392045f;
    return y * u + 0.999999989f;
}

static void round_of(fourier_state *state, int32_t width) {
    if (state->stage == 0) {
        for (int32_t i = 0; i < width; i++) state->phi[i] = state->z[i];
    }
    state->random = flip(state->phi, width, state->random);
    hadamard(state->phi, width);
}

static void cosines(fourier_state *state, const fourier_config *config) {
    float *phi = state->phi, phase[FOURIER_MAX_WIDTH];
    for (int32_t i = 0; i < config->width; i++) {
        state->random = next(state->random);
        phase[i] = (float)state->random * TURN;
    }
    for (int32_t i = 0; i < config->width; i += LANES)
        lanes_store(phi + i, cosine(config->scale * lanes_load(phi + i) + lanes_load(phase + i)));
}

static int32_t piece_of(const fourier_config *config) {
    return config->width < PIECE ? config->width : PIECE;
}

int32_t fourier_left(const fourier_state *state, const fourier_config *config) {
    if (state->block >= config->blocks) return 0;
    if (state->stage < ROUNDS) return OF_ROUND * config->width;
    if (state->stage == COSINES) return OF_COSINE * config->width;
    return OF_PRODUCT * piece_of(config) * linear_stride(&config->out);
}

int32_t fourier_work(fourier_state *state, const fourier_config *config, const float *pool) {
    if (state->block >= config->blocks) return CORE_BAD_ARGUMENT;
    const int32_t width = config->width, piece = piece_of(config);
    if (state->stage < ROUNDS) {
        round_of(state, width);
    } else if (state->stage == COSINES) {
        cosines(state, config);
    } else {
        const int32_t from = (state->stage - HEAD) * piece;
        (void)linear_add(&config->out, pool, state->block * width + from, piece,
                         state->phi + from, state->sum);
        if (from + piece >= width) {
            state->block += 1;
            state->stage = 0;
            return CORE_OK;
        }
    }
    state->stage += 1;
    return CORE_OK;
}

int32_t fourier_features(fourier_state *state, const fourier_config *config, const float *pool,
                         const float *f, float *phi) {
    (void)fourier_begin(state, config, pool, f);
    for (int32_t block = 0; block < config->blocks; block++) {
        for (state->stage = 0; state->stage < ROUNDS; state->stage++)
            round_of(state, config->width);
        cosines(state, config);
        for (int32_t i = 0; i < config->width; i++)
            phi[block * config->width + i] = state->phi[i];
    }
    return CORE_OK;
}
