# SPDX-License-Identifier: GPL-3.0-or-later
"""The board's stand-in as a process: a Cyton on a pty, a patient behind its electrodes.

    python -m endplate.sim.board --board cyton --patient tmr-transhumeral --seed 1 --directory DIR

The first line on stdout is {"port": ..., "truth": ...}. Requests are JSON lines on stdin:
{"prompt": {...}}, {"fault": {...}}, {"quit": true}, and for a patient who plays with a cursor
{"play": {...}}, {"show": {...}}, {"look": [...]}. The stream is paced by an absolute clock, one
packet per write. The patient runs 40-60 ms ahead in a process of their own, which is also how long
a prompt waits before its first sample leaves.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import select
import signal
import stat
import sys
import time
from collections import deque
from pathlib import Path

import numpy as np

from endplate.errors import BoardError, EndplateError
from endplate.sim import scheduling
from endplate.sim.board_faults import Faults
from endplate.sim.cyton import PACKET_HZ, Cyton
from endplate.sim.dongle import Dongle
from endplate.sim.generator import Generator
from endplate.sim.knobs import parsed
from endplate.sim.patient import STEPS, Patient
from endplate.sim.playback import Recording
from endplate.sim.presets import DEFAULT
from endplate.sim.prompts import Prompt
from endplate.sim.truth import TruthLog

PERIOD_NS = 1_000_000_000 // PACKET_HZ
TOO_LATE_NS = (
    500_000_000  # a packet later than this (the process was stopped) is lost, not sent in a burst
)
LEAD_SAMPLES = 10  # with no more than these in store or asked for, another block is asked for
FLUSH_NS = 100_000_000
IDLE_S = 0.05


class Board:
    """Cyton, dongle and patient, and the loop that runs them."""

    def __init__(
        self, cyton: Cyton, source: Patient | Recording, directory: Path, seed: int = 1
    ) -> None:
        self.cyton = cyton
        self.source = Generator(source)
        self.dongle = Dongle(directory / "board")
        self.truth = TruthLog(directory / "truth.bin")
        self.faults = Faults(np.random.default_rng([seed, 0xFA017]))
        self.lost = 0
        self._prompts = (directory / "prompts.jsonl").open("w", buffering=1)
        self._store: deque[tuple[np.ndarray, np.ndarray]] = deque()
        self._made = 0  # converted samples so far
        self._last_uv: np.ndarray | None = None
        self._start_ns = 0
        self._flushed_ns = 0
        self._requests = b""
        self.running = True

    # ---- samples ----

    def _convert(self) -> None:
        """A block that the patient has made, into the store."""
        chunk = self.source.take()
        if chunk is None:
            if self.source.ended:
                print("no more samples: the source has ended", file=sys.stderr, flush=True)
            return
        uv, intent = chunk.uv, chunk.intent
        if self.cyton.daisy:
            if not self.source.is_patient:
                uv, intent = np.repeat(uv, 2, axis=0), np.repeat(intent, 2, axis=0)
            else:  # with a Daisy the firmware sends the mean of two conversions
                before = uv[:1] if self._last_uv is None else self._last_uv
                self._last_uv = uv[-1:].copy()
                uv = 0.5 * (uv + np.concatenate([before, uv[:-1]]))
        wide = np.zeros((len(uv), self.cyton.channels))  # channels without a site are shorted
        width = min(self.cyton.channels, uv.shape[1])
        wide[:, :width] = uv[:, :width]
        counts = self.cyton.counts(wide, self._made)
        self._made += len(counts)
        self._store.extend(zip(counts, intent, strict=True))

    def _due_ns(self) -> int:
        due = self._start_ns + (self.cyton.number + 1) * PERIOD_NS
        return due + self.faults.delay_ns(due)

    def _send(self) -> None:
        """The packet that is due: out, or lost."""
        late = time.monotonic_ns() - self._due_ns() > TOO_LATE_NS
        number = self.cyton.number
        counts, intent = self._store.popleft()
        packet = self.cyton.packet(counts)
        sent = not late and self.faults.passes(time.monotonic_ns())
        if sent:
            noise = self.faults.garbage()
            if noise:
                self.dongle.write(noise)
            sent = self.dongle.write(packet)
        now = time.monotonic_ns()
        self.lost += not sent
        if self.cyton.daisy:
            if number % 2:  # the row leaves the driver with its odd packet
                self.truth.add(number // 2, now if sent else 0, intent)
        else:
            self.truth.add(number, now if sent else 0, intent)

    # ---- the host ----

    def _listen(self) -> None:
        data = self.dongle.read()
        if not data or self.faults.silent:
            return
        streaming = self.cyton.streaming
        answer = self.cyton.hear(data)
        if self.cyton.streaming and not (streaming and self.cyton.number):
            self._start_ns = time.monotonic_ns()
        if answer:
            self.dongle.write(answer)

    # ---- requests ----

    def _read_requests(self) -> None:
        data = os.read(0, 65536)
        if not data:  # whoever started us is gone
            self.running = False
        *lines, self._requests = (self._requests + data).split(b"\n")
        for line in lines:
            try:
                self._obey(json.loads(line))
            except (ValueError, TypeError, AttributeError, KeyError) as error:
                print(
                    f"request {line[:200]!r} not understood: {error}", file=sys.stderr, flush=True
                )

    def _obey(self, request: dict) -> None:
        if request.get("quit"):
            self.running = False
        if "prompt" in request:
            prompt = Prompt.from_request(request["prompt"])
            if self.source.is_patient:
                self.source.tell(prompt=request["prompt"])
                ahead = len(self._store) + STEPS * self.source.outstanding
                first = ahead + (self.cyton.number if self.cyton.streaming else 0)
                note = {"sample": first // (2 if self.cyton.daisy else 1), "label": prompt.label}
                self._prompts.write(json.dumps(note | {"target": prompt.target}) + "\n")
        for key in ("play", "show", "look"):
            if key in request and self.source.is_patient:
                self.source.tell(**{key: request[key]})
        if "fault" in request:
            self.faults.turn(request["fault"], self)

    # ---- the loop ----

    def run(self) -> None:
        """Until asked to end."""
        watch_stdin = _has_owner()
        while self.running:
            now = time.monotonic_ns()
            if self.faults.replug_due(now):
                self.dongle.plug()
            ahead = len(self._store) + STEPS * self.source.outstanding
            if ahead <= LEAD_SAMPLES and not self.source.ended:
                self.source.ask()
            wait_s = IDLE_S
            if self.cyton.streaming and self._store:
                wait_s = (self._due_ns() - now) / 1e9
                if wait_s <= 0:
                    self._send()
                    continue
            if now - self._flushed_ns > FLUSH_NS:
                self.truth.flush()
                self._flushed_ns = now
            watched: list = [] if self.source.ended else [self.source]
            if self.dongle.plugged:
                watched.append(self.dongle)
            if self.dongle.hosts.fileno() >= 0:
                watched.append(self.dongle.hosts)
            if watch_stdin:
                watched.append(0)
            ready, _, _ = select.select(watched, [], [], min(wait_s, IDLE_S))
            if self.dongle.hosts in ready:
                self.dongle.notice()
            if self.source in ready:
                self._convert()
            if 0 in ready:
                self._read_requests()
            if self.dongle in ready:
                self._listen()

    def close(self) -> None:
        """Ends the files and takes the port away."""
        self.source.close()
        self.truth.close()
        self._prompts.close()
        self.dongle.close()


def _turn(board: Board, item: str) -> None:
    """Turns NAME=VALUE. Raises BoardError."""
    try:
        name, value = parsed(item)
        board.faults.turn({name: value}, board)
    except ValueError as error:
        raise BoardError(f"--knob {item}: {error}") from None


def _has_owner() -> bool:
    """Whether somebody can write to our stdin (a pipe, a socket, a terminal; not /dev/null)."""
    try:
        mode = os.fstat(0).st_mode
    except OSError:
        return False
    return stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode) or os.isatty(0)


def main(arguments: list[str] | None = None) -> int:
    """Runs the process; returns its exit status."""
    parser = argparse.ArgumentParser(prog="endplate.sim.board", description=__doc__.splitlines()[0])
    parser.add_argument("--board", choices=("cyton", "daisy"), default="cyton")
    parser.add_argument("--patient", default=DEFAULT)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--mains", type=float, default=50.0, help="mains frequency, Hz")
    parser.add_argument(
        "--knob", action="append", default=[], metavar="NAME=VALUE",
        help="of the person, from the start (knobs.py); may be repeated",
    )  # fmt: skip
    parser.add_argument("--directory", type=Path, required=True)
    parser.add_argument(
        "--play", type=Path, help=".npz with uv [n, channels] and rate_hz, instead of a patient"
    )
    parser.add_argument(
        "--loop", action="store_true", help="start the recording again when it has ended"
    )
    asked = parser.parse_args(arguments)
    try:
        asked.directory.mkdir(parents=True, exist_ok=True)
        cyton = Cyton(asked.board == "daisy")
        source: Patient | Recording
        if asked.play is not None:
            source = Recording(asked.play, PACKET_HZ / (2 if cyton.daisy else 1), asked.loop)
        else:
            source = Patient(asked.patient, asked.seed, asked.mains)
        board = Board(cyton, source, asked.directory, asked.seed)
        for item in asked.knob:
            _turn(board, item)
    except EndplateError as error:
        print(json.dumps({"error": str(error)}), flush=True)
        return 2

    def end(*_: object) -> None:
        board.running = False

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    ready = {"port": str(board.dongle.link), "truth": str(board.truth.path), "simulated": True}
    print(json.dumps(ready), flush=True)
    scheduling.come_first(scheduling.BOARD)
    gc.collect()
    gc.freeze()
    gc.disable()
    try:
        board.run()
    finally:
        board.close()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
