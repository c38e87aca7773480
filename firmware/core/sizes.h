/* SPDX-License-Identifier: MIT
 *
 * sizes: how large anything in the core may be, and what its functions return.
 *
 * Every core function is a pure function of its arguments: no clock, no I/O, no allocation, no
 * globals. Time is an argument. The caller owns all memory: one `config` (constant while running)
 * and one `state` per stage. Blocks of samples are laid out [sample][lane]: the channels of one
 * sample lie side by side, padded with zeros to a multiple of CORE_LANES, so that the inner loop
 * over channels has no remainder and vectorises.
 */
#ifndef ENDPLATE_CORE_SIZES_H
#include <stdint.h>
#define ENDPLATE_CORE_SIZES_H /* after stdint.h: features.h tells by it who includes it */

enum core_sizes {
    CORE_MAX_SITES = 128,  /* EMG channels side by side in a block */
    CORE_CHAIN_SITES = 64, /* of these the chain may use: as many as core_sites has bits */
    CORE_MAX_DOF = 8,
    CORE_MAX_INPUTS = 248, /* numbers in the vector of features */
    CORE_MAX_JOINTS = 10,
    CORE_MAX_GRIPS = 12,
    CORE_DIGITS = 5, /* thumb, index, middle, ring, little */
    CORE_MAX_CHANNELS = 8, /* force inputs of a board */
    CORE_LANES = 8 /* floats in two SSE or NEON registers: two recursions hide their latency */
};
#ifdef CHAIN_ONE_SAMPLE /* the hand, which has not much memory */
#define CORE_MAX_SITES 16
#define CORE_CHAIN_SITES 16
#define CORE_MAX_INPUTS 104
#endif

typedef uint64_t core_sites; /* bit per site */
#ifdef CHAIN_ONE_SAMPLE
#define core_sites uint32_t
#endif

enum core_status {
    CORE_OK = 0,
    CORE_BAD_ARGUMENT = -1,
    CORE_BAD_CONFIG = -2,
    CORE_NOT_FINITE = -3, /* a NaN or infinity in a configuration */
    CORE_TOO_SMALL = -4   /* the caller's output does not hold the result */
};

#endif
