/* SPDX-License-Identifier: MIT
 *
 * motor: the actuators behind the bus (Dynamixel X series, register table of XL330). Degrees of
 * the joint on this side, ticks of the actuator on the other. One packet is under way at a time;
 * nothing waits.
 *
 * A cycle (motor_begin, 200 Hz, 100 Hz in QEMU), in this order, each part skipped when
 * there is nothing to do:
 *   goals   sync write of goal position (116); when it has gone: applied_us, applied_sample
 *   caps    sync write of goal current (102), when a force cap changed or an actuator has joined, and
 *           once per turn of the slow reads: nothing acknowledges it
 *   torque  sync write of torque enable (64), when the guard allows and not all have it
 *   read    sync read of current, velocity, position (126..135) of a third of the actuators
 *   slow    every other cycle, sync read of three actuators, in turn: of 144..146 (voltage,
 *           temperature), of 64..70 (torque, hardware error), of 98 (has the bus watchdog tripped),
 *           of 120..123 (its clock); 24 cycles for all of 9 actuators
 *   set-up  of actuators that are absent, one register after another (SETUP in motor_setup.c),
 *           in the first three quarters of the cycle
 * STOP (torque off to all, broadcast) goes ahead of everything.
 *
 * An actuator becomes absent when
 *   it is silent                                          for MOTOR_SILENT_US
 *   it has no torque though it should, or reset           found in a slow read
 *   its bus watchdog tripped                              found in a slow read
 *   it reports a hardware error                           in the next reply
 *   its position is one the joint cannot have, or is      in the reply that says so; the position
 *     farther from the last than the motor can turn         is not taken over
 *   its clock stands: it repeats old replies              at the second reading of its clock
 * Its torque is switched off and it is set up anew, with its goal where it stands (`joined`), and
 * stays in doubt (`doubted`) until it has been good for MOTOR_TRUST_US.
 * With a hardware error it is rebooted first, so that its motor can be used again: MOTOR_REBOOT_US
 * after the error was seen, at most MOTOR_REBOOTS times in MOTOR_REBOOTS_US, and only while it is
 * cooler than MOTOR_COOL_C.
 */
#ifndef ENDPLATE_MOTOR_H
#define ENDPLATE_MOTOR_H

#include "dxl.h"
#include "hand.h"

enum motor_sizes {
    MOTOR_MAX = CORE_MAX_JOINTS,
    MOTOR_SILENT_US = 200000, /* this and the next two: times board_patience */
    MOTOR_REPLY_US = 5000,    /* all answers to one packet; they take 0.7 ms */
    /* register 98, units of 20 ms: an actuator that hears nothing for 200 ms stops by itself */
    MOTOR_WATCHDOG = 10,
    /* repeat of STOP: replies of a sync read may have collided with the first (<= 2.2 ms) */
    MOTOR_STOP_AGAIN_US = 2500,
    MOTOR_TRUST_US = 500000,
    MOTOR_RETRY_US = 50000, /* an absent one is not waited for more often than this */
    MOTOR_GONE_US = 1000000, /* silent for so long in its set-up: it does not answer */
    MOTOR_REBOOT_US = 1000000,
    MOTOR_REBOOTS = 3,
    MOTOR_REBOOTS_US = 60000000,
    MOTOR_COOL_C = 55, /* strain.h: hot_c */
    MOTOR_FEW_TICKS = 8,
    MOTOR_TURNS = 3, /* cycles in which all axes are read once; so 10 ms hold in QEMU */
    MOTOR_SLOW_AXES = 3,
    MOTOR_OFF_EVERY = 4
};

/* Registers of the X series (ROBOTIS e-manual, XL330-M288-T, control table). */
enum motor_register {
    MOTOR_RETURN_DELAY = 9, /* units of 2 us */
    MOTOR_OPERATING_MODE = 11,
    MOTOR_TORQUE = 64,
    MOTOR_HARDWARE_ERROR = 70,
    MOTOR_BUS_WATCHDOG = 98,
    MOTOR_GOAL_CURRENT = 102,
    MOTOR_PROFILE = 108, /* acceleration, velocity */
    MOTOR_GOAL_POSITION = 116,
    MOTOR_CLOCK = 120,   /* ms, u16 */
    MOTOR_PRESENT = 126, /* current, velocity, position */
    MOTOR_VOLTAGE = 144, /* voltage, temperature */
    MOTOR_TEMPERATURE = 146
};

enum motor_job {
    MOTOR_IDLE = 0,
    MOTOR_STOP,
    MOTOR_GOALS,
    MOTOR_CAPS,
    MOTOR_TORQUE_ON,
    MOTOR_READ,
    MOTOR_SLOW_POWER,
    MOTOR_SLOW_TORQUE,
    MOTOR_SLOW_WATCHDOG,
    MOTOR_SLOW_CLOCK,
    MOTOR_SETUP
};

