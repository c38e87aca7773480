/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "chain_replay.h"

enum { BLOCK = 23 /* samples per call; no divisor of a hop, so that cuts fall everywhere */, HOPS = BLOCK };

static uint32_t crc32c_u8(uint32_t crc, uint32_t byte) {
    crc ^= byte;
    for (int32_t bit = 0; bit < 8; bit++) crc = crc & 1u ? crc >> 1 ^ 0x82F63B78u : crc >> 1;
    return crc;
}

static uint32_t crc32c_u16(uint32_t crc, uint32_t value) {
    crc = crc32c_u8(crc, value & 0xFFu);
    return crc32c_u8(crc, value >> 8 & 0xFFu);
}

static uint32_t crc32c_float(uint32_t crc, float value) {
    const union {
        float value;
        uint32_t bits;
    } as = {value};
    crc = crc32c_u16(crc, as.bits & 0xFFFFu);
    return crc32c_u16(crc, as.bits >> 16);
}

static uint32_t crc32c_hop(uint32_t crc, const chain_hop *hop) {
    for (int32_t d = 0; d < CORE_MAX_DOF; d++) crc = crc32c_float(crc, hop->intent[d]);
    for (int32_t d = 0; d < CORE_MAX_DOF; d++) crc = crc32c_float(crc, hop->velocity[d]);
    for (int32_t d = 0; d < CORE_MAX_DOF; d++) crc = crc32c_u16(crc, (uint16_t)hop->target[d]);
    return crc;
}

uint32_t chain_replay(const chain_config *config, const int32_t *counts, int32_t samples,
                      void (*emit)(const chain_hop *, void *), void *context) {
    static chain_state state; /* too large for the hand's stack */
    static chain_hop hops[HOPS];
    if (chain_init(&state, config) < 0) return 0;
    uint32_t crc = UINT32_MAX;
    for (int32_t done = 0; done < samples; done += BLOCK) {
        const int32_t n = samples - done < BLOCK ? samples - done : BLOCK;
        const int32_t closed =
            chain_process(&state, config, counts + done * config->sites, n, 0, hops, HOPS, 0,
                          0);
        if (closed < 0) return 0;
        for (int32_t h = 0; h < closed; h++) {
            crc = crc32c_hop(crc, &hops[h]);
            if (emit) emit(&hops[h], context);
        }
    }
    return ~crc;
}
