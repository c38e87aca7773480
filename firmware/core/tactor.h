/* SPDX-License-Identifier: MIT
 *
 * tactor: what the person feels of the fingertips, as the drive of one vibrator on the skin,
 * 0..255. Milliseconds of the hand's clock (uint32, wraps). Integers.
 *
 *   a digit touches   60 ms at the strength set; not again within 150 ms
 *   it is held        in proportion to the fingertips' force, all of the strength at 10 N
 *   bound             10 s at full drive (or as much in parts), then a fifth, until half of that has
 *                     been made good; it makes good a fifth of full drive, so that no more than a fifth ever
 *                     lasts. Skin under an eccentric motor of 0.3 W warms by a few degrees in that time
 *                     (estimate).
 *
 * Strength 0 is off, as delivered.
 */
#ifndef ENDPLATE_CORE_TACTOR_H
#define ENDPLATE_CORE_TACTOR_H

#include "sizes.h"

enum {
    TACTOR_BURST_MS = 60,
    TACTOR_AGAIN_MS = 150,
    TACTOR_FULL_N = 10,
    TACTOR_MOST_MS = 10000, /* at full drive */
    TACTOR_LASTS = 51       /* of 255: the drive that may last */
};

typedef struct tactor_state {
    uint32_t contact;    /* bit per digit, last time */
    int32_t again_ms;    /* until another burst may begin; counts down from TACTOR_AGAIN_MS */
    uint32_t now_ms;     /* last time */
    int32_t used;        /* of the bound: drive x ms */
    int32_t tired;       /* 1: only TACTOR_LASTS */
    uint8_t level;       /* last output */
} tactor_state;

void tactor_init(tactor_state *state, uint32_t now_ms);
/* contact: bit per digit. force_n: of all fingertips. strength_milli: 0..1000. Returns the drive. */
uint8_t tactor_process(tactor_state *state, uint32_t contact, float force_n, int32_t strength_milli,
                       uint32_t now_ms);

#endif
