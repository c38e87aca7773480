# SPDX-License-Identifier: GPL-3.0-or-later
"""A rig that drives: control on the simulated board, armed on the hand, and what hand and
mechanics wrote down.

Times: the board's stand-in, the control process and the mechanics write CLOCK_MONOTONIC; the
hand's own clock is started with a known offset by the firmware runner, so that its trace maps onto
the same line exactly.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from endplate import core
from endplate.live.session import ControlProcess, start_control
from endplate.live.traces import COMMANDS, records
from endplate.sim.rig import Rig

FINGERS = slice(0, 6)
STILL_DPS = 1.0
STOPPED_MS = 150.0  # from the last fresh command, or a reset, until the fingers stand
FRESH_NS = 100_000_000
STATE = {name: number for number, name in core.GUARD_STATES.items()}


def until(condition: Callable[[], Any], timeout_s: float, what: str) -> Any:
    """Waits for a condition and returns its value; fails with `what` after the time."""
    end = time.monotonic() + timeout_s
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.01)
    raise AssertionError(f"{what}: not within {timeout_s:g} s")


def pause_until(time_ns: int) -> None:
    """Lets the rig run on until CLOCK_MONOTONIC shows `time_ns`: the fault must last so long."""
    until(lambda: time.monotonic_ns() > time_ns, 10, "a moment")


class Driving:
    """The parts of one driving rig."""

    def __init__(self, rig: Rig, directory: Path, profile: Path, **settings: Any) -> None:
        self.rig, self.directory, self.profile = rig, directory, profile
        self._settings = settings
        self.control: ControlProcess = self.start()

    def start(self) -> ControlProcess:
        """A control process (another one, after a kill)."""
        self.control = start_control(
            {
                "directory": str(self.directory),
                "board": "cyton",
                "port": self.rig.board_port,
                "board_params": {"simulated": True},
                "hand_port": self.rig.hand_port,
                "hand": "test-hand",
                "montage": "free-8",
                "profile": str(self.profile),
                "faults": {"requests": True},
                **self._settings,
            }
        )
        return self.control

    def ask(self, verb: str, **fields: Any) -> dict[str, Any]:
        """A request that must be granted."""
        reply = self.control.ask(verb, **fields)
        assert "error" not in reply, reply
        return reply

    def trace(self) -> list[dict[str, Any]]:
        """The hand's own trace, one row a motor cycle or change of state; a half-written last line
        is left out."""
        text = self.rig.firmware.trace.read_text()
        return [json.loads(line) for line in text.splitlines(keepends=True) if line.endswith("\n")]

    def last_fresh_ns(self) -> int:
        """When the newest fresh COMMAND came, by the hand's clock, at most one motor cycle too
        early.

        The trace has a row a cycle: the command came between the first row with its sample counter
        and the row before. The earlier one is taken, so that no time measured from here is too
        short.
        """
        rows = self.trace()
        newest = rows[-1]["sample"]
        # From the end: another control process counts its samples anew.
        older = next((row for row in reversed(rows) if row["sample"] != newest), rows[0])
        return older["us"] * 1000

    def state(self) -> int:
        """The guard's state now."""
        rows = self.trace()
        return rows[-1]["state"] if rows else -1

    def commands(self) -> np.ndarray:
        """COMMANDs of the running control process."""
        return records(self.directory / "commands.bin", COMMANDS)

    def arm(self) -> None:
        """Relaxes, arms, waits until the hand follows."""
        self.rig.prompt({}, rise_s=0, hold_s=0.1, fall_s=0, label="rest")
        self.ask("arm")
        until(lambda: self.state() == STATE["active"], 5, "the hand became active")
        # After a gap the sites must have been good for a second before their DoF move again.
        until(self.thawed, 5, "no DoF is frozen")

    def thawed(self) -> bool:
        """Whether no DoF waits for a site, by the decoder's own newest hop: what the hand says of
        it is a few commands old."""
        newest = self.control.feed().hops(0)[1][-1]
        fresh = time.monotonic_ns() - int(newest["t_ns"]) < FRESH_NS
        return fresh and not int(newest["frozen"])

    def close_hand(self, effort: float = 0.45) -> None:
        """Begins a slow closing and waits until the fingers are on their way."""
        self.rig.prompt({"hand": effort}, rise_s=0.2, hold_s=8.0, fall_s=0.3, label="close")
        until(lambda: self.finger_speed() > 5.0, 5, "the fingers moved")

    def open_hand(self) -> None:
        """Opens until nothing moves any more, then rests."""
        self.rig.prompt({"hand": -1.0}, rise_s=0.2, hold_s=1.5, fall_s=0.2, label="open")
        until(lambda: self.finger_speed() > 5.0 or self.opened(), 4, "the fingers opened")
        until(self.opened, 6, "the hand was open")
        self.rig.prompt({}, rise_s=0, hold_s=0.1, fall_s=0, label="rest")

    def opened(self) -> bool:
        """Whether the four fingers are nearly straight."""
        return bool((self.rig.motion()["position_deg"][-1][2:6] < 8.0).all())

    def finger_speed(self) -> float:
        """Fastest finger joint now, degrees per second."""
        return float(np.abs(self.rig.motion()["velocity_dps"][-1][FINGERS]).max())

    def still_ms(self, since_ns: int) -> float:
        """Milliseconds from `since_ns` until the last moment at which a finger still moved."""
        motion = self.rig.motion()
        motion = motion[motion["t_ns"] >= since_ns]
        moving = (np.abs(motion["velocity_dps"][:, FINGERS]) >= STILL_DPS).any(1)
        if not moving.any():
            return 0.0
        return float((motion["t_ns"][np.flatnonzero(moving)[-1]] - since_ns) / 1e6)

    def lost_ms(self, since_ns: int) -> float | None:
        """Milliseconds from `since_ns` until the hand said LINK LOST by its own clock."""
        for row in self.trace():
            if row["us"] * 1000 >= since_ns and row["state"] == STATE["link lost"]:
                return row["us"] / 1000 - since_ns / 1e6
        return None
