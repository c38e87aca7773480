/* SPDX-License-Identifier: MIT */
#include "linear.h"

#include "lanes.h"

int32_t linear_stride(const linear_config *config) {
    return (config->outputs + LINEAR_PAD - 1) / LINEAR_PAD * LINEAR_PAD;
}

int32_t linear_check(const linear_config *config, int32_t floats) {
    if (config->inputs < 1 || config->inputs > 4096) return CORE_BAD_CONFIG;
    if (config->outputs < 1 || config->outputs > LINEAR_MAX_OUTPUTS) return CORE_BAD_CONFIG;
    const int32_t weights = config->inputs * linear_stride(config);
    if (config->weight < 0 || weights > floats || config->weight > floats - weights)
        return CORE_BAD_CONFIG;
    if (config->bias < 0 || config->outputs > floats || config->bias > floats - config->outputs)
        return CORE_BAD_CONFIG;
    return CORE_OK;
}

int32_t linear_begin(const linear_config *config, const float *pool, float *sum) {
    const int32_t stride = linear_stride(config);
    for (int32_t k = 0; k < stride; k++)
        sum[k] = k < config->outputs ? pool[config->bias + k] : 0.0f;
    return CORE_OK;
}

int32_t linear_add(const linear_config *config, const float *pool, int32_t first, int32_t inputs,
                   const float *f, float *sum) {
    const int32_t stride = linear_stride(config);
    const float *weight = pool + config->weight + first * stride;
#if defined __GNUC__ && defined __SSE2__
    for (int32_t k = 0; k < stride; k += LANES) {
        lanes y = lanes_load(sum + k);
        for (int32_t i = 0; i < inputs; i++) y += f[i] * lanes_load(weight + i * stride + k);
        lanes_store(sum + k, y);
    }
#else
    for (int32_t k = 0; k < stride; k += LINEAR_PAD) { /* four sums in registers */
        float a = sum[k], b = sum[k + 1], c = sum[k + 2], d = sum[k + 3];
        for (int32_t i = 0; i < inputs; i++) {
            const float *w = weight + i * stride + k;
            a += f[i] * w[0];
            b += f[i] * w[1];
            c += f[i] * w[2];
            d += f[i] * w[3];
        }
        sum[k] = a;
        sum[k + 1] = b;
        sum[k + 2] = c;
        sum[k + 3] = d;
    }
#endif
    return CORE_OK;
}

int32_t linear_process(const linear_config *config, const float *pool, const float *f, float *y) {
    float sum[LINEAR_MAX_OUTPUTS] = {0};
    (void)linear_begin(config, pool, sum);
    (void)linear_add(config, pool, 0, config->inputs, f, sum);
    for (int32_t k = 0; k < config->outputs; k++) y[k] = sum[k];
    return CORE_OK;
}