typedef struct motor_axis {
    uint8_t id;
    int8_t direction;
    uint8_t step;      /* of SETUP; MOTOR_READY when done */
    uint8_t torque;    /* 1: switched on and not found otherwise */
    float ticks_per_deg, zero_ticks;
    int32_t goal_ticks;
    int32_t present_ticks;
    int32_t profile_velocity; /* 0.229 rpm */
    uint16_t current_ma;      /* limit */
    uint16_t cap_ma;          /* in force */
    int32_t least_ticks, most_ticks; /* a joint of the hand cannot be beyond */
    uint64_t heard_us;
    uint64_t asked_us;        /* for the reading in present_ticks */
    uint64_t good_us;         /* of one in doubt: when it is over */
    uint64_t error_us;        /* of one with a hardware error: when it came, or the last reboot */
    uint64_t reboot_us[MOTOR_REBOOTS]; /* 0: none yet */
    int32_t clock;            /* -1: not read since it joined */
    uint8_t reboots;          /* place of the next in reboot_us */
    uint8_t hardware_error;
    uint8_t temperature;
    uint8_t voltage;          /* 0.1 V */
} motor_axis;

typedef struct motor_state {
    int32_t axes;
    motor_axis axis[MOTOR_MAX];
    dxl_parser parser;
    uint32_t cycle_us;
    uint32_t patience;

    uint8_t out[DXL_MAX_PACKET];
    int32_t out_n, out_sent;
    int32_t job;               /* under way */
    uint32_t todo;             /* bit per job, this cycle */
    uint32_t expected;         /* axes whose replies are awaited */
    int32_t expected_length;
    int32_t setup_axis;
    uint64_t setup_us;         /* not before */
    uint64_t asked_us;         /* when the packet under way had gone */
    uint64_t deadline_us;
    uint64_t began_us;         /* this cycle */
    uint32_t reads;            /* cycles that read; MOTOR_TURNS of them read all axes */
    int32_t slow;              /* whose turn it is in the slow reads */

    int32_t power;             /* wanted */
    int32_t stop;              /* STOP still to be sent, times */
    uint64_t stop_us;          /* not before */
    uint64_t stopped_us;       /* when the first STOP had gone out after motor_stop */
    uint32_t sample;           /* counter the goals of this cycle come from */

    /* Results. */
    float position_deg[MOTOR_MAX];
    float velocity_dps[MOTOR_MAX];
    float current_ma[MOTOR_MAX];
    float goal_deg[MOTOR_MAX]; /* as written */
    uint32_t present;          /* axes set up and answering */
    uint32_t doubted;          /* axes that were absent and have not been good for long since */
    uint32_t heard;            /* axes that answer at all */
    uint32_t measured;         /* axes that have been read since they joined */
    uint32_t joined;           /* axes set up since the owner last cleared this */
    uint32_t applied_sample;
    uint64_t applied_us;
    uint32_t errors;           /* missing or bad replies */
    uint32_t cycles;
    uint32_t resets;           /* actuators lost and set up anew */
} motor_state;

void motor_init(motor_state *motor, const hand_config *hand, uint32_t cycle_us, uint64_t now_us);
/* 1 when a cycle may begin. */
int32_t motor_free(const motor_state *motor);
/* Begins a cycle. goal_deg: one per joint. caps: 255 = the joint's own current limit. `sample`:
 * counter of the EMG sample these goals come from. */
void motor_begin(motor_state *motor, const float *goal_deg, const uint8_t *caps, uint32_t sample,
                 uint64_t now_us);
/* Whether torque may be on. Off sends STOP at once. */
void motor_power(motor_state *motor, int32_t on, uint64_t now_us);
/* Moves bytes both ways; call as often as there are any. */
void motor_step(motor_state *motor, uint64_t now_us);

/* Scales of the X series: 4096 ticks a turn, 0.229 rpm a unit of velocity. A unit of current is
 * 1 mA (XL330). */
static const float MOTOR_TICKS_PER_DEG = 4096.0f / 360.0f;
static const float MOTOR_DPS_PER_UNIT = 0.229f * 6.0f;

/* XL330 at 5 V without load: 618 degrees/s. A joint that comes free is faster than its goals. */
static const float MOTOR_MOST_TICKS_PER_US = 1.25f * 618.0f * 4096.0f / 360.0f * 1.0e-6f;

/* motor_reply.c: reads what has come; marks an actuator as absent. */
void motor_receive(motor_state *motor, uint64_t now_us);
void motor_lose(motor_state *motor, int32_t i);

/* motor_setup.c: the steps that bring one actuator from power-up to ready. */
enum { MOTOR_READY = 255 };
/* Bytes of the packet for this axis's next step. */
int32_t motor_setup_packet(motor_axis *axis, uint32_t patience, uint64_t now_us, uint8_t *out,
                           int32_t capacity);
/* How many parameters its reply has. */
int32_t motor_setup_reply_length(const motor_axis *axis);
/* Takes the reply; moves on to the next step, or to MOTOR_READY, or back to the first. */
void motor_setup_reply(motor_axis *axis, const dxl_status *status, uint64_t now_us);
/* Whether the joint can stand there. */
int32_t motor_within_reach(const motor_axis *axis, int32_t ticks);

#endif
