/* SPDX-License-Identifier: MIT
 *
 * touch: what the digits feel. Force of each fingertip from its sensor, contact from that or from the
 * motor, and slip: the force falls though nothing opens the finger. Newton, degrees, milliseconds
 * of the hand's clock (uint32, wraps). Call it once a motor cycle.
 *
 *   contact   the tip presses with 0.3 N (until 0.15), or its motor pushes closed with 0.4 of its
 *             limit in force (until 0.25) and has stood for 40 ms
 *   slip      while the grip is to stand: a tenth and 0.1 N less force than it was held with, and the
 *             finger crept closed or stands (a stiff motor hardly creeps); one that is pushed open
 *             by 0.2 degrees does not slip. Shown for 200 ms. Needs a good sensor.
 *   broken    a reading outside 100..4000 counts, or the very same one for 1 s (the noise of a good
 *             one is more than a count); until it has been good for 1 s. Its force counts as 0 and it
 *             gives neither contact nor slip.
 *
 * Holding more firmly (parameter hold_boost): when what is held slips, touch_press says which digits
 * may press harder now: a step of a tenth of the lead that asks for a motor's whole current (hand.h), at
 * most one in 100 ms, at most `most` together since the grip last moved. Off as delivered: it is the
 * one motion that nobody commanded. It gives the motors no more current than caps.h does.
 */
#ifndef ENDPLATE_CORE_TOUCH_H
#define ENDPLATE_CORE_TOUCH_H

#include "hand.h"

typedef struct touch_measured {
    int32_t counts[CORE_DIGITS];  /* of each digit's sensor; -1: the board has no such input */
    float position_deg[CORE_DIGITS], velocity_dps[CORE_DIGITS], current_ma[CORE_DIGITS];
    float limit_ma[CORE_DIGITS];  /* in force */
    uint32_t known;               /* bit per digit: its actuator answers */
} touch_measured;

typedef struct touch_digit {
    float sense;           /* sign that bends the joint closed; 0: no such digit */
    float force_n;
    float held_deg, held_n; /* when it was held, closing positive */
    int32_t counts;        /* newest reading */
    uint32_t changed_ms;   /* when that last differed from the one before */
    uint32_t bad_ms;       /* when it was last bad */
    uint32_t free_ms;      /* when the motor last moved, or did not push */
    uint32_t slipped_ms;
} touch_digit;

typedef struct touch_state {
    touch_digit digit[CORE_DIGITS];
    uint32_t contact, slip, broken; /* bit per digit */
    uint32_t held;                  /* bit per digit: has held_deg, held_n */
    uint32_t pressed_ms;            /* when a step was last allowed */
    int32_t steps;                  /* allowed since the grip last moved */
} touch_state;

enum { TOUCH_STEP_MILLI = 100 };

void touch_init(touch_state *state, const hand_config *hand, uint32_t now_ms);
/* `holds`: 1 while the grip is to stand, and nothing limits it. `moves`: 1 while it is driven. Both
 * are 0 in a gap of the commands. CORE_BAD_ARGUMENT for a NULL. */
int32_t touch_process(touch_state *state, const hand_config *hand, const touch_measured *measured,
                      int32_t holds, int32_t moves, uint32_t now_ms);
/* Bit per digit that may press one step harder now, counted as done; 0: none. most_milli: 0..1000 of
 * a motor's whole lead. */
uint32_t touch_press(touch_state *state, int32_t most_milli, uint32_t now_ms);

#endif
