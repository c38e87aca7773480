# SPDX-License-Identifier: GPL-3.0-or-later
"""The whole rig without flesh: patient and board, motor bus and mechanics, and the hand's firmware
between them.

Each part is a process that speaks the real thing's protocol on a pty, so that real hardware
replaces it by naming another port. The rig starts them, tells the patient what to do, breaks
things on request, and ends all of them.
"""

from __future__ import annotations

import json
import queue
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np

from endplate.errors import EndplateError
from endplate.live.traces import records
from endplate.sim import firmware
from endplate.sim.truth import TRUTH

MOTION = np.dtype(
    [
        ("t_ns", "<i8"),
        ("goal_deg", "<f4", (10,)),
        ("position_deg", "<f4", (10,)),
        ("velocity_dps", "<f4", (10,)),
        ("current_a", "<f4", (10,)),
        ("tip_n", "<f4", (10,)),
    ]
)
START_TIMEOUT_S = 20.0


class Part:
    """One stand-in process: a JSON line on its stdout when it is ready, JSON lines on its stdin as
    requests."""

    def __init__(self, module: str, arguments: list[str], log: Path) -> None:
        self.module = module
        self._log = log.open("w")
        self._process = subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
            bufsize=1,
        )
        lines: queue.Queue[str] = queue.Queue()
        self._reader = threading.Thread(target=self._drain, args=(lines,), daemon=True)
        self._reader.start()
        try:
            first = lines.get(timeout=START_TIMEOUT_S)
            self.ready: dict[str, Any] = json.loads(first)
        except (queue.Empty, json.JSONDecodeError):
            self.ready = {"error": f"The simulated part {module} did not start; see {log}."}
        if "error" in self.ready:
            self.stop()
            raise EndplateError(str(self.ready["error"]))

    def _drain(self, lines: queue.Queue[str]) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            lines.put(line)
        lines.put("")

    @property
    def pid(self) -> int:
        """Process id."""
        return self._process.pid

    def tell(self, **request: Any) -> None:
        """Sends one request; a part that is gone is an error of the rig, in one sentence."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(request) + "\n")
            self._process.stdin.flush()
        except (BrokenPipeError, ValueError):
            raise EndplateError(
                f"The simulated part {self.module} has ended; see {self._log.name}."
            ) from None

    def stop(self) -> None:
        """Asks it to end, then ends it."""
        if self._process.poll() is None:
            try:
                self.tell(quit=True)
                self._process.wait(3)
            except (EndplateError, subprocess.TimeoutExpired):
                self._process.kill()
                self._process.wait()
        self._reader.join(2)
        for stream in (self._process.stdin, self._process.stdout, self._log):
            if stream is not None:
                try:
                    stream.close()
                except BrokenPipeError:
                    pass


class Rig:
    """Context manager: all parts running inside, none after.

    board: "cyton" or "daisy"; patient: a preset's name, `person` its knobs (knobs.py);
    firmware: "pc" or "f405"; play: an .npz recording that the board plays instead of the patient.
    `knobs` go to the firmware runner (baud, clock_offset_us, clock_ppm, ...).
    """

    def __init__(
        self,
        directory: Path,
        *,
        board: str = "cyton",
        patient: str = "tmr-transhumeral",
        seed: int = 1,
        person: Mapping[str, float] | None = None,
        firmware_kind: str = "pc",
        hand: str = "test-hand",
        play: Path | None = None,
        grasp_object: bool = False,
        **knobs: Any,
    ) -> None:
        self.directory = Path(directory)
        self.preset = patient
        self._board_arguments = ["--board", board, "--patient", patient, "--seed", str(seed)]
        for name, value in (person or {}).items():
            self._board_arguments += ["--knob", f"{name}={value}"]
        if play is not None:
            self._board_arguments += ["--play", str(play)]
        self._hand_arguments = ["--hand", hand] + (["--object"] if grasp_object else [])
        self._firmware_kind = firmware_kind
        self._knobs = knobs
        self._running: list[Any] = []

    def __enter__(self) -> Rig:
        self.directory.mkdir(parents=True, exist_ok=True)
        place = ["--directory", str(self.directory)]
        try:
            self.board = self._start(
                "endplate.sim.board", self._board_arguments + place, "board.log"
            )
            self.hand = self._start("endplate.sim.hand", self._hand_arguments + place, "hand.log")
            self.firmware = firmware.start(
                self._firmware_kind,
                bus=self.hand.ready["bus"],
                directory=self.directory,
                touch=self.hand.ready["touch"] if self._firmware_kind == "pc" else None,
                **self._knobs,
            )
            self._running.append(self.firmware)
        except BaseException:
            self.close()
            raise
        return self

    def _start(self, module: str, arguments: list[str], log: str) -> Part:
        part = Part(module, arguments, self.directory / log)
        self._running.append(part)
        return part

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Ends every part, in the reverse order of their start."""
        while self._running:
            self._running.pop().stop()

    @property
    def board_port(self) -> str:
        """Serial port of the board, for brainflow."""
        return self.board.ready["port"]

    @property
    def hand_port(self) -> str:
        """Serial port of the hand's link."""
        return str(self.firmware.port)

    def prompt(self, target: dict[str, float], **more: Any) -> None:
        """Tells the patient what to do now: a trapezoid towards `target` (DoF -> -1..1).

        `more`: rise_s, hold_s, fall_s, label, kind, as endplate.sim.board takes them.
        """
        self.board.tell(prompt={"target": target, **more})

    def play(self, dofs: Sequence[str] | None, speed_per_s: float = 0.8, seed: int = 1) -> None:
        """The patient plays with a cursor of these DoF (user.py); None: follows prompts again."""
        game = None if dofs is None else {"dofs": [*dofs], "speed_per_s": speed_per_s, "seed": seed}
        self.board.tell(play=game)

    def show(self, target: Sequence[float] | None, radius: float = 0.0) -> None:
        """What one who plays has to reach, None: nothing."""
        self.board.tell(show={"target": None if target is None else [*target], "radius": radius})

    def look(self, cursor: Sequence[float]) -> None:
        """Where one who plays sees the cursor now."""
        self.board.tell(look=[*cursor])

    def fault(self, part: str = "board", **fault: Any) -> None:
        """Turns a knob of the `board` or of the `hand`: see endplate.sim.board and
        endplate.sim.hand."""
        {"board": self.board, "hand": self.hand}[part].tell(fault=fault)

    def truth(self) -> np.ndarray:
        """What the patient meant and when each sample was written, array of TRUTH."""
        return records(Path(self.board.ready["truth"]), TRUTH)

    def motion(self) -> np.ndarray:
        """What the joints did, array of MOTION."""
        return records(self.directory / "hand.bin", MOTION)
