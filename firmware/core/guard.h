/* SPDX-License-Identifier: MIT
 *
 * guard: the only place through which a command reaches the motors. A state table (guard.c: RULES
 * is the document), times in milliseconds of the hand's clock (uint32, wraps), velocities -1..1.
 *
 * Safe is neither open nor closed: stop driving, hold; opening stays possible, closing does not.
 *
 *   event                             after           does                         left by
 *   command older than valid_ms, or   valid_ms        velocity ramps to 0 in       fresh command
 *     its EMG than emg_age_max_ms                     ramp_ms, holds: STALE
 *   no fresh command                  link_lost_ms    LINK LOST, latched           ARM + neutral
 *   EMG counter stands, frames come   host_frozen_ms  STALE, limit HOST FROZEN     counter advances
 *   reset                             boot            no motion                    ARM + neutral
 *   supply low (strain.h)             now             OPEN ONLY, slowly            supply, neutral
 *   stall, hot motor (strain.h)       now             that way waits, or slower    see there
 *   a site is bad, by who decodes     now             its DoF stands, no other     good again, then
 *     (`frozen` of a command)                                                    its DoF neutral
 *   an actuator is silent, in error   now             its DoF stands, no other     good again, then
 *     or not to be believed (motor.h)                                            its DoF neutral
 *   link noise (link.h)               now             no faster than noise_velocity  itself
 *   no neutral command after ARM      armed_ms        DISARMED                     ARM
 *   RELEASE                           now             opens for release_ms     itself: DISARMED
 *   ESTOP                             now             drive off, latched           power cycle
 *   no actuator answers, a damaged    now             FAULT, latched               CLEAR_FAULT
 *     hand table, damaged parameters
 *
 * `fresh` = accepted (armed, counter advanced, EMG age within 0..emg_age_max_ms, values in range).
 */
#ifndef ENDPLATE_CORE_GUARD_H
#define ENDPLATE_CORE_GUARD_H

#include "sizes.h"

enum guard_state_name {
    GUARD_BOOT = 0,
    GUARD_SELF_TEST = 1,
    GUARD_DISARMED = 2,
    GUARD_ARMED = 3,     /* waits for one neutral command */
    GUARD_ACTIVE = 4,
    GUARD_STALE = 5,
    GUARD_LINK_LOST = 6,
    GUARD_OPEN_ONLY = 7,
    GUARD_RELEASING = 8,
    GUARD_FAULT = 9,
    GUARD_ESTOP = 10,
    GUARD_STATES = 11
};

enum guard_event {
    GUARD_EV_NONE = 0,
    GUARD_EV_SELF_TEST_DONE = 1,
    GUARD_EV_ARM = 2,
    GUARD_EV_DISARM = 3,
    GUARD_EV_NEUTRAL = 4,     /* raised by guard_command */
    GUARD_EV_FRESH = 5,       /* raised by guard_command */
    GUARD_EV_STALE = 6,       /* raised by guard_tick */
    GUARD_EV_LINK_LOST = 7,   /* raised by guard_tick */
    GUARD_EV_RELEASE = 8,
    GUARD_EV_RELEASED = 9,    /* raised by guard_tick */
    GUARD_EV_ESTOP = 10,
    GUARD_EV_FAULT = 11,
    GUARD_EV_CLEAR_FAULT = 12,
    GUARD_EV_SESSION = 13,    /* another host session began */
    GUARD_EV_SUPPLY_LOW = 14, /* raised by guard_tick, as guard_sense says */
    GUARD_EV_SUPPLY_GOOD = 15,
    GUARD_EV_UNUSED = 16,     /* raised by guard_tick: armed, and nobody relaxed */
    GUARD_EVENTS = 17
};

/* What limits a DoF now: one code per DoF in STATE. The first that applies, in this order. */
enum guard_limit {
    GUARD_LIMIT_NONE = 0,
    GUARD_LIMIT_ESTOP = 1,
    GUARD_LIMIT_FAULT = 2,
    GUARD_LIMIT_RELEASING = 3,
    GUARD_LIMIT_DISARMED = 4,
    GUARD_LIMIT_LINK_LOST = 5,
    GUARD_LIMIT_HOST_FROZEN = 6,
    GUARD_LIMIT_STALE = 7,
    GUARD_LIMIT_NEUTRAL = 8,  /* armed, or its actuator or site is good again: relax once */
    GUARD_LIMIT_SUPPLY = 11,  /* the supply is low: opens only, slowly */
    GUARD_LIMIT_ACTUATOR = 14, /* an actuator it needs is silent, in error or not to be believed */
    GUARD_LIMIT_SITE = 9,     /* the host froze this DoF: a site it needs is bad */
    GUARD_LIMIT_STALL = 12,   /* its motors push and nothing moves: this way waits */
    GUARD_LIMIT_HOT = 13,     /* a motor is hot: slower, in the end only opening */
    GUARD_LIMIT_POSITION = 10 /* the joint or the grip is at its end */
};

/* Bits of `faults`. Those of GUARD_FAULT_STOPS lead to FAULT; the others only tell. */
enum guard_fault {
    GUARD_FAULT_TABLE = 1,     /* the hand table does not check */
    GUARD_FAULT_BUS = 2,       /* no actuator answers */
    GUARD_FAULT_ACTUATOR = 4,  /* one or more actuators do not answer, or are not to be believed */
    GUARD_FAULT_HARDWARE = 8,  /* an actuator reports a hardware error */
    GUARD_FAULT_PARAMETERS = 16, /* what was kept of the parameters does not check: as compiled */
    GUARD_FAULT_LINK_NOISE = 32  /* many frames come damaged: no faster than noise_velocity */
};
enum { GUARD_FAULT_STOPS = 19 /* TABLE, BUS, PARAMETERS */ };

