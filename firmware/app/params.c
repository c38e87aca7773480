/* SPDX-License-Identifier: MIT */
#include "params.h"

#include "board.h"

#include <stddef.h>
#include <string.h>

/* Ranges lie within the bounds that guard_config.c compiles in; defaults are those of guard_defaults. */
static const params_info TABLE[PARAMS_COUNT] = {
    [PARAMS_VALID_MAX] = {"valid_max_ms", "ms", "longest time that one command may drive the hand",
                          PARAMS_WHOLE, 20, 150, 100},
    [PARAMS_EMG_AGE_MAX] = {"emg_age_max_ms", "ms", "oldest EMG that may move the hand",
                            PARAMS_WHOLE, 50, 500, 150},
    [PARAMS_EMG_FUTURE] = {"emg_future_ms", "ms", "error of the clocks that is forgiven",
                           PARAMS_WHOLE, 0, 50, 20},
    [PARAMS_HOST_FROZEN] = {"host_frozen_ms", "ms",
                            "commands with the same EMG for so long: the host hangs, hold",
                            PARAMS_WHOLE, 40, 250, 100},
    [PARAMS_LINK_LOST] = {"link_lost_ms", "ms",
                          "no fresh command for so long: link lost, until armed again",
                          PARAMS_WHOLE, 100, 350, 300},
    [PARAMS_RAMP] = {"ramp_ms", "ms", "time in which a stop without commands slows down to 0",
                     PARAMS_WHOLE, 0, 100, 50},
    [PARAMS_RELEASE] = {"release_ms", "ms", "how long RELEASE opens", PARAMS_WHOLE, 500, 20000,
                        5000},
    [PARAMS_RELEASE_VELOCITY] = {"release_velocity", "", "how fast RELEASE opens, 1 = full speed",
                                 PARAMS_MILLI, 50, 1000, 300},
    [PARAMS_NEUTRAL] = {"neutral", "", "below this a command counts as relaxed, 1 = full speed",
                        PARAMS_MILLI, 10, 500, 50},
    [PARAMS_OPEN_ONLY_VELOCITY] = {"open_only_velocity", "",
                                   "share of the speed while the supply is low and it only opens",
                                   PARAMS_MILLI, 50, 1000, 300},
    /* range and default: those of the hand table */
    [PARAMS_REST_GRIP] = {"rest_grip", "", "grip at power-up", PARAMS_GRIP, 0, 0, 0},
    [PARAMS_CURRENT] = {"motor_current", "",
                        "most of each motor's current limit, and so of the grip force",
                        PARAMS_MILLI, 200, 1000, 1000},
    [PARAMS_POSITION_VELOCITY] = {"position_velocity", "",
                                  "how fast commands of a position move, 1 = full speed",
                                  PARAMS_MILLI, 50, 1000, 500},
    /* off: it is the one motion that nobody commanded */
    [PARAMS_HOLD_BOOST] = {"hold_boost", "",
                           "how much harder it may hold what slips, 1 = all the motors' force, 0 off",
                           PARAMS_MILLI, 0, 1000, 0},
    [PARAMS_TACTOR] = {"tactor", "", "strength of the tactor on the skin, 0 = off", PARAMS_MILLI, 0,
                       1000, 0},
    [PARAMS_DECODE] = {"decode", "", "who decodes EMG: 0 the host, 1 both and the host drives, 2 the hand",
                       PARAMS_WHOLE, 0, 2, 0},
    [PARAMS_EMG_SOURCE] = {"emg_source", "", "EMG for the hand: 0 from the host, 1 its own electrodes",
                           PARAMS_WHOLE, 0, 1, 0},
    [PARAMS_ARMED] = {"armed_ms", "ms", "armed and not relaxed for so long: disarmed", PARAMS_WHOLE,
                      1000, 120000, 30000},
    [PARAMS_NOISE_VELOCITY] = {"noise_velocity", "",
                               "fastest while many frames come damaged, 1 = full speed",
                               PARAMS_MILLI, 50, 1000, 500},
    [PARAMS_STALL_CLOSING] = {"stall_closing_ms", "ms",
                              "pushing so long without moving: that way waits, closing",
                              PARAMS_WHOLE, 50, 500, 150},
    [PARAMS_STALL_OPENING] = {"stall_opening_ms", "ms", "the same, opening and every other way",
                              PARAMS_WHOLE, 100, 1000, 300},
    /* an XL330 switches itself off at 70 */
    [PARAMS_HOT] = {"hot_c", "C", "a motor as warm as this is slowed", PARAMS_WHOLE, 40, 60, 55},
    [PARAMS_TOO_HOT] = {"too_hot_c", "C", "a motor as warm as this only opens", PARAMS_WHOLE, 45, 68,
                        65},
    [PARAMS_LOW] = {"low_v", "V", "supply below this for a second: only opening, slowly",
                    PARAMS_MILLI, 3700, 4700, 4200},
    [PARAMS_GOOD] = {"good_v", "V", "supply above this for a second: good again", PARAMS_MILLI, 3800,
                     4900, 4500},
};

