/* SPDX-License-Identifier: MIT */
#include "decoder.h"

#include "elementary.h"

/* Larger weights could only come from a damaged profile, and might leave the range of a float. */
static const float LARGEST_WEIGHT = 1e6f;

static int32_t check_number(float x) {
    if (!elementary_finite(x)) return CORE_NOT_FINITE;
    return x > LARGEST_WEIGHT || x < -LARGEST_WEIGHT ? CORE_BAD_CONFIG : CORE_OK;
}

int32_t decoder_check(const decoder_config *config) {
    if (config->inputs < 1 || config->inputs > CORE_MAX_SITES) return CORE_BAD_CONFIG;
    if (config->dofs < 1 || config->dofs > CORE_MAX_DOF) return CORE_BAD_CONFIG;
    for (int32_t d = 0; d < config->dofs; d++) {
        int32_t status = check_number(config->bias[d]);
        for (int32_t i = 0; i < config->inputs && status == CORE_OK; i++)
            status = check_number(config->weight[d][i]);
        if (status < 0) return status;
    }
    return CORE_OK;
}

int32_t decoder_process(const decoder_config *config, const float *activation, float *intent) {
    for (int32_t d = 0; d < config->dofs; d++) {
        float y = config->bias[d];
        for (int32_t i = 0; i < config->inputs; i++) y += config->weight[d][i] * activation[i];
        intent[d] = y;
    }
    return CORE_OK;
}
