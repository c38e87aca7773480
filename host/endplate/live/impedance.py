# SPDX-License-Identifier: GPL-3.0-or-later
"""Contact of each electrode by the Cyton's lead-off current: 6 nA at 31.2 Hz, one site at a time.

The board obeys while it streams (docs.openbci.com, "Cyton Board SDK"):

    x CHANNEL 0 6 0 1 0 0 X   power on, gain 24, normal input, in the bias, SRB2 and SRB1 off
    z CHANNEL P N Z           current into the P electrode, out of the N electrode: 1 on, 0 off
    d                         all channels as they were built

The current is off again whatever ends this. A board that was unplugged meanwhile, or whose computer
died, keeps it until its next session, which resets the board first, or until it is switched off.
"""

from __future__ import annotations

import math
import signal
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np

from endplate.core_meter import Meter
from endplate.errors import BoardError
from endplate.live.board import BoardSource, open_board
from endplate.live.boards import board_id
from endplate.live.meters import settings
from endplate.live.source import SourceInfo

BOARDS = (0, 2)  # Cyton and Cyton with Daisy, by their dongle
LETTERS = "12345678QWERTYUI"
ELECTRODES = ("P", "N")
WATCH_S = 1.6  # 0.4 s settle in the meter
SETTLED_S = 0.8
SILENT_S = 1.5  # without a sample, from the beginning on; the source opens it anew after 2
TREND_S, LEAST_TREND_S = 60.0, 12.0  # what a trend is taken from
STEADY_PERCENT = 5.0  # a minute; less is no change
LEAVE_S = 0.15  # for the last commands to leave the port


@dataclass
class Contact:
    """One site: `ohm` per electrode ("P", "N"); infinite where the input is at its end."""

    label: str
    channel: int
    ohm: dict[str, float] = field(default_factory=dict)

    @property
    def worst_ohm(self) -> float:
        """The larger of both."""
        return max(self.ohm.values(), default=math.nan)


def switch(channel: int, electrode: str | None) -> str:
    """Command for the current of a channel (from 1): through "P" or "N", None: off."""
    on = "".join(str(int(electrode == name)) for name in ELECTRODES)
    return f"z{LETTERS[channel - 1]}{on}Z"


def prepare(channel: int) -> str:
    """Command that makes a channel (from 1) hear its own pair and nothing else."""
    return f"x{LETTERS[channel - 1]}060100X"


def switch_off(source: BoardSource, channels: Iterable[int], *then: str) -> bool:
    """No current flows any more, as far as the board hears it; False when it is gone: its next
    session resets it. `then` is told after the channels are as they were built."""
    try:
        for command in (*(switch(channel, None) for channel in channels), "d", *then):
            source.tell(command)
    except BoardError:
        return False
    return True


class AtItsEnd:
    """Which inputs are open: at the end of the amplifier for most of what was counted."""

    def __init__(self, info: SourceInfo) -> None:
        self._info, self._all, self._at_end = info, 0, np.zeros(info.channels, int)

    def count(self, counts: np.ndarray) -> None:
        """A block of settled samples, int32 [n, channels]."""
        uv = np.abs(counts * self._info.uv_per_count)
        self._all += len(counts)
        self._at_end += np.count_nonzero(uv > 0.98 * self._info.full_scale_uv, axis=0)

    def ohm(self, channel: int, measured_ohm: float) -> float:
        """What was measured of a channel (from 1), or infinite."""
        return math.inf if 2 * self._at_end[channel - 1] > self._all else float(measured_ohm)


