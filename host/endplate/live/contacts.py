# SPDX-License-Identifier: GPL-3.0-or-later
"""Contact of every site while a session runs: the lead-off current through all of them at once.

    Control.run    -> Contacts.watch    one command to the board a millisecond; ends what must end
    Control._take  -> Contacts.take     counts the samples, reads the meters when they have settled

Asked for while the hand is disarmed, P electrodes first, then N. The current is EMG to a decoder:
while it flows `missing` says so of those sites, so their DoF are frozen, and a hand that is armed
meanwhile (by its own button) ends it. What was found goes to the site meters, with where it goes
from the third time on. The current is off whatever ends it, as in impedance.py.
"""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from endplate.errors import BoardError, HandError
from endplate.live.board import BoardSource
from endplate.live.boards import board_id
from endplate.live.impedance import (
    BOARDS,
    ELECTRODES,
    LEAVE_S,
    SETTLED_S,
    STEADY_PERCENT,
    WATCH_S,
    AtItsEnd,
    Contact,
    Settling,
    prepare,
    switch,
    switch_off,
)
from endplate.live.meters import trend_word

if TYPE_CHECKING:
    from endplate.live.control import Control

GAP_S = 0.3  # between two electrodes: the meter begins anew
SECONDS = 4  # all of it, as it is told


class Contacts:
    """Of one Control. `injecting` and `missing` have a bit per channel."""

    def __init__(self, control: Control) -> None:
        self._control = control
        self.injecting = self.missing = 0
        self.said: dict[str, Any] = {}  # {"sentence", "worst", "ohm"}: how the last one ended
        self._settling = Settling()
        self._to_send: deque[str] = deque()
        self._then: Callable[[], None] | None = None  # when all is sent
        self._contacts: list[Contact] = []
        self._left = 0  # samples of this part
        self._ends = AtItsEnd(control.source.info)

    @property
    def busy(self) -> bool:
        """Current flows, or has just flowed."""
        return self.missing != 0

    def marked(self, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """The meters' rows for the feed; those of sites whose contact is measured now say so."""
        if not self.busy:
            return rows
        return [
            row | {"measured_now": True} if self.missing >> i & 1 else row
            for i, row in enumerate(rows)
        ]

    def begin(self) -> None:
        """Begins measuring. Raises HandError or BoardError, and then nothing has begun."""
        control = self._control
        if board_id(control.settings.board) not in BOARDS:
            raise BoardError(
                f"The board {control.source.info.name} has no lead-off current that Endplate can "
                "switch: leave the contacts to the noise and the hum of each site."
            )
        if control.link is not None and control.link.armed:
            raise HandError("Contacts are measured while the hand is disarmed: disarm it first.")
        if control.source.health != "ok":
            raise BoardError(f"Contacts need samples to be measured: {control.source.sentence}")
        if self.busy:
            raise BoardError(f"The contacts are being measured: wait for {SECONDS} s.")
        there = control.source.info.channels
        sites = [(site.label, site.channel) for site in control.montage.sites]
        found = [Contact(*site) for site in sites if site[1] <= there]
        if not found:
            raise BoardError(
                f"None of the montage's sites is among the board's {there} channels: choose "
                "another montage or board."
            )
        self._contacts = found
        self.missing = sum(1 << (one.channel - 1) for one in self._contacts)
        self.said = {}
        control.mark("contacts: lead-off current on")
        self._to_send.extend(prepare(one.channel) for one in self._contacts)
        self._switch(self._next)

    @property
    def _next(self) -> str | None:
        """The electrode that is not measured yet; None: both are."""
        return next((name for name in ELECTRODES if name not in self._contacts[0].ohm), None)

    def _switch(self, electrode: str | None) -> None:
        """To this electrode of every site; None: off."""
        self._to_send.extend(switch(one.channel, electrode) for one in self._contacts)
        self._then = self._flows if electrode else self._rests

    def _flows(self) -> None:
        info = self._control.source.info
        self.injecting, self._left = self.missing, round(WATCH_S * info.rate_hz)
        self._ends = AtItsEnd(info)

    def _rests(self) -> None:
        self._left = round(GAP_S * self._control.source.info.rate_hz)

    # ---- every millisecond ----

    def watch(self) -> None:
        """Sends what is next; ends all when the hand is armed or the board is gone."""
        if not self.busy:
            return
        control = self._control
        if control.source.health != "ok" or (control.link is not None and control.link.armed):
            self._say("The contacts were not all measured: measure again.")
            return
        try:
            if self._to_send:
                self._tell(self._to_send.popleft())
            elif self._then is not None:
                begin, self._then = self._then, None
                begin()
        except BoardError as error:
            self._say(str(error))

    def take(self, counts: np.ndarray) -> None:
        """A block of the board's samples, int32 [n, channels], which the meters have taken."""
        if not self.busy or self._then is not None or self._to_send:
            return
        info = self._control.source.info
        self._left -= len(counts)
        if self.injecting:
            if self._left < (WATCH_S - SETTLED_S) * info.rate_hz:
                self._ends.count(counts)
            if self._left <= 0:
                self._read()
                self._switch(None)
        elif self._left <= 0:
            self._switch(self._next) if self._next else self._end()

    def _read(self) -> None:
        self.injecting = 0
        values, electrode = self._control.meters.meter.values["impedance_ohm"], self._next
        assert electrode is not None
        for one in self._contacts:
            one.ohm[electrode] = self._ends.ohm(one.channel, values[one.channel - 1])

    def _end(self) -> None:
        control = self._control
        self._settling.add(time.monotonic(), self._contacts)
        for one in self._contacts:
            percent = self._settling.percent_a_minute(one)
            goes = trend_word(math.nan if percent is None else percent, STEADY_PERCENT)
            control.meters.contact(one.channel - 1, one.worst_ohm, goes)
        worst = max(self._contacts, key=lambda one: one.worst_ohm)
        self._say("The contacts are measured.", worst=worst.label, ohm=worst.worst_ohm)

    def _say(self, sentence: str, **found: Any) -> None:
        """Ends it."""
        self.off()
        self.said = {"sentence": sentence, **found}
        self._control.note(sentence)

    # ---- the end ----

    def _tell(self, commands: str) -> None:
        source = self._control.source
        assert isinstance(source, BoardSource)
        source.tell(commands)

    def off(self) -> None:
        """No current flows any more, as far as the board hears it."""
        if not self.busy:
            return
        self._to_send.clear()
        self._then, self.injecting, self.missing = None, 0, 0
        self._control.mark("contacts: lead-off current off")
        source = self._control.source
        assert isinstance(source, BoardSource)
        switch_off(source, [one.channel for one in self._contacts], *source.commands)

    def close(self) -> None:
        """At the end of the session."""
        if self.busy:
            self.off()
            time.sleep(LEAVE_S)
