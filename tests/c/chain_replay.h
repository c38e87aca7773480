/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * chain_replay: a recording through the chain, down to one number that host and hand must agree on.
 * Needs firmware/core and nothing of the C library but memset and memcpy.
 */
#ifndef ENDPLATE_TESTS_CHAIN_REPLAY_H
#define ENDPLATE_TESTS_CHAIN_REPLAY_H

#include "chain.h"

/* counts: [samples][sites]. Calls emit (may be 0) for every hop. Returns the CRC-32C over all hops of intent, velocity
 * (the floats' bits) and target of all CORE_MAX_DOF, little-endian, in this order; 0 when the config is refused. The
 * struct chain_config has the same layout on x86-64 and ARM, so its bytes may come from the other machine. */
uint32_t chain_replay(const chain_config *config, const int32_t *counts, int32_t samples,
                      void (*emit)(const chain_hop *, void *), void *context);

#endif
