# SPDX-License-Identifier: GPL-3.0-or-later
"""What can go wrong between the skin and the serial port, as knobs of the simulated board.

drop p          each packet is lost with probability p (0 ends it)
stall_s x       no packet for x seconds; they are lost, the counter goes on
silent bool     the radio is gone: no packet, no answer
unplug_s x      the port vanishes and comes back under its name after x seconds, not streaming
garbage p       random bytes before a packet with probability p (0 ends it)
lift n, rail n  board channel n (1-based) loses its skin contact, or sits at full scale
restore n       the opposite of both, 0 for all channels
lump_ms x       packets leave together every x ms, as behind an adapter's latency timer (0 ends it)

and every knob of the person and their electrodes by its name (knobs.py): fatigue, shift_mm, sweat,
posture, dry, heart_uv, bursts_per_min, mains_uv, ...
"""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING, Any

import numpy as np

from endplate.sim.cyton import SKIN_OHM
from endplate.sim.electrodes import impedance_share
from endplate.sim.knobs import KNOBS, checked

if TYPE_CHECKING:
    from endplate.sim.board import Board
    from endplate.sim.generator import Generator

LIFTED_OHM = 2e6


class Faults:
    """The state of all knobs."""

    def __init__(self, rng: np.random.Generator) -> None:
        self._rng = rng
        self.drop = 0.0
        self.garbage_share = 0.0
        self.silent = False
        self.lump_ns = 0
        self._stalled_until_ns = 0
        self._replug_ns: int | None = None
        self._skin: dict[str, float] = {}  # the person's knobs that were turned

    def turn(self, request: dict[str, Any], board: Board) -> None:
        """Turns the knobs that `request` names.

        Raises ValueError for an unknown one or a bad value.
        """
        for knob, value in request.items():
            if knob in KNOBS:
                self._turn_person(knob, checked(knob, value), board)
                continue
            turn = getattr(self, f"_turn_{knob}", None)
            if turn is None:
                raise ValueError(f"there is no fault {knob!r}")
            if value is None or not math.isfinite(value) or value < 0:
                raise ValueError(f"fault {knob} needs a number of 0 or more, not {value!r}")
            turn(value, board)

    def _turn_drop(self, share: float, board: Board) -> None:
        self.drop = float(share)

    def _turn_garbage(self, share: float, board: Board) -> None:
        self.garbage_share = float(share)

    def _turn_silent(self, silent: bool, board: Board) -> None:
        self.silent = bool(silent)

    def _turn_stall_s(self, seconds: float, board: Board) -> None:
        self._stalled_until_ns = time.monotonic_ns() + int(seconds * 1e9)

    def _turn_unplug_s(self, seconds: float, board: Board) -> None:
        board.cyton.streaming = False
        board.dongle.unplug()
        self._replug_ns = time.monotonic_ns() + int(seconds * 1e9)

    def _turn_lump_ms(self, milliseconds: float, board: Board) -> None:
        self.lump_ns = int(milliseconds * 1e6)

    def _turn_person(self, knob: str, value: float, board: Board) -> None:
        patient = self._patient(board)
        patient.tell(knob=knob, value=value)
        self._skin[knob] = value
        here = board.cyton.impedance_ohm[: patient.sites]
        here[here < LIFTED_OHM] = self._skin_ohm()

    def _skin_ohm(self) -> float:
        """Impedance of a pair that holds."""
        skin = self._skin
        return SKIN_OHM * impedance_share(skin.get("sweat", 0.0), skin.get("dry", 0.0))

    def _turn_lift(self, channel: int, board: Board) -> None:
        patient = self._patient(board)
        site = _index(channel, patient.sites)
        patient.tell(lift=site + 1)
        board.cyton.impedance_ohm[site] = LIFTED_OHM

    def _turn_rail(self, channel: int, board: Board) -> None:
        board.cyton.rail[_index(channel, board.cyton.channels)] = True

    def _turn_restore(self, channel: int, board: Board) -> None:
        which = slice(None) if channel == 0 else _index(channel, board.cyton.channels)
        board.cyton.rail[which] = False
        board.cyton.impedance_ohm[which] = self._skin_ohm()
        if board.source.is_patient and channel <= board.source.sites:
            board.source.tell(restore=int(channel))

    def _patient(self, board: Board) -> Generator:
        if not board.source.is_patient:
            raise ValueError("a recording is played, it has no electrodes to disturb")
        return board.source

    # ---- what the loop asks ----

    def passes(self, now_ns: int) -> bool:
        """Whether the radio brings this packet across."""
        if self.silent or now_ns < self._stalled_until_ns:
            return False
        return not (self.drop and self._rng.random() < self.drop)

    def garbage(self) -> bytes:
        """Random bytes to send before this packet, mostly none."""
        if not self.garbage_share or self._rng.random() >= self.garbage_share:
            return b""
        return self._rng.bytes(int(self._rng.integers(1, 40)))

    def delay_ns(self, due_ns: int) -> int:
        """How much later than due a packet leaves."""
        return -due_ns % self.lump_ns if self.lump_ns else 0

    def replug_due(self, now_ns: int) -> bool:
        """True once, when the unplugged port is to come back."""
        if self._replug_ns is None or now_ns < self._replug_ns:
            return False
        self._replug_ns = None
        return True


def _index(channel: int, channels: int) -> int:
    if channel != int(channel) or not 1 <= channel <= channels:
        raise ValueError(f"there is no channel {channel!r}; channels are 1 to {channels}")
    return int(channel) - 1
