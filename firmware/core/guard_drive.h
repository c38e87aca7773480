/* SPDX-License-Identifier: MIT
 *
 * guard_drive: what guard.c and guard_drive.c know of each other. Nobody else includes it.
 */
#ifndef ENDPLATE_CORE_GUARD_DRIVE_H
#define ENDPLATE_CORE_GUARD_DRIVE_H

#include "guard.h"

enum { GUARD_SKEW_MS = 20 /* a message may be stamped a little after the tick that follows it */ };

/* Milliseconds since `then`. The clock wraps; one that is up to GUARD_SKEW_MS behind counts as 0,
 * one that has gone back further counts as a very long time: then nothing is fresh. */
static inline uint32_t guard_elapsed(uint32_t now_ms, uint32_t then_ms)
{
    const uint32_t gone = now_ms - then_ms;
    return gone > UINT32_MAX - GUARD_SKEW_MS ? 0u : gone;
}

/* 1 when commands keep coming while their counter stands. Asked only of a hand that has been active:
 * it has taken one. */
static inline int32_t guard_host_frozen(const guard_state *state, const guard_config *config,
                                        uint32_t now_ms)
{
    return guard_elapsed(now_ms, state->advanced_ms) >= config->host_frozen_ms
        && guard_elapsed(now_ms, state->arrived_ms) < config->host_frozen_ms;
}

/* Fills *out, which is zero, by the state as it is now. */
void guard_drive(guard_state *state, const guard_config *config, uint32_t at_limit, uint32_t now_ms,
                 guard_output *out);

#endif
