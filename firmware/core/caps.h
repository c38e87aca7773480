/* SPDX-License-Identifier: MIT
 *
 * caps: how much current each joint may take, 0..254 of its limit in the hand table. Integers.
 *
 *   of one joint      the least of: its grip's force_cap, the host's cap of its DoF, the parameter
 *   an opening        (RELEASE) is bound by the parameter alone: no grip and no host keeps it shut
 *   of all together   no more than supply_ma. Who goes first: joints with a DoF of their own (a
 *                     forearm must not fall because a finger squeezes); what is left is shared by
 *                     the others, all scaled down by the same factor.
 *
 * A motor never takes more than its cap, however it is blocked, so the sum of the caps bounds the
 * supply current before it flows. hand_check sees to it that a fifth is always left for the grip.
 */
#ifndef ENDPLATE_CORE_CAPS_H
#define ENDPLATE_CORE_CAPS_H

#include "hand.h"

/* host: per DoF, 1/254 of the limit, 255 = that limit. share_milli: the parameter, 0..1000. opens: 1 in a
 * RELEASE. Writes one value per joint; CORE_BAD_ARGUMENT for an unknown grip, and then writes
 * nothing. */
int32_t caps_process(const hand_config *hand, int32_t grip, const uint8_t *host, int32_t share_milli,
                     int32_t opens, uint8_t *out);

#endif