int32_t params_describe(const params_state *params, int32_t index, params_info *info)
{
    if (index < 0 || index >= PARAMS_COUNT) {
        return PARAMS_UNKNOWN;
    }
    *info = TABLE[index];
    if (index == PARAMS_REST_GRIP) {
        info->high = params->grips - 1;
        info->factory = params->rest_grip;
    }
    return PARAMS_OK;
}

/* Of names, types and their order: values kept under another list mean something else. */
static uint32_t format(void)
{
    uint32_t crc = 0;
    for (int32_t i = 0; i < PARAMS_COUNT; i++) {
        const uint8_t type = (uint8_t)TABLE[i].type;
        const uint8_t *name = (const uint8_t *)TABLE[i].name;
        crc = store_crc(crc, name, (int32_t)strlen(TABLE[i].name) + 1);
        crc = store_crc(crc, &type, 1);
    }
    return crc;
}

static void as_compiled(const params_state *params, int32_t *values)
{
    params_info info;
    for (int32_t i = 0; i < PARAMS_COUNT; i++) {
        (void)params_describe(params, i, &info);
        values[i] = info.factory;
    }
}

static void to_guard(const int32_t *value, guard_config *config)
{
    config->valid_max_ms = (uint32_t)value[PARAMS_VALID_MAX];
    config->emg_age_max_ms = (uint32_t)value[PARAMS_EMG_AGE_MAX];
    config->emg_future_ms = (uint32_t)value[PARAMS_EMG_FUTURE];
    config->host_frozen_ms = (uint32_t)value[PARAMS_HOST_FROZEN];
    config->link_lost_ms = (uint32_t)value[PARAMS_LINK_LOST];
    config->ramp_ms = (uint32_t)value[PARAMS_RAMP];
    config->release_ms = (uint32_t)value[PARAMS_RELEASE];
    config->release_velocity = (float)value[PARAMS_RELEASE_VELOCITY] / 1000.0f;
    config->neutral = (float)value[PARAMS_NEUTRAL] / 1000.0f;
    config->open_only_velocity = (float)value[PARAMS_OPEN_ONLY_VELOCITY] / 1000.0f;
    config->armed_ms = (uint32_t)value[PARAMS_ARMED];
    config->noise_velocity = (float)value[PARAMS_NOISE_VELOCITY] / 1000.0f;
}

static void to_strain(const int32_t *value, strain_config *config)
{
    config->stall_closing_ms = (uint32_t)value[PARAMS_STALL_CLOSING];
    config->stall_opening_ms = (uint32_t)value[PARAMS_STALL_OPENING];
    config->hot_c = (float)value[PARAMS_HOT];
    config->too_hot_c = (float)value[PARAMS_TOO_HOT];
    config->low_v = (float)value[PARAMS_LOW] / 1000.0f;
    config->good_v = (float)value[PARAMS_GOOD] / 1000.0f;
}

void params_to_guard(const params_state *params, guard_config *config, strain_config *strain)
{
    to_guard(params->value, config);
    to_strain(params->value, strain);
}

