/* SPDX-License-Identifier: MIT
 *
 * decoder: the vector of features -> intent per DoF. No unit; 1 is full velocity. Trained in
 * endplate/fit; the order of inputs is that of features.h, the order of DoF the profile's.
 *
 *   LINEAR    linear.h    ridge regression
 *   DIRECT    direct.h    dual-site direct control
 *   FOURIER   fourier.h   ridge regression on random Fourier features: outputs are the DoF
 *   CLASSES   classes.h   soft posterior x amplitude; outputs of `fourier`, if it has blocks, are added
 *                         to the scores, class by class
 *   MEAN      both        (1 - share) CLASSES + share FOURIER: outputs are the classes, then the DoF
 * and after each of them
 *   quiet     y -> sign(y) max(0, abs(y) - quiet) / (1 - quiet): small outputs of a regression on
 *             DoF that nobody means
 *
 * A new kind is one file with check, begin, work and end, and one row in each switch of decoder.c.
 *
 * Numbers of training stand in one pool of floats, which is the caller's and outlives the config (on
 * the hand: flash); a config says where in it things begin. Every place is checked against its size.
 * A hop's work is done in steps of bounded cost, about DECODER_STEP instructions of a Cortex-M4F;
 * decoder_process takes them all.
 */
#ifndef ENDPLATE_CORE_DECODER_H
#define ENDPLATE_CORE_DECODER_H

#include "classes.h"
#include "direct.h"
#include "fourier.h"

enum { DECODER_STEP = 9000 };

enum decoder_kind {
    DECODER_LINEAR = 0,
    DECODER_DIRECT = 1,
    DECODER_FOURIER = 2,
    DECODER_CLASSES = 3,
    DECODER_MEAN = 4
};

typedef struct decoder_config {
    int32_t kind;
    int32_t inputs; /* numbers in the vector */
    int32_t dofs;
    float share, quiet;
    linear_config linear;
    direct_config direct;
    fourier_config fourier;
    classes_config classes;
    int32_t floats;
    const float *pool;
} decoder_config;

typedef struct decoder_state {
    int32_t begun; /* a hop is being worked on */
    direct_state direct;
    classes_state classes;
    fourier_state fourier;
} decoder_state;

int32_t decoder_check(const decoder_config *config);
int32_t decoder_init(decoder_state *state, const decoder_config *config);
void decoder_begin(decoder_state *state, const decoder_config *config); /* that has been checked */
/* Whether what a DoF does depends on number `input` of the vector: what it needs to move. */
int32_t decoder_hears(const decoder_config *config, int32_t dof, int32_t input);
/* Steps that a hop takes, with a state of its own to count them in. */
int32_t decoder_steps(decoder_state *state, const decoder_config *config, const float *vector);
/* The next step on the vector of this hop, which must stay; 1 when it was the last: then intent
 * [dofs] is written. */
int32_t decoder_step(decoder_state *state, const decoder_config *config, const float *vector,
                     float *intent);
/* All steps of a hop. */
int32_t decoder_process(decoder_state *state, const decoder_config *config, const float *vector,
                        float *intent);
/* Of many hops: vectors [hops][inputs], intents [hops][dofs]. */
int32_t decoder_run(decoder_state *state, const decoder_config *config, const float *vectors,
                    int32_t hops, float *intents);

#endif