/* Why a command was refused, returned by guard_command as a negative number. */
enum guard_refusal {
    GUARD_REFUSED_STATE = -16,   /* not armed */
    GUARD_REFUSED_COUNTER = -17, /* sample counter did not advance */
    GUARD_REFUSED_AGE = -18,     /* EMG too old, or of the future */
    GUARD_REFUSED_VALUE = -19    /* a target outside -1..1, a NaN, an unknown mode */
};

typedef struct guard_config {
    int32_t dofs;
    uint32_t closing_dofs_mask; /* bit per DoF that RELEASE opens: hand_dof.closing is not 0 */
    int8_t closing[CORE_MAX_DOF]; /* sign that closes, 0 for none */
    uint32_t valid_max_ms;    /* 100: a command's own valid_ms is capped to it */
    uint32_t emg_age_max_ms;  /* 150 */
    uint32_t emg_future_ms;   /* 20: clock error forgiven */
    uint32_t host_frozen_ms;  /* 100 */
    uint32_t link_lost_ms;    /* 300 */
    uint32_t ramp_ms;         /* 50 */
    uint32_t release_ms;      /* 5000 */
    uint32_t armed_ms;        /* 30000 */
    float release_velocity;   /* 0.3 */
    float neutral;            /* 0.05: a command is neutral when every abs(target) is below */
    float open_only_velocity; /* 0.3 of what is wanted, while the supply is low */
    float noise_velocity;     /* 0.5 at most, while the link is noisy */
} guard_config;

/* What motors and supply allow (strain.h). Bits per DoF. RELEASE is bound by none of it. */
typedef struct guard_senses {
    uint32_t no_positive, no_negative; /* this way waits */
    uint32_t stalled, hot;             /* why, for the limit codes */
    uint32_t absent;                   /* an actuator of this DoF cannot be had or believed */
    float scale[CORE_MAX_DOF];         /* 0..1 of the velocity wanted */
    int32_t supply_low;                /* 1: only opening, slowly */
} guard_senses;

typedef struct guard_command {
    uint32_t emg_ms;    /* hand clock */
    uint32_t sample;
    int32_t mode;       /* 0 hold, 1 velocity */
    uint32_t valid_ms;
    uint32_t frozen;    /* bit per DoF */
    float target[CORE_MAX_DOF];
} guard_command;

typedef struct guard_state {
    int32_t state;           /* guard_state_name */
    uint32_t faults;
    uint32_t entered_ms;     /* when `state` began */
    uint32_t fresh_ms;       /* when the newest fresh command arrived */
    uint32_t arrived_ms;     /* when the newest command of any kind arrived */
    uint32_t advanced_ms;    /* when the counter last advanced */
    uint32_t valid_ms;       /* of the newest fresh command */
    uint32_t emg_ms;         /* its EMG time */
    uint32_t sample;
    int32_t has_sample;
    int32_t rest_first;      /* the supply was low: no closing before one neutral command */
    uint32_t frozen;
    uint32_t lost;           /* absent or frozen, or not neutral since: these DoF stand */
    float target[CORE_MAX_DOF];   /* of the newest fresh command */
    float ramp_from[CORE_MAX_DOF];/* velocity when the ramp to 0 began */
    float velocity[CORE_MAX_DOF]; /* last output */
    guard_senses senses;
    uint32_t refused_state, refused_counter, refused_age, refused_value;
} guard_state;

/* What the motors may do now. */
typedef struct guard_output {
    float velocity[CORE_MAX_DOF];
    int32_t drive;               /* 1: goals may move and torque is on; 0: hold, nothing moves */
    int32_t power;               /* 0: torque off (ESTOP, before the self-test, FAULT_TABLE) */
    uint8_t limit[CORE_MAX_DOF]; /* guard_limit */
} guard_output;

/* Sets the values above; DoF 0 closes with +. Put the hand's own closing signs in after it. */
void guard_defaults(guard_config *config, int32_t dofs);
/* CORE_BAD_CONFIG for a parameter beyond the bounds compiled into guard.c. */
int32_t guard_check(const guard_config *config);
int32_t guard_init(guard_state *state, const guard_config *config, uint32_t now_ms);
/* A message or a finding. Returns the state after it. An event that the table does not list for the
 * state changes nothing; CORE_BAD_ARGUMENT for the events that only commands and ticks raise. The
 * first tick leads to SELF_TEST; faults set before SELF_TEST_DONE lead to FAULT when that comes. */
int32_t guard_raise(guard_state *state, const guard_config *config, int32_t event,
                    uint32_t now_ms);
/* The fault bits there are now; one of GUARD_FAULT_STOPS raises GUARD_EV_FAULT, and CLEAR_FAULT leaves
 * FAULT only when none of those is set. Returns the state after it. */
int32_t guard_set_faults(guard_state *state, const guard_config *config, uint32_t faults,
                         uint32_t now_ms);
/* CORE_OK when the command is fresh and taken, else a guard_refusal. */
int32_t guard_command_take(guard_state *state, const guard_config *config,
                           const guard_command *command, uint32_t now_ms);
/* What the motors allow from the next tick on; until the first call they allow everything. */
int32_t guard_sense(guard_state *state, const guard_senses *senses);
/* Call at least every 10 ms. `at_limit`: hand_state.at_limit. Returns the state. */
int32_t guard_tick(guard_state *state, const guard_config *config, uint32_t at_limit,
                   uint32_t now_ms, guard_output *out);

#endif
