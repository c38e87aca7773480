/* SPDX-License-Identifier: MIT
 *
 * params: what of the hand may be set while it runs. params.c holds the one table: name, unit,
 * type, range, default and meaning of each. All values are int32 (protocol/SPEC.md, "Parameters").
 *
 *   in force   at boot what the store kept, else as compiled; then what was set
 *   kept       what the store holds: in force after the next restart
 *
 * A set of values that the guard refuses never comes into force, be it set, reset or read from the
 * store. Whether the hand is in a state to be set is asked by the caller (link_param.c).
 */
#ifndef ENDPLATE_PARAMS_H
#define ENDPLATE_PARAMS_H

#include "guard.h"
#include "hand.h"
#include "store.h"
#include "strain.h"

enum params_index {
    PARAMS_VALID_MAX = 0,
    PARAMS_EMG_AGE_MAX,
    PARAMS_EMG_FUTURE,
    PARAMS_HOST_FROZEN,
    PARAMS_LINK_LOST,
    PARAMS_RAMP,
    PARAMS_RELEASE,
    PARAMS_RELEASE_VELOCITY,
    PARAMS_NEUTRAL,
    PARAMS_OPEN_ONLY_VELOCITY,
    PARAMS_REST_GRIP,
    PARAMS_CURRENT,
    PARAMS_POSITION_VELOCITY,
    PARAMS_HOLD_BOOST,
    PARAMS_TACTOR,
    PARAMS_DECODE,
    PARAMS_EMG_SOURCE,
    PARAMS_ARMED,
    PARAMS_NOISE_VELOCITY,
    PARAMS_STALL_CLOSING,
    PARAMS_STALL_OPENING,
    PARAMS_HOT,
    PARAMS_TOO_HOT,
    PARAMS_LOW,
    PARAMS_GOOD,
    PARAMS_COUNT
};

/* Numbers of protocol/SPEC.md, both. */
enum params_type { PARAMS_WHOLE = 0, PARAMS_MILLI = 1, PARAMS_GRIP = 2 };
enum params_status {
    PARAMS_OK = 0,
    PARAMS_UNKNOWN = 1,
    PARAMS_WRONG_TYPE = 2,
    PARAMS_OUT_OF_RANGE = 3,
    PARAMS_CONTRADICTS = 4,
    PARAMS_NOT_KEPT = 6
};

typedef struct params_info {
    const char *name, *unit, *text;
    int32_t type;
    int32_t low, high;
    int32_t factory; /* as compiled */
} params_info;

typedef struct params_state {
    int32_t value[PARAMS_COUNT]; /* in force */
    int32_t kept[PARAMS_COUNT];
    int32_t grips, rest_grip;    /* of the hand table: range and default of one row */
    int32_t found;               /* store_found */
    int32_t fault;               /* 1: the store was found damaged, and nobody has dealt with it */
    store_state store;
} params_state;

/* Reads the store. hand: NULL when its table does not check. */
void params_init(params_state *params, const hand_config *hand);
/* PARAMS_OK with *info filled, or PARAMS_UNKNOWN. */
int32_t params_describe(const params_state *params, int32_t index, params_info *info);
/* These return a params_status; when it is not PARAMS_OK nothing has changed. */
int32_t params_set(params_state *params, int32_t index, int32_t type, int32_t value);
int32_t params_reset(params_state *params, int32_t index); /* -1: all */
int32_t params_save(params_state *params);                 /* writes only what is not kept yet */
/* CRC-32C of all values in force; 0 when they are as compiled. */
uint32_t params_hash(const params_state *params);
/* Writes those that are the guard's into its configuration. */
void params_to_guard(const params_state *params, guard_config *config, strain_config *strain);

#endif
