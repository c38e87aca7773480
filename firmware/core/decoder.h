/* SPDX-License-Identifier: MIT
 *
 * decoder: activations -> intent per DoF. Linear with bias: y = W u + b. No unit; 1 is full
 * velocity. Trained in endplate/fit; the order of inputs and DoF is the profile's.
 */
#ifndef ENDPLATE_CORE_DECODER_H
#define ENDPLATE_CORE_DECODER_H

#include "sizes.h"

typedef struct decoder_config {
    int32_t inputs; /* sites, up to CORE_MAX_SITES */
    int32_t dofs;
    float weight[CORE_MAX_DOF][CORE_MAX_SITES];
    float bias[CORE_MAX_DOF];
} decoder_config;

int32_t decoder_check(const decoder_config *config);
int32_t decoder_process(const decoder_config *config, const float *activation, float *intent);

#endif
