# SPDX-License-Identifier: GPL-3.0-or-later
"""The invariants of the guard in every state under every pair of conditions, every millisecond.

A condition lasts: it is there from the beginning to the end. How an actuator that jumps or lies
becomes `absent` is the motor bus's (test_firmware_actuators.py); for the guard they are one.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field

import pytest
from guard_bench import ACTUATOR, BUS, HARDWARE, LIMIT, LINK_NOISE, STATES, Bench, placed

#: What each condition tells the guard, and how the host behaves in it.
CONDITIONS = {
    "nothing": {},
    "absent": {"senses": {"absent": 1}, "faults": ACTUATOR},
    "in error": {"senses": {"absent": 1}, "faults": HARDWARE},
    "another absent": {"senses": {"absent": 2}, "faults": ACTUATOR},
    "noise": {"faults": LINK_NOISE},
    "supply": {"senses": {"supply_low": 1}},
    "stall": {"senses": {"stalled": 1, "no_positive": 1}},
    "hot": {"senses": {"hot": 1, "no_positive": 1}, "scale": 0.3},
    "frozen site": {"command": {"frozen": 1}},
    "old EMG": {"command": {"age": 151}},
    "stale": {"silent": True},
    "counter stands": {"stands": True},
    "no bus": {"faults": BUS},
    "at its end": {"at_limit": 1},
}
MAY_DRIVE = {"ACTIVE", "OPEN_ONLY", "STALE", "RELEASING"}
OPENABLE = set(STATES) - {"BOOT", "SELF_TEST", "ESTOP"}
STILL_MS, DRIVE_MS, RAN_MS = 150, 350, 420
NO_FRESH = {"old EMG", "stale", "counter stands"}


@dataclass
class World:
    """The guard under some conditions, with a host that wants to close at 0.8 and turn at 0.5."""

    bench: Bench
    names: tuple[str, ...]
    senses: dict = field(default_factory=dict)
    command: dict = field(default_factory=dict)
    scale: float = 1.0
    faults: int = 0
    at_limit: int = 0
    told: bool = False  # a command was taken: what the host froze is known

    def __post_init__(self) -> None:
        for name in self.names:
            condition = CONDITIONS[name]
            for key, bits in condition.get("senses", {}).items():
                self.senses[key] = self.senses.get(key, 0) | bits
            self.command |= condition.get("command", {})
            self.scale = min(self.scale, condition.get("scale", 1.0))
            self.faults |= condition.get("faults", 0)
            self.at_limit |= condition.get("at_limit", 0)
        self.fresh_at = self.bench.now - 10  # placed() waited 10 ms after its command
        self.bench.sense(self.scale, **self.senses)
        self.bench.faults(self.faults)

    def go_on(self) -> None:
        """One millisecond; a command every twentieth."""
        bench = self.bench
        if bench.now % 20 == 0 and "stale" not in self.names:
            sample = bench.sample if "counter stands" in self.names else None
            if bench.command(0.8, 0.5, sample=sample, **self.command) == 0:
                self.fresh_at, self.told = bench.now, True
        bench.now += 1
        self.check(bench.tick(self.at_limit))

    def check(self, out) -> None:
        names, state = self.names, out.state
        grip, wrist = out.velocity[:2]
        where = (names, state, out.velocity)
        assert not out.drive or state in MAY_DRIVE, where
        assert out.drive or not any(out.velocity), where
        assert out.power == (state not in ("BOOT", "SELF_TEST", "ESTOP")), where
        if state == "RELEASING":
            assert out.velocity == pytest.approx([-0.3, 0, 0, 0]), where
            return
        assert grip <= 0 or state in ("ACTIVE", "STALE"), where
        assert "no bus" not in names or not out.drive or state == "STALE", where
        if self.bench.now - self.fresh_at >= STILL_MS:
            assert not any(out.velocity), where
        if self.bench.now - self.fresh_at >= DRIVE_MS:
            assert not out.drive, where
        if self.senses.get("absent", 0) & 1:
            assert grip == 0, where
        if self.senses.get("absent", 0) & 2:
            assert wrist == 0, where
        if state == "ACTIVE":
            assert "supply" not in names, where
            assert grip == 0 or not {"stall", "hot"} & set(names), where
            assert grip == 0 or not (self.told and "frozen site" in names), where
            assert abs(grip) <= 0.8 * self.scale + 1e-6
            assert "noise" not in names or max(map(abs, out.velocity)) <= 0.5, where
            self.check_limit(out.limit[0])

    def check_limit(self, code: int) -> None:
        """The first that applies, in the order of guard.h."""
        order = (("absent", "ACTUATOR"), ("in error", "ACTUATOR"),
                 ("frozen site" if self.told else "", "SITE"),
                 ("stall", "STALL"), ("hot", "HOT"), ("at its end", "POSITION"))
        wanted = next((limit for name, limit in order if name in self.names), "NONE")
        assert code == LIMIT[wanted], (self.names, code)


PAIRS = list(itertools.combinations(CONDITIONS, 2))


@pytest.mark.parametrize("state", STATES)
def test_the_invariants_hold_in_every_state_under_every_pair_of_conditions(state):
    for pair in PAIRS:
        world = World(placed(state), pair)
        for _ in range(RAN_MS):
            world.go_on()
        if NO_FRESH & set(pair):
            assert not world.bench.tick().drive or world.bench.name == "RELEASING"


@pytest.mark.parametrize("state", sorted(OPENABLE))
def test_release_opens_from_every_state_under_every_pair_of_conditions(state):
    for pair in PAIRS:
        world = World(placed(state), pair)
        for _ in range(30):
            world.go_on()
        world.bench.raise_("RELEASE")
        out = world.bench.tick()
        assert (out.state, out.drive) == ("RELEASING", True), pair
        for _ in range(100):
            world.go_on()
        assert world.bench.name == "RELEASING"


def test_the_conditions_are_felt():
    """None of them is idle: alone, each changes what an active hand does or says."""
    plain = World(placed("ACTIVE"), ("nothing",))
    for _ in range(RAN_MS):
        plain.go_on()
    usual = plain.bench.tick()
    assert usual.state == "ACTIVE" and usual.velocity[:2] == pytest.approx([0.8, 0.5])
    for name in set(CONDITIONS) - {"nothing"}:
        world = World(placed("ACTIVE"), (name,))
        for _ in range(RAN_MS):
            world.go_on()
        assert world.bench.tick(world.at_limit) != usual, name
