/* SPDX-License-Identifier: MIT
 *
 * ranges: comparisons that mean the same for every float, for the core's own files (no part of its
 * interface).
 */
#ifndef ENDPLATE_CORE_RANGES_H
#define ENDPLATE_CORE_RANGES_H

#include <stdint.h>

/* NaN is within nothing. */
static inline int32_t within(float x, float low, float high) { return x >= low && x <= high; }

static inline int32_t is_nan(float x) { return x != x; }

#endif
