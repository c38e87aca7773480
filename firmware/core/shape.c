/* SPDX-License-Identifier: MIT */
#include "shape.h"

#include <math.h>

#include "elementary.h"

static const float TARGET_UNIT = 10000.0f; /* WIRE_TARGET_UNIT of the wire's COMMAND */

static int32_t check_direction(const shape_direction *direction) {
    if (!elementary_finite(direction->gain) || !elementary_finite(direction->exponent))
        return CORE_NOT_FINITE;
    if (direction->gain < 0.0f || direction->gain > 8.0f) return CORE_BAD_CONFIG;
    return direction->exponent < 1.0f || direction->exponent > 2.0f ? CORE_BAD_CONFIG : CORE_OK;
}

int32_t shape_check(const shape_config *config) {
    if (config->dofs < 1 || config->dofs > CORE_MAX_DOF) return CORE_BAD_CONFIG;
    if (!elementary_finite(config->release_ratio) || !elementary_finite(config->norm_cap))
        return CORE_NOT_FINITE;
    if (config->release_ratio < 0.0f || config->release_ratio > 1.0f) return CORE_BAD_CONFIG;
    if (config->norm_cap < 0.0f) return CORE_BAD_CONFIG;
    for (int32_t d = 0; d < config->dofs; d++) {
        const shape_dof *dof = &config->dof[d];
        if (!elementary_finite(dof->dead_band) || !elementary_finite(dof->slew_per_s))
            return CORE_NOT_FINITE;
        if (dof->dead_band < 0.0f || dof->dead_band > 0.9f || dof->slew_per_s < 0.0f)
            return CORE_BAD_CONFIG;
        int32_t status = check_direction(&dof->positive);
        if (status == CORE_OK) status = check_direction(&dof->negative);
        if (status < 0) return status;
    }
    return CORE_OK;
}

int32_t shape_init(shape_state *state, const shape_config *config) {
    const int32_t status = shape_check(config);
    if (status < 0) return status;
    *state = (shape_state){0};
    return CORE_OK;
}

/* Dead-band, catching up, exponent and gain of one DoF; updates which way it moves. A NaN is rest. */
static float wanted(const shape_dof *dof, float release_ratio, float y, int32_t *moving) {
    const int32_t sign = y > 0.0f ? 1 : y < 0.0f ? -1 : 0;
    const float size = y > 0.0f ? y : -y;
    const float low =
        *moving != 0 && *moving == sign ? release_ratio * dof->dead_band : dof->dead_band;
    if (!(size > low)) {
        *moving = 0;
        return 0.0f;
    }
    *moving = sign;
    const shape_direction *direction = sign > 0 ? &dof->positive : &dof->negative;
    float m = size;
    if (size < 2.0f * low) m = low < 0.5f ? 2.0f * (size - low) : (size - low) / (1.0f - low);
    if (m > 1.0f) m = 1.0f;
    m = direction->gain * elementary_power(m, direction->exponent);
    if (m > 1.0f) m = 1.0f;
    return sign > 0 ? m : -m;
}

/* The largest size that speeding up from `before` allows in the direction of `v`. */
static float slewed(float v, float before, float step) {
    const float size = v < 0.0f ? -v : v;
    const float from = v < 0.0f ? -before : before; /* below 0: it was going the other way */
    const float most = (from > 0.0f ? from : 0.0f) + step;
    if (size <= most) return v;
    return v < 0.0f ? -most : most;
}

int32_t shape_process(shape_state *state, const shape_config *config, const float *intent,
                      float dt_s, float *velocity) {
    if (!(dt_s >= 0.0f) || !elementary_finite(dt_s)) return CORE_BAD_ARGUMENT;
    float v[CORE_MAX_DOF];
    float square = 0.0f;
    for (int32_t d = 0; d < config->dofs; d++) {
        v[d] = wanted(&config->dof[d], config->release_ratio, intent[d], &state->moving[d]);
        square += v[d] * v[d];
    }
    float scale = 1.0f;
    if (config->norm_cap > 0.0f && square > config->norm_cap * config->norm_cap)
        scale = config->norm_cap / sqrtf(square);
    for (int32_t d = 0; d < config->dofs; d++) {
        const shape_dof *dof = &config->dof[d];
        v[d] *= scale;
        if (dof->slew_per_s > 0.0f) v[d] = slewed(v[d], state->velocity[d], dof->slew_per_s * dt_s);
        state->velocity[d] = v[d];
        velocity[d] = v[d];
    }
    return CORE_OK;
}

int16_t shape_target(float velocity) {
    if (!(velocity > -1.0f))
        return (int16_t)(velocity <= -1.0f ? -TARGET_UNIT : 0); /* 0 for a NaN */
    if (velocity > 1.0f) velocity = 1.0f;
    return (int16_t)(velocity * TARGET_UNIT + (velocity < 0.0f ? -0.5f : 0.5f));
}
