# SPDX-License-Identifier: GPL-3.0-or-later
"""One guard on a clock that the test turns: what the guard's tests share."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from endplate.core import ffi, lib

STATES = (
    "BOOT", "SELF_TEST", "DISARMED", "ARMED", "ACTIVE", "STALE", "LINK_LOST", "OPEN_ONLY",
    "RELEASING", "FAULT", "ESTOP",
)
EVENTS = (
    "NONE", "SELF_TEST_DONE", "ARM", "DISARM", "NEUTRAL", "FRESH", "STALE", "LINK_LOST",
    "RELEASE", "RELEASED", "ESTOP", "FAULT", "CLEAR_FAULT", "SESSION", "SUPPLY_LOW", "SUPPLY_GOOD",
    "UNUSED",
)
DOFS = 4
TABLE, BUS, ACTUATOR, HARDWARE, PARAMETERS, LINK_NOISE = 1, 2, 4, 8, 16, 32
LIMIT = {name: getattr(lib, f"GUARD_LIMIT_{name}") for name in (
    "NONE", "ESTOP", "FAULT", "RELEASING", "DISARMED", "LINK_LOST", "HOST_FROZEN", "STALE",
    "NEUTRAL", "SUPPLY", "SITE", "STALL", "HOT", "ACTUATOR", "POSITION")}
#: Where the hand's clock begins: also shortly before it wraps.
ORIGINS = (0, 1, 2**32 - 1, 2**32 - 60, 2**32 - 250, 2**31 - 70)
everywhere = pytest.mark.parametrize("origin", ORIGINS)


@dataclass
class Output:
    state: str
    velocity: list[float]
    drive: bool
    power: bool
    limit: list[int]


class Bench:
    """Times are milliseconds since the bench began; the hand's clock begins at `origin`."""

    def __init__(self, origin: int = 0, **parameters: float) -> None:
        self.config = ffi.new("guard_config *")
        lib.guard_defaults(self.config, DOFS)
        for name, value in parameters.items():
            setattr(self.config, name, value)
        self.state = ffi.new("guard_state *")
        self.origin, self.now, self.sample = origin, 0, 0
        assert lib.guard_init(self.state, self.config, self.clock) == 0

    @property
    def clock(self) -> int:
        return (self.origin + self.now) % 2**32

    @property
    def name(self) -> str:
        return STATES[self.state.state]

    def raise_(self, event: str) -> int:
        return lib.guard_raise(self.state, self.config, EVENTS.index(event), self.clock)

    def faults(self, bits: int) -> None:
        lib.guard_set_faults(self.state, self.config, bits, self.clock)

    def command(
        self, *targets: float, age: int = 10, valid: int = 50, sample: int | None = None,
        frozen: int = 0, mode: int = 1,
    ) -> int:
        """Sends one; by default the counter advances by 5."""
        self.sample = (self.sample + 5) % 2**32 if sample is None else sample
        wanted = ffi.new("guard_command *")
        wanted.emg_ms = (self.clock - age) % 2**32
        wanted.sample, wanted.mode, wanted.valid_ms = self.sample, mode, valid
        wanted.frozen = frozen
        for index, target in enumerate(targets):
            wanted.target[index] = target
        return lib.guard_command_take(self.state, self.config, wanted, self.clock)

    def sense(self, scale: float = 1.0, **senses: int) -> None:
        """What the motors allow from now on; without arguments everything."""
        told = ffi.new("guard_senses *", senses)
        for dof in range(len(told.scale)):
            told.scale[dof] = scale
        assert lib.guard_sense(self.state, told) == 0

    def tick(self, at_limit: int = 0) -> Output:
        out = ffi.new("guard_output *")
        assert lib.guard_tick(self.state, self.config, at_limit, self.clock, out) >= 0
        return Output(self.name, list(out.velocity)[:DOFS], bool(out.drive), bool(out.power),
                      list(out.limit)[:DOFS])

    def wait(self, ms: int, step: int = 1) -> Output:
        """Ticks every `step` ms until `ms` have passed; the last output."""
        end, out = self.now + ms, None
        while self.now < end or out is None:
            self.now = min(self.now + step, end)
            out = self.tick()
        return out

    def stream(self, ms: int, *targets: float, every: int = 20, **command: int) -> Output:
        """Commands every 20 ms, ticks every ms."""
        out = self.tick()
        for passed in range(ms):
            if passed % every == 0:
                self.command(*targets, **command)
            out = self.wait(1)
        return out

    def ready(self) -> Bench:
        """Disarmed, self-test done."""
        self.tick()
        self.raise_("SELF_TEST_DONE")
        return self

    def active(self, *targets: float) -> Bench:
        """Armed, neutral given, and one command with `targets` taken."""
        self.ready()
        self.raise_("ARM")
        assert self.command() == 0
        self.wait(20)
        assert self.command(*targets) == 0
        assert self.tick().state == "ACTIVE"
        return self


def placed(state: str) -> Bench:
    """A guard that moved at 0.8 a moment ago and is now in `state`."""
    bench = Bench()
    bench.active(0.8, 0.5, -0.5, 0.1)
    bench.wait(10)
    bench.state.state = STATES.index(state)
    bench.state.entered_ms = bench.clock
    return bench
