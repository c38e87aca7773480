/* SPDX-License-Identifier: MIT
 *
 * classes: which movement, and how much of it. A linear discriminant (with scores of random features
 * added, where they are wanted: decoder.h) says how likely each class is, a forward filter over hops keeps what was likely
 * before, and each class has its own amplitude:
 *
 *   L    = W f + b  (+ more)                         log2 likelihood per class; the last is rest
 *   P    ~ prior(P of the hop before) 2^L            a class stays with probability `stay`; a movement
 *                                                    goes to rest with `to_rest`, to others with what
 *                                                    is left; rest goes to each movement alike
 *   m_k  = P_k / s * sqrt(s), s = sum of movements   so that doubt about rest costs little speed
 *   y_d  = sum_k m_k * sign_kd * clip(A_kd . f + a_kd, 0, MOST)
 *
 * Classes may be pairs of movements: then y has both at once. A_k looks at the first `amplitude`
 * inputs alone (the log powers).
 *
 * Pool: sign [classes - 1][dofs], each -1, 0 or 1; amplitude [classes - 1][dofs][amplitude + 1], the
 * last is a_kd.
 */
#ifndef ENDPLATE_CORE_CLASSES_H
#define ENDPLATE_CORE_CLASSES_H

#include "linear.h"

enum { CLASSES_MAX = 20 };

typedef struct classes_config {
    int32_t classes; /* rest included */
    linear_config score;
    float stay, to_rest;
    int32_t amplitude; /* inputs */
    int32_t sign_at, amplitude_at; /* in the pool */
} classes_config;

typedef struct classes_state {
    int32_t scored;                  /* inputs of the vector, so far */
    float score[LINEAR_MAX_OUTPUTS]; /* L */
    float likely[CLASSES_MAX];       /* P of the newest hop */
} classes_state;

int32_t classes_check(const classes_config *config, int32_t inputs, int32_t dofs,
                      const float *pool, int32_t floats);
int32_t classes_init(classes_state *state, const classes_config *config);
/* A hop begins; then comes work in units, as in fourier.h, until none is left: L is W f + b. */
int32_t classes_begin(classes_state *state, const classes_config *config, const float *pool);
int32_t classes_left(const classes_state *state, const classes_config *config);
int32_t classes_work(classes_state *state, const classes_config *config, const float *pool,
                     const float *f);
/* Ends the hop: intent [dofs]; more [classes] is added to L, or 0. */
int32_t classes_end(classes_state *state, const classes_config *config, const float *pool,
                    const float *f, const float *more, int32_t dofs, float *intent);

#endif
