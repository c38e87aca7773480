/* SPDX-License-Identifier: MIT */
#include "caps.h"

#include <stddef.h>

enum { WHOLE = 254 };

static int32_t least(int32_t a, int32_t b) { return a < b ? a : b; }

int32_t caps_process(const hand_config *hand, int32_t grip, const uint8_t *host, int32_t share_milli,
                     int32_t opens, uint8_t *out)
{
    if (hand == NULL || host == NULL || out == NULL || grip < 0 || grip >= hand->grips
        || grip >= CORE_MAX_GRIPS) {
        return CORE_BAD_ARGUMENT;
    }
    const int32_t share = least(share_milli > 0 ? share_milli : 0, 1000) * WHOLE / 1000;
    const int32_t grip_share =
        opens ? share : least(share, (int32_t)(hand->grip[grip].force_cap * (float)WHOLE));
    int32_t of_grip = grip_share;
    uint32_t driven = 0;
    int32_t first = 0; /* 1/254 mA */
    int32_t others = 0; /* mA */
    for (int32_t d = 0; d < hand->dofs; d++) {
        const hand_dof *dof = &hand->dof[d];
        const int32_t cap = opens ? share : least(share, host[d]);
        if (dof->kind == HAND_DOF_GRIP) {
            of_grip = least(of_grip, cap);
        } else {
            driven |= 1u << dof->joint;
            out[dof->joint] = (uint8_t)cap;
            first += (int32_t)hand->joint[dof->joint].current_ma * cap;
        }
    }
    for (int32_t i = 0; i < hand->joints; i++) {
        if ((driven >> i & 1u) == 0) {
            others += (int32_t)hand->joint[i].current_ma;
        }
    }
    /* what is left, in 1/254 of what the others' limits add up to */
    const int32_t left = (int32_t)hand->supply_ma * WHOLE - first;
    if (others * of_grip > left) {
        of_grip = left > 0 ? left / others : 0;
    }
    for (int32_t i = 0; i < hand->joints; i++) {
        if ((driven >> i & 1u) == 0) {
            out[i] = (uint8_t)of_grip;
        }
    }
    return CORE_OK;
}