/* Whether these values may come into force together: PARAMS_OK or why not. */
static int32_t judge(const params_state *params, const int32_t *values)
{
    params_info info;
    guard_config config;
    strain_config strain;
    for (int32_t i = 0; i < PARAMS_COUNT; i++) {
        (void)params_describe(params, i, &info);
        if (values[i] < info.low || values[i] > info.high) {
            return PARAMS_OUT_OF_RANGE;
        }
    }
    guard_defaults(&config, 1);
    to_guard(values, &config);
    strain_defaults(&strain);
    to_strain(values, &strain);
    return guard_check(&config) == CORE_OK && strain_check(&strain) == CORE_OK ? PARAMS_OK
                                                                               : PARAMS_CONTRADICTS;
}

void params_init(params_state *params, const hand_config *hand)
{
    int32_t values[PARAMS_COUNT];
    memset(params, 0, sizeof *params);
    params->grips = hand != NULL ? hand->grips : 1;
    params->rest_grip = hand != NULL ? hand->rest_grip : 0;
    as_compiled(params, params->value);
    memcpy(values, params->value, sizeof values);
    params->found = store_open(&params->store, BOARD_PARAMS, format(), values, PARAMS_COUNT);
    if (judge(params, values) == PARAMS_OK) {
        memcpy(params->value, values, sizeof values);
    } else if (hand != NULL) { /* whole, but nothing that was ever in force here */
        params->found = STORE_DAMAGED;
    }
    params->fault = params->found == STORE_DAMAGED;
    memcpy(params->kept, params->value, sizeof params->kept);
    store_make_room(&params->store);
}

static int32_t put(params_state *params, const int32_t *values)
{
    const int32_t verdict = judge(params, values);
    if (verdict == PARAMS_OK) {
        memcpy(params->value, values, sizeof params->value);
    }
    return verdict;
}

int32_t params_set(params_state *params, int32_t index, int32_t type, int32_t value)
{
    params_info info;
    int32_t values[PARAMS_COUNT];
    if (params_describe(params, index, &info) != PARAMS_OK) {
        return PARAMS_UNKNOWN;
    }
    if (type != info.type) {
        return PARAMS_WRONG_TYPE;
    }
    memcpy(values, params->value, sizeof values);
    values[index] = value;
    return put(params, values);
}

int32_t params_reset(params_state *params, int32_t index)
{
    params_info info;
    int32_t values[PARAMS_COUNT];
    if (index == -1) {
        as_compiled(params, params->value);
        params->fault = 0;
        return PARAMS_OK;
    }
    if (params_describe(params, index, &info) != PARAMS_OK) {
        return PARAMS_UNKNOWN;
    }
    memcpy(values, params->value, sizeof values);
    values[index] = info.factory;
    return put(params, values);
}

int32_t params_save(params_state *params)
{
    const int32_t same = memcmp(params->kept, params->value, sizeof params->kept) == 0;
    if (!same || (params->found != STORE_KEPT && params->found != STORE_BLANK)) {
        if (store_write(&params->store, format(), params->value, PARAMS_COUNT) != STORE_OK) {
            return PARAMS_NOT_KEPT;
        }
        memcpy(params->kept, params->value, sizeof params->kept);
        params->found = STORE_KEPT;
    }
    params->fault = 0;
    return PARAMS_OK;
}

uint32_t params_hash(const params_state *params)
{
    int32_t values[PARAMS_COUNT];
    uint8_t bytes[4 * PARAMS_COUNT];
    as_compiled(params, values);
    if (memcmp(values, params->value, sizeof values) == 0) {
        return 0;
    }
    for (int32_t i = 0; i < 4 * PARAMS_COUNT; i++) {
        bytes[i] = (uint8_t)((uint32_t)params->value[i / 4] >> (8 * (i % 4)) & 255u);
    }
    const uint32_t crc = store_crc(0, bytes, (int32_t)sizeof bytes);
    return crc != 0 ? crc : 1u;
}
