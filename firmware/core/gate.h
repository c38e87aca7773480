/* SPDX-License-Identifier: MIT
 *
 * gate: when nothing shall move although a decoder says so. Two questions per hop, on the first
 * `inputs` numbers of the vector (the powers), before any decoder is asked:
 *
 *   rest    a . f + a0 < 0: nobody means anything; over again when it is > wake. `rest_at` in the
 *           pool: a [inputs], a0
 *   novel   nothing like it was seen in calibration: the whitened vector T f is further than `limit`
 *           from every centre. `whiten_at`: T [inputs][inputs], upper triangle; `centre_at`: T c of
 *           each centre [centres][inputs]. A cable that is pulled, a lifted pair, another's phone
 *
 * Either one makes every DoF's intent 0 in this very hop.
 */
#ifndef ENDPLATE_CORE_GATE_H
#define ENDPLATE_CORE_GATE_H

#include "sizes.h"

enum gate_bit { GATE_REST = 1, GATE_NOVEL = 2 };
enum { GATE_MAX_CENTRES = 64 };

typedef struct gate_config {
    int32_t inputs;   /* 0: there is no gate */
    int32_t centres;  /* 0: nothing is novel */
    float wake, limit;
    int32_t rest_at, whiten_at, centre_at;
} gate_config;

typedef struct gate_state {
    int32_t awake;
} gate_state;

int32_t gate_check(const gate_config *config, int32_t inputs, int32_t floats);
int32_t gate_init(gate_state *state);
/* Bits of gate_bit. */
uint32_t gate_process(gate_state *state, const gate_config *config, const float *pool,
                      const float *f);

#endif
