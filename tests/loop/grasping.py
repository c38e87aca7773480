# SPDX-License-Identifier: GPL-3.0-or-later
"""The hand's program for Linux and the mechanics, with or without an object in the hand; the
mechanics carry the faults of actuators and sensors as knobs."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from endplate.live.traces import records
from endplate.sim import firmware
from endplate.sim.rig import MOTION, Part

from .wire_host import Host, connected


class Grasping:
    """A host, a hand, and what its joints did."""

    def __init__(
        self, host: Host, part: Part, program: firmware.Firmware, folder: Path
    ) -> None:
        self.host, self.part, self.program, self._folder = host, part, program, folder

    def mark(self) -> int:
        return time.monotonic_ns()

    def fault(self, **fault: Any) -> int:
        """Tells the actuators; the mark before it."""
        now = self.mark()
        self.part.tell(fault=fault)
        return now

    def motion(self, since_ns: int = 0) -> np.ndarray:
        """Records since then, up to now."""
        now, end = time.monotonic_ns(), time.monotonic() + 3
        while time.monotonic() < end:
            rows = records(self._folder / "hand.bin", MOTION)
            if len(rows) and rows["t_ns"][-1] >= now:
                return rows[(rows["t_ns"] >= since_ns) & (rows["t_ns"] <= now)]
            self.host.quiet(0.02)
        raise AssertionError("the log of the mechanics stands")

    def trace(self) -> list[dict]:
        """One row per motor cycle, as the hand's program saw it."""
        lines = (self._folder / "firmware.jsonl").read_text().splitlines()
        return [json.loads(line) for line in lines if line.endswith("}")]

    def close_on_object(self) -> None:
        self.host.activate()
        self.host.drive(1.0, seconds=1.3)


Made = TypeVar("Made", bound=Grasping)


@contextmanager
def mechanics(folder: Path, *options: str) -> Iterator[Part]:
    """The simulated actuators and joints, running inside the block."""
    part = Part("endplate.sim.hand", ["--directory", str(folder), *options], folder / "hand.log")
    try:
        yield part
    finally:
        part.stop()


@contextmanager
def grasping_hand(
    folder: Path, hand: str = "test-hand", grasped: bool = True, made: type[Made] = Grasping,
    **knobs: Any,
) -> Iterator[Made]:
    """All three, running inside the block, as a `made`; `knobs` go to the firmware runner."""
    with (
        mechanics(folder, "--hand", hand, *["--object"] * grasped) as part,
        firmware.start(
            "pc", part.ready["bus"], folder, trace=True, touch=part.ready["touch"], **knobs
        ) as program,
        connected(program.port) as host,
    ):
        yield made(host, part, program, folder)
