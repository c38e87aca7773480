/* SPDX-License-Identifier: MIT
 *
 * guard_config: the guard's parameters, their defaults and their compiled bounds. See guard.h.
 */
#include "guard.h"

#include "ranges.h"

#include <stddef.h>
#include <string.h>

/* Bounds of the parameters, so that no setting can undo what the table promises: with the widest
 * ones velocity and drive are 0 within 250 ms of the last fresh command. */
enum {
    VALID_MAX_MS = 150,
    RAMP_MAX_MS = 100,
    EMG_AGE_MAX_MS = 500,
    EMG_FUTURE_MAX_MS = 50,
    HOST_FROZEN_MAX_MS = 250,
    LINK_LOST_MAX_MS = 350,
    RELEASE_MAX_MS = 20000,
    ARMED_MIN_MS = 1000,
    ARMED_MAX_MS = 120000
};

void guard_defaults(guard_config *config, int32_t dofs)
{
    if (config == NULL) {
        return;
    }
    memset(config, 0, sizeof *config);
    config->dofs = dofs;
    config->closing_dofs_mask = 1; /* DoF 0 is the hand in every hand file: + closes */
    config->closing[0] = 1;
    config->valid_max_ms = 100;
    config->emg_age_max_ms = 150;
    config->emg_future_ms = 20;
    config->host_frozen_ms = 100;
    config->link_lost_ms = 300;
    config->ramp_ms = 50;
    config->release_ms = 5000;
    config->armed_ms = 30000;
    config->release_velocity = 0.3f;
    config->neutral = 0.05f;
    config->open_only_velocity = 0.3f;
    config->noise_velocity = 0.5f;
}

int32_t guard_check(const guard_config *config)
{
    if (config == NULL) {
        return CORE_BAD_ARGUMENT;
    }
    if (config->dofs < 1 || config->dofs > CORE_MAX_DOF || config->valid_max_ms < 1
        || config->valid_max_ms > VALID_MAX_MS || config->emg_age_max_ms < 1
        || config->emg_age_max_ms > EMG_AGE_MAX_MS || config->emg_future_ms > EMG_FUTURE_MAX_MS
        || config->host_frozen_ms < 1 || config->host_frozen_ms > HOST_FROZEN_MAX_MS
        || config->ramp_ms > RAMP_MAX_MS || config->link_lost_ms > LINK_LOST_MAX_MS
        || config->link_lost_ms < config->valid_max_ms + config->ramp_ms
        || config->release_ms > RELEASE_MAX_MS || config->armed_ms < ARMED_MIN_MS
        || config->armed_ms > ARMED_MAX_MS || !within(config->release_velocity, 0.01f, 1.0f)
        || !within(config->neutral, 0.001f, 0.5f)
        || !within(config->open_only_velocity, 0.01f, 1.0f)
        || !within(config->noise_velocity, 0.01f, 1.0f)) {
        return CORE_BAD_CONFIG;
    }
    for (int32_t i = 0; i < CORE_MAX_DOF; i++) {
        const int32_t closes = (config->closing_dofs_mask >> i & 1u) != 0;
        const int32_t sign = config->closing[i];
        if (closes ? (i >= config->dofs || (sign != 1 && sign != -1)) : sign != 0) {
            return CORE_BAD_CONFIG;
        }
    }
    return config->closing_dofs_mask >> CORE_MAX_DOF ? CORE_BAD_CONFIG : CORE_OK;
}
