/* SPDX-License-Identifier: MIT
 *
 * hand: DoF velocities -> joint goals, through a grip table and limits. Degrees and seconds.
 *
 * A DoF is either the grip (the fingers follow a path from the grip's open posture to its closed
 * one; `closure` 0..1 is how far) or one joint. At velocity 0 the hand holds. The table comes from
 * hw/hands by hardware.py, compiled in.
 *
 * Position mode: hand_toward makes the velocities that lead to wanted positions, and those go through
 * the guard as any others; hand_aim then keeps the goals from running past, whenever the next
 * velocity comes. A position is -1..1: of a joint from its middle to its ends, of the grip its
 * closure, 0..1.
 *
 * Soft stops: within what it runs in 60 ms before a joint's limit or an aim, the speed falls with the
 * way that is left. The ends of a grip's path are no stops of a joint and have none.
 *
 * What blocks a joint does not wind its goal up: a goal leads the measured joint by no more than
 *   holding   0.017 degrees of the motor per mA of the joint's current limit, as degrees of the
 *             joint, 2..8: the error at which an XL330 asks for all of that current. So holding
 *             costs no grip force, and a joint that comes free by itself settles no further on
 *             (4.25 degrees: a finger with gear 2 and 500 mA).
 *   driving   that, and what the joint runs in 60 ms at the velocity wanted, on the side to which
 *             it is driven: free motion needs it, since what is measured is a cycle old.
 * A goal that leads by more comes back at the joint's speed.
 */
#ifndef ENDPLATE_CORE_HAND_H
#define ENDPLATE_CORE_HAND_H

#include "sizes.h"

enum hand_dof_kind { HAND_DOF_GRIP = 0, HAND_DOF_JOINT = 1 };
enum { HAND_NAME = 16 };

typedef struct hand_joint {
    char name[HAND_NAME];
    uint8_t actuator;       /* id on the motor bus */
    int8_t direction;       /* +1 or -1: actuator's sense against the joint's */
    float gear;             /* actuator degrees per joint degree, > 0 */
    float zero_deg;         /* actuator angle at joint angle 0 */
    float min_deg, max_deg;
    float speed_dps;        /* at full velocity */
    float current_ma;       /* limit */
} hand_joint;

typedef struct hand_dof {
    char name[HAND_NAME];
    int32_t kind;       /* hand_dof_kind */
    int32_t joint;      /* of HAND_DOF_JOINT */
    int32_t closing;    /* sign that closes, +1 or -1: RELEASE drives against it; 0: it does not */
} hand_dof;

typedef struct hand_grip {
    char name[HAND_NAME];
    float open_deg[CORE_MAX_JOINTS];   /* NaN: this grip leaves the joint where it is */
    float closed_deg[CORE_MAX_JOINTS];
    float start[CORE_MAX_JOINTS];      /* 0..1: closure at which the joint begins to move */
    float stop[CORE_MAX_JOINTS];       /* closure at which it has arrived, > start */
    float close_s;                     /* seconds from open to closed at full velocity */
    float force_cap;                   /* 0.05..1 of the current limits of the joints it moves */
} hand_grip;

/* A digit in the order thumb, index, middle, ring, little, and the force sensor in its tip. */
typedef struct hand_digit {
    int32_t joint;       /* that presses its tip against what is held; -1: there is no such digit */
    int32_t channel;     /* of the board's force inputs (board_touch); -1: no sensor */
    float zero_counts;   /* what it reads without a force */
    float n_per_count;   /* newton, > 0 */
} hand_digit;

typedef struct hand_config {
    char name[HAND_NAME];
    int32_t joints, dofs, grips;
    int32_t rest_grip; /* at power-up */
    hand_joint joint[CORE_MAX_JOINTS];
    hand_dof dof[CORE_MAX_DOF];
    hand_grip grip[CORE_MAX_GRIPS];
    hand_digit digit[CORE_DIGITS];
    float supply_ma; /* what the supply gives all motors together (caps.h) */
} hand_config;

typedef struct hand_state {
    int32_t grip;
    float closure;                 /* 0 open .. 1 closed */
    float goal_deg[CORE_MAX_JOINTS];
    uint32_t at_limit;             /* bit per DoF: wanted further; a limit or what blocks held it */
    uint32_t aimed;                /* bit per DoF: not past `aim`; whoever ends an aim clears it */
    float aim[CORE_MAX_DOF];       /* degrees of the joint; closure */
} hand_state;

int32_t hand_check(const hand_config *config);
/* The joints that a DoF moves, a bit each: its own, or all that this grip has a path for. */
uint32_t hand_joints_of(const hand_config *config, const hand_grip *grip, int32_t dof);
/* Starts from where the joints are (measured), so that nothing jumps at power-up. */
int32_t hand_init(hand_state *state, const hand_config *config, const float *measured_deg);
/* Another grip: allowed only while still (the caller knows); finger goals move towards it with the
 * next motion of the grip DoF, never by themselves, each no faster than its joint's speed.
 * CORE_BAD_ARGUMENT for an unknown grip. */
int32_t hand_select_grip(hand_state *state, const hand_config *config, int32_t grip);
/* The velocities, no faster than `most` (0..1), that lead to these positions; 0 where the way left is
 * less than 0.02 degrees, of the grip 0.0005, and, of a DoF that waits for a neutral command (bits
 * `waits`), less than `near` of the whole way (0..1). A position that is none (NaN, beyond -1..1,
 * below 0 for the grip) gives a velocity of 2, which the guard refuses. */
int32_t hand_toward(const hand_state *state, const hand_config *config, const float *position,
                    float most, float near, uint32_t waits, float *velocity);
/* Aims every DoF at these positions, once the guard has taken the velocities. */
int32_t hand_aim(hand_state *state, const hand_config *config, const float *position);
/* Advances by dt_s (at most 0.1 counts) with velocities -1..1 per DoF; with velocities of 0 it
 * holds, and has to be called then too. measured_deg: where the joints are, one each, NaN where
 * that is not known (no bound of the lead then). No joint goal moves faster than its speed_dps,
 * none leaves its limits. While the grip opens no finger's goal moves towards closed: one that the
 * path would close waits until the path has come to it. CORE_NOT_FINITE for a NaN velocity; then
 * nothing has moved. */
int32_t hand_process(hand_state *state, const hand_config *config, const float *velocity,
                     const float *measured_deg, float dt_s);
/* Lets these digits press harder: moves their goals closed by a share (0..1) of the lead above, no
 * faster than in dt_s of motion. The lead and the motors' caps bound what comes of it. */
int32_t hand_press(hand_state *state, const hand_config *config, uint32_t digits, float share,
                   float dt_s);

#endif
