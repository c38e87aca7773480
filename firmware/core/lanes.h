/* SPDX-License-Identifier: MIT
 *
 * lanes: as many sites as one register holds, for the inner loops of the core's own files (no part
 * of its interface).
 *
 * Written with this type a loop is the same C whether `lanes` is four floats or one, and so are the
 * bits: every operation works on each site alone. Plain loops over arrays are vectorised by gcc 12
 * only by luck (-fwrapv, which Python adds, made the filter five times slower).
 */
#ifndef ENDPLATE_CORE_LANES_H
#define ENDPLATE_CORE_LANES_H

#include "sizes.h"

#if defined __GNUC__ && (defined __SSE2__ || defined __ARM_NEON)
/* Aligned like a float: the caller's blocks may lie anywhere. */
typedef float lanes __attribute__((vector_size(16), aligned(4), may_alias));
typedef uint32_t lanes_u32 __attribute__((vector_size(16), aligned(4), may_alias));
#else
typedef float lanes;
typedef uint32_t lanes_u32;
#endif

enum { LANES = (int)(sizeof(lanes) / sizeof(float)) /* divides CORE_LANES */ };

typedef union lanes_bits {
    lanes value;
    lanes_u32 bits;
} lanes_bits;

static inline lanes lanes_load(const float *from) { return *(const lanes *)from; }
static inline void lanes_store(float *to, lanes value) { *(lanes *)to = value; }
static inline lanes_u32 lanes_load_u32(const uint32_t *from) { return *(const lanes_u32 *)from; }
static inline void lanes_store_u32(uint32_t *to, lanes_u32 value) { *(lanes_u32 *)to = value; }

#endif