class Settling:
    """Rounds of contacts over minutes: an electrode settles while its impedance falls."""

    def __init__(self) -> None:
        self._past: dict[tuple[int, str], list[tuple[float, float]]] = {}

    def add(self, t_s: float, contacts: Sequence[Contact]) -> None:
        """One round, measured at `t_s`."""
        for contact in contacts:
            for electrode, ohm in contact.ohm.items():
                past = self._past.setdefault((contact.channel, electrode), [])
                past[:] = [then for then in past if t_s - then[0] <= TREND_S]
                if math.isfinite(ohm) and ohm > 0:
                    past.append((t_s, math.log(ohm)))
                else:
                    past.clear()

    def percent_a_minute(self, contact: Contact) -> float | None:
        """Change of the electrode of a site that changes most; None before LEAST_TREND_S of it."""
        found = []
        for electrode in contact.ohm:
            past = np.array(self._past.get((contact.channel, electrode), []))
            if len(past) >= 3 and past[-1, 0] - past[0, 0] >= LEAST_TREND_S:
                slope = np.polyfit(past[:, 0] - past[0, 0], past[:, 1], 1)[0]
                found.append(100.0 * math.expm1(60.0 * float(slope)))
        return max(found, key=abs, default=None)


class ImpedanceCheck:
    """An open Cyton whose electrodes are measured; made by `opened`."""

    def __init__(self, source: BoardSource) -> None:
        self.source = source
        self._used: set[int] = set()
        self._seen_ns = time.monotonic_ns()

    def measure(
        self, sites: Sequence[tuple[str, int]], together: bool = False,
        told: Callable[[str], None] = lambda sentence: None,
    ) -> list[Contact]:  # fmt: skip
        """Measures (label, channel) in turn, or all at once; both electrodes of each.

        Raises BoardError when the samples stop.
        """
        contacts = [Contact(label, channel) for label, channel in sites]
        for group in [contacts] if together else [[contact] for contact in contacts]:
            for electrode in ELECTRODES:
                told(f"{', '.join(one.label for one in group)}: electrode {electrode}")
                self._electrode(group, electrode)
        return contacts

    def _electrode(self, group: Sequence[Contact], electrode: str) -> None:
        info = self.source.info
        for one in group:
            fresh = "" if one.channel in self._used else prepare(one.channel)
            self._used.add(one.channel)
            self.source.tell(fresh + switch(one.channel, electrode))
        meter = Meter(settings(info.rate_hz, info.channels, info.uv_per_count))
        injecting = sum(1 << (one.channel - 1) for one in group)
        taken, ends = 0, AtItsEnd(info)
        while taken < WATCH_S * info.rate_hz:
            block = self.source.poll()
            if block is None:
                self._watch()
                time.sleep(0.002)
                continue
            self._seen_ns = time.monotonic_ns()
            taken += len(block.counts)
            meter.process(block.counts, np.zeros(block.counts.shape, np.float32), 0, injecting)
            if taken > SETTLED_S * info.rate_hz:  # switching the current makes a step of its own
                ends.count(block.counts)
        for one in group:
            self.source.tell(switch(one.channel, None))
            ohm = meter.values["impedance_ohm"][one.channel - 1]
            one.ohm[electrode] = ends.ohm(one.channel, ohm)

    def _watch(self) -> None:
        silent_s = (time.monotonic_ns() - self._seen_ns) / 1e9
        if self.source.health == "lost" or silent_s > SILENT_S:
            raise BoardError(
                f"{self.source.sentence} The contacts were not all measured: measure again."
            )

    def off(self) -> None:
        """No current flows any more, as far as the board hears it."""
        if switch_off(self.source, sorted(self._used)):
            time.sleep(LEAVE_S)


@contextmanager
def opened(board: str | int, port: str, **params: str) -> Iterator[ImpedanceCheck]:
    """Opens a Cyton for measuring, and switches its current off at the end. Raises BoardError."""
    if board_id(board) not in BOARDS:
        raise BoardError(
            f"The board {board} has no lead-off current that Endplate can switch: measure "
            "with a Cyton at its dongle, or leave this out."
        )
    source = open_board(board, port, **params)
    assert isinstance(source, BoardSource)
    source.start()
    check = ImpedanceCheck(source)
    try:
        yield check
    finally:
        with _undisturbed():
            check.off()
            source.stop()


@contextmanager
def _undisturbed() -> Iterator[None]:
    """No second Ctrl-C comes between."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = [signal.signal(number, signal.SIG_IGN) for number in numbers]
    try:
        yield
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)
