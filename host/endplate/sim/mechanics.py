# SPDX-License-Identifier: GPL-3.0-or-later
"""The hand's joints as masses behind geared motors, 1 ms a step.

Each joint is one XL330-M288 in position control under a current limit: a trajectory at the
profile's speed, a controller that asks for current, a motor that gives what current limit, supply
and back-EMF leave, inertia, viscous and dry friction, end stops, and what it touches. Angles are
those of the joint, radians inside and degrees outside; motor values are carried over by the gear.

Plain floats, one joint after the other: nine joints are too few for numpy, whose calls alone cost
ten times as much (140 against 9 us a step), and a joint at rest costs nothing.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from endplate.hardware import Hand, Joint

DEG = 180.0 / math.pi
STEP_S = 0.001
STEP_NS = 1_000_000
CATCH_UP_NS = 500_000_000  # a process that was stopped does not run after the whole past

# ROBOTIS e-manual, XL330-M288-T at 5.0 V: stall 0.52 N m at 1.47 A, 103 rev/min without load.
SUPPLY_V = 5.0
SUPPLY_OHM = 0.05  # cable: about half a metre
STALL_A = 1.47
WINDING_OHM = SUPPLY_V / STALL_A
TORQUE_NM_A = 0.52 / STALL_A
NO_LOAD_DPS = 618.0
BACK_EMF_V_S = 0.95 * SUPPLY_V / math.radians(NO_LOAD_DPS)  # 5 % of the supply goes into friction
# Estimates, plausible for an 18 g motor with a 288:1 gear; the rotor's inertia counts gear squared.
INERTIA_KG_M2 = 3.0e-4
VISCOUS_NM_S = 1.0e-3
DRY_NM = 0.03
STICK_RAD_S = 1.0e-5  # slower than this in one step is standing
# Position loop of the servo, without feed-forward (its gains are 0 as shipped). With these a joint
# rests (< 1 degree/s) within 22 ms of the last goal written, at any speed of the test hand.
LOOP_RAD_S, LOOP_DAMPING = 280.0, 0.75
STOP_BEYOND_RAD = math.radians(3.0)  # mechanical stops lie this far beyond the hand file's limits
# Heat: case of 18 g in still air.
AMBIENT_C, HEAT_K_W, HEAT_S = 25.0, 25.0, 300.0

#: What hangs on a joint beyond its motor: kg m^2, and N m when the lever is level.
LOADS = {
    "wrist_rotation": (6.0e-4, 0.0),
    "wrist_flexion": (8.0e-4, 0.0),
    "elbow": (4.0e-3, 0.24),  # 0.2 kg at 0.12 m; 0 degrees hangs straight down
}
#: From the joint that bends a digit to its tip, m (estimates: the tips meet at half the flexion).
TIP_M = {"thumb_flexion": 0.06, "index": 0.07, "middle": 0.075, "ring": 0.07, "little": 0.06}
SLIDE_MS, FALLS_DEG = 4, 25.0
#: Joints that can meet an object, and where the default one, a bottle of 65 mm, stops them.
GRASPED = {"thumb_flexion": 30.0, "index": 50.0, "middle": 50.0, "ring": 50.0, "little": 55.0}


@dataclass(frozen=True)
class Grasped:
    """An object between the fingers: where each joint meets it, and how hard it is."""

    contact_deg: Mapping[str, float]
    stiffness_nm_deg: float = 0.1
    damping_nm_s: float = 0.01
    # A load pulls a tapering object out between the fingers: while it exceeds friction times the
    # sum of the tips' forces, every digit finds it further in; FALLS_DEG, and it has fallen.
    load_n: float = 0.0
    friction: float = 0.5
    taper_dps: float = 8.0


class Axis:
    """One joint. Radians, seconds, ampere; N m at the joint."""

    __slots__ = (
        "acceleration", "along", "back_emf", "cap", "contact", "current", "damp", "friction_dv",
        "goal", "high", "inertia", "level_nm", "locked", "low", "position", "resting", "speed",
        "stiff", "temperature_c", "top_speed", "torque_a", "torque_on", "touch_damp",
        "touch_stiff", "trajectory", "velocity", "viscous",
    )

    def __init__(self, joint: Joint, start_deg: float) -> None:
        """At rest at `start_deg`, torque off."""
        gear = joint.gear
        load, self.level_nm = LOADS.get(joint.name, (0.0, 0.0))
        self.inertia = INERTIA_KG_M2 * gear**2 + load
        self.torque_a = TORQUE_NM_A * gear
        self.back_emf = BACK_EMF_V_S * gear
        self.viscous = VISCOUS_NM_S * gear**2
        self.friction_dv = DRY_NM * gear * STEP_S / self.inertia
        self.stiff = self.inertia * LOOP_RAD_S**2 / self.torque_a
        self.damp = 2.0 * LOOP_DAMPING * self.inertia * LOOP_RAD_S / self.torque_a
        self.low = math.radians(joint.min_deg) - STOP_BEYOND_RAD
        self.high = math.radians(joint.max_deg) + STOP_BEYOND_RAD
        self.top_speed = math.radians(NO_LOAD_DPS) / gear
        self.speed, self.acceleration, self.cap = self.top_speed, math.inf, STALL_A
        self.position = self.goal = self.trajectory = math.radians(start_deg)
        self.velocity = self.along = self.current = 0.0  # along: speed of the trajectory
        self.temperature_c = AMBIENT_C
        self.torque_on = self.locked = self.resting = False
        self.contact, self.touch_stiff, self.touch_damp = math.inf, 0.0, 0.0

    def run(self, steps: int) -> None:
        """Milliseconds pass. At rest with nothing new to do, they cost nothing."""
        if self.resting:
            return
        on, locked, cap, goal = self.torque_on, self.locked, self.cap, self.goal
        position, velocity = self.position, self.velocity
        stiff, damp, back_emf = self.stiff, self.damp, self.back_emf
        torque_a, viscous, per_nm = self.torque_a, self.viscous, STEP_S / self.inertia
        friction_dv, level_nm, contact = self.friction_dv, self.level_nm, self.contact
        current = self.current if on else 0.0
        before = velocity
        for _ in range(steps):
            if on:
                if self.trajectory != goal or self.along:
                    self._follow(goal - self.trajectory)
                current = stiff * (self.trajectory - position) - damp * velocity
                current = cap if current > cap else -cap if current < -cap else current
                most = (SUPPLY_V - back_emf * velocity) / WINDING_OHM
                current = most if current > most else current
                least = most - 2.0 * STALL_A
                current = least if current < least else current
            force = torque_a * current - viscous * velocity
            if level_nm:
                force -= level_nm * math.sin(position)
            if position > contact:
                push = self.touch_stiff * (position - contact) + self.touch_damp * velocity
                force -= push if push > 0.0 else 0.0
            # Dry friction takes its share of speed and never turns it round: at rest is exactly 0.
            before = velocity
            velocity += force * per_nm
            if velocity > friction_dv + STICK_RAD_S:
                velocity -= friction_dv
            elif velocity < -friction_dv - STICK_RAD_S:
                velocity += friction_dv
            else:
                velocity = 0.0
            if locked:
                velocity = 0.0
            position += velocity * STEP_S
            if not self.low <= position <= self.high:
                position = self.low if position < self.low else self.high
                velocity = 0.0
        if not on:
            self.trajectory, self.along = position, 0.0
        self.position, self.velocity, self.current = position, velocity, current
        # Two steps without speed: what pulls is less than friction, and nothing changes any more.
        self.resting = (velocity == 0.0 == before and self.along == 0.0
                        and (not on or self.trajectory == goal))

    @property
    def pressing_nm(self) -> float:
        """What the joint gives to the object it touches."""
        if self.position <= self.contact:
            return 0.0
        push = self.touch_stiff * (self.position - self.contact) + self.touch_damp * self.velocity
        return max(push, 0.0)

    def _follow(self, off: float) -> None:
        """One step of the profile towards a goal that is `off` away."""
        away = abs(off)
        if self.acceleration == math.inf:
            if away <= self.speed * STEP_S:
                self.trajectory, self.along = self.goal, 0.0
            else:
                self.along = math.copysign(self.speed, off)
                self.trajectory += self.along * STEP_S
            return
        ease = self.acceleration * STEP_S
        if abs(self.along) <= ease and away <= ease * STEP_S:
            self.trajectory, self.along = self.goal, 0.0
            return
        brake = math.sqrt(2.0 * self.acceleration * away)
        wanted = math.copysign(min(self.speed, brake, away / STEP_S), off)
        self.along += max(-ease, min(ease, wanted - self.along))
        self.trajectory += self.along * STEP_S


class Mechanics:
    """All joints of a hand, in the order of its file. Index = joint; degrees of the joint."""

    def __init__(self, hand: Hand, start_deg: Mapping[str, float] | None = None) -> None:
        """`start_deg`: posture before power; by default the rest grip, open, elbow at 45."""
        rest = next(grip for grip in hand.grips if grip.name == hand.rest_grip)
        start = {"elbow": 45.0, **rest.open_deg, **(start_deg or {})}
        self.names = tuple(joint.name for joint in hand.joints)
        self.axes = tuple(Axis(joint, start.get(joint.name, 0.0)) for joint in hand.joints)
        self.time_ns = 0
        self.battery_v = SUPPLY_V  # what is read; the motors' strength stays that of 5 V
        self._grasped: Grasped | None = None
        self._slid_deg = 0.0

    # ---- what the servos set ----

    def set_torque(self, index: int, on: bool) -> None:
        """Torque on takes hold where the joint is and goes to the goal by the profile."""
        axis = self.axes[index]
        axis.torque_on, axis.resting = on, axis.resting and axis.torque_on == on

    def set_goal_deg(self, index: int, deg: float) -> None:
        """Where to go."""
        axis, goal = self.axes[index], math.radians(deg)
        if goal != axis.goal:
            axis.goal, axis.resting = goal, False

    def halt(self, index: int) -> None:
        """The goal becomes where the joint is now."""
        axis = self.axes[index]
        axis.goal = axis.trajectory = axis.position
        axis.along, axis.resting = 0.0, False

    def set_profile(self, index: int, speed_dps: float, acceleration_dps2: float) -> None:
        """Bounds of the trajectory; 0 = none."""
        axis, top = self.axes[index], self.axes[index].top_speed
        axis.speed = min(math.radians(speed_dps), top) if speed_dps > 0 else top
        axis.acceleration = math.radians(acceleration_dps2) if acceleration_dps2 > 0 else math.inf

    def set_current_limit(self, index: int, ampere: float) -> None:
        """Most current the controller may ask for."""
        self.axes[index].cap = min(ampere, STALL_A)
        self.axes[index].resting = False

    # ---- the world ----

    def lock(self, index: int, locked: bool) -> None:
        """A jammed joint does not move, whatever its motor does."""
        self.axes[index].locked = locked
        self.axes[index].resting = False

    def grasp(self, grasped: Grasped | None) -> None:
        """Puts an object between the fingers, or takes it away."""
        self._grasped, self._slid_deg = grasped, 0.0
        for name, axis in zip(self.names, self.axes, strict=True):
            axis.contact, axis.resting = math.inf, False
            if grasped is not None and name in grasped.contact_deg:
                axis.contact = math.radians(grasped.contact_deg[name])
                axis.touch_stiff = math.degrees(grasped.stiffness_nm_deg)
                axis.touch_damp = grasped.damping_nm_s

    # ---- time ----

    def advance(self, now_ns: int) -> None:
        """Steps up to `now_ns` of a monotonic clock; the first call only sets the clock."""
        if self.time_ns == 0:
            self.time_ns = now_ns
        self.time_ns = max(self.time_ns, now_ns - CATCH_UP_NS)
        steps = (now_ns - self.time_ns) // STEP_NS
        if steps > 0:
            self.time_ns += steps * STEP_NS
            self.step(steps)

    def step(self, steps: int = 1) -> None:
        """Milliseconds pass."""
        while self._grasped is not None and self._grasped.load_n > 0.0 and steps > 0:
            self._slide(self._grasped, turn := min(steps, SLIDE_MS))
            for axis in self.axes:
                axis.run(turn)
            steps -= turn
        for axis in self.axes:
            axis.run(steps)

    def _slide(self, held: Grasped, steps: int) -> None:
        """The object moves out between the fingers, if they do not hold it."""
        tips = self.tip_n
        if not any(tips) or held.friction * sum(tips) >= held.load_n:
            return
        self._slid_deg += (moved := held.taper_dps * steps * STEP_S)
        for name, axis in zip(self.names, self.axes, strict=True):
            if name in held.contact_deg:
                axis.contact += moved / DEG
                axis.resting = False
        if self._slid_deg >= FALLS_DEG:
            self.grasp(None)

    def warm(self, seconds: float) -> None:
        """Lets the motors take up and give off heat; call a few times a second."""
        for axis in self.axes:
            target = AMBIENT_C + axis.current**2 * WINDING_OHM * HEAT_K_W
            axis.temperature_c += (target - axis.temperature_c) * min(seconds / HEAT_S, 1.0)

    # ---- what can be measured ----

    @property
    def supply_v(self) -> float:
        """At the motors: the cable takes its share."""
        return self.battery_v - SUPPLY_OHM * sum(abs(axis.current) for axis in self.axes)

    @property
    def position_deg(self) -> list[float]:
        """Joint angles."""
        return [axis.position * DEG for axis in self.axes]

    @property
    def goal_deg(self) -> list[float]:
        """Joint goals as the servos have them."""
        return [axis.goal * DEG for axis in self.axes]

    @property
    def velocity_dps(self) -> list[float]:
        """Joint speeds."""
        return [axis.velocity * DEG for axis in self.axes]

    @property
    def current_a(self) -> list[float]:
        """Motor currents, + bends the joint up."""
        return [axis.current for axis in self.axes]

    @property
    def tip_n(self) -> list[float]:
        """Newton that each joint's tip presses with; 0 for joints without one."""
        return [
            axis.pressing_nm / TIP_M[name] if name in TIP_M else 0.0
            for name, axis in zip(self.names, self.axes, strict=True)
        ]
