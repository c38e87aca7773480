# SPDX-License-Identifier: GPL-3.0-or-later
"""The hand under test: sessions, the hand's clock, arming and commands, each at the request of a
requirement."""

from __future__ import annotations

import secrets
import time
from functools import partial
from typing import Any

from endplate import core
from endplate.conformance.line import ANSWER_S, Heard, Line, apart_ms, now_us
from endplate.conformance.verdict import NotMeasurableError
from endplate.errors import HandError
from endplate.hardware import Hand
from endplate.live import hand_words
from endplate.live.hand_clock import HandClock

GUARD = {name: number for number, name in core.GUARD_STATES.items()}
LIMIT = {name: number for number, name in core.GUARD_LIMITS.items()}
DRIVE = 0.2  # of full velocity: the only speed at which the kit moves a hand
DRIVE_S = 0.25  # and for how long at a time
HOP_S = 0.02
_HELLO_S = 0.2
_FIRST_S = 2.0
_START_S = 6.0  # a self-test may last so long
_EXCHANGES = 5


class HandStoppedError(HandError):
    """The hand is in FAULT or in e-stop: it can be neither armed nor judged."""


def _tells_time(asked_us: int, one: Heard) -> bool:
    return one.frame.msg == "TIME" and one.fields["host_us"] == asked_us


class Subject(Line):
    """`begin()` opens a fresh, disarmed session; `activate()` leads on to ACTIVE."""

    def __init__(self, port: str, baud: int) -> None:
        super().__init__(port, baud)
        self.clock = HandClock()
        self.info: dict[str, Any] = {}  # of the newest HELLO_ACK
        self.hand: Hand | None = None  # its hand file, when it is known here
        self.patient = False  # whether what takes half a minute is waited for
        self.sample = 0
        self.hello_ns = 0  # when the HELLO that was answered left
        self.memory: dict[str, Any] = {}  # what a requirement learnt for those after it
        self.turn = 0  # counts the tries of requirements
        self._tally: tuple[int, dict[str, int]] = (-1, {})

    def wait_state(self, name: str, seconds: float = ANSWER_S) -> Heard | None:
        """The first STATE in this state of the guard."""
        return self.wait(
            lambda h: h.frame.msg == "STATE" and h.fields["state"] == GUARD[name], seconds
        )

    # ---- sessions ----

    def hello(self, *, new: bool = True, seconds: float = ANSWER_S, **fields: int) -> Heard:
        """HELLO, repeated every 200 ms until it is answered. HandError when it is not."""
        if new:
            before = self.session
            while self.session in (0, before):
                self.session = secrets.randbelow(0xFFFF) + 1
        said = {"schema_hash": core.SCHEMA_HASH, "hand_hash": 0} | fields
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.hello_ns = self.send("HELLO", {**said, "host_us": now_us()})
            answer = self.wait(self._greets, _HELLO_S, beat=False)
            if answer is not None:
                if self.info.get("boot_id") != answer.fields["boot_id"]:
                    self.clock.reset()
                self.info = answer.fields
                return answer
        raise HandError(hand_words.no_answer(self.port.name, self.port.baud, self.refusals))

    def _greets(self, one: Heard) -> bool:
        return one.frame.msg == "HELLO_ACK" and one.frame.session in (0, self.session)

    def _acknowledges(self, one: Heard) -> bool:
        """A STATE that answers the newest frame."""
        frame = one.frame
        return frame.msg == "STATE" and (frame.session, frame.ack) == (self.session, self.seq)

    def compare_clocks(self) -> None:
        """A few TIME exchanges."""
        for _ in range(_EXCHANGES):
            asked = now_us()
            sent = self.send("TIME", {"host_us": asked})
            answer = self.wait(partial(_tells_time, asked), 0.5)
            if answer is not None:
                told = answer.fields
                self.clock.add(sent, told["hand_rx_us"], told["hand_tx_us"], answer.ns)
        if not self.clock.synchronised:
            raise NotMeasurableError("the hand answers TIME too seldom to compare the clocks")

    def read_ms(self, began_ns: int) -> float:
        """When the hand had read all that was sent until now, counted from `began_ns`."""
        asked = now_us()
        self.send("TIME", {"host_us": asked})
        answer = self.wait(partial(_tells_time, asked), beat=False)
        if answer is None:
            raise NotMeasurableError("TIME is not answered")
        return apart_ms(answer.fields["hand_rx_us"], self.hand_us(began_ns))

    def begin(self) -> None:
        """A fresh session, clocks compared, disarmed. HandError when the hand cannot be tested."""
        self.heard.clear()
        if self.hello(seconds=_FIRST_S).fields["accepted"] != 1:
            if self.info["schema_hash"] != core.SCHEMA_HASH:
                raise HandError(hand_words.other_schema(hand_words.hello(self.info)))
            raise HandError(
                f"The hand on {self.port.name} refuses the session: switch it off and on."
            )
        self.compare_clocks()
        self.disarm()

    def disarm(self) -> None:
        """DISARM until a STATE says disarmed. HandStoppedError for a hand in FAULT or e-stop."""
        for _ in range(int(_START_S / 0.1)):
            self.send("DISARM", {"reason": 0})
            state = self.wait(lambda h: h.frame.msg == "STATE", 0.1)
            if state is None:
                continue
            number, faults = state.fields["state"], state.fields["faults"]
            if number == GUARD["disarmed"] or self.wait_state("disarmed", 0.1):
                return
            if number == GUARD["fault"] and not faults & core.lib.GUARD_FAULT_STOPS:
                self.send("CLEAR_FAULT", {"reason": 0})  # it is over
            elif number in (GUARD["fault"], GUARD["estop"]):
                raise HandStoppedError(
                    hand_words.fault(hand_words.state(state.fields, self.info))
                    or f"The hand on {self.port.name} is in emergency stop: switch it off and on, "
                    "then verify it again."
                )
        raise HandError(
            f"The hand on {self.port.name} does not disarm: switch it off, and do not use it."
        )

    def leave_disarmed(self) -> None:
        """The last words to a hand, whatever became of the session. Never raises."""
        try:
            for _ in range(3 if self.info else 0):  # to one that never answered there is no word
                if self.hello(seconds=1.0).fields["accepted"] == 1:
                    self.send("DISARM", {"reason": 0})
                    state = self.wait(self._acknowledges, 0.3)
                    if state is not None and hand_words.obeyed("DISARM", state.fields["state"]):
                        break
        except HandError:
            pass  # it is gone, or was never there; it stops by itself
        self.port.close()

    # ---- arming and commands ----

    def arm(self, boot_id: int | None = None, schema_hash: int = core.SCHEMA_HASH) -> int:
        """Sends ARM; returns its time."""
        boot = self.info["boot_id"] if boot_id is None else boot_id
        return self.send("ARM", {"schema_hash": schema_hash, "boot_id": boot})

    def hand_us(self, host_ns: int) -> int:
        """A time of the host on the hand's clock."""
        return self.clock.to_hand_us(host_ns)

    def error_ms(self) -> float:
        """How far off `hand_us` may be now."""
        return self.clock.error_at(time.monotonic_ns()) / 1e6

    def command_fields(self, target: float, /, *, age_ms: float = 5.0, **fields: Any) -> dict:
        """A COMMAND for the hand's own DoF with the next sample number."""
        self.sample += 5
        taken = self.hand_us(time.monotonic_ns() - round(age_ms * 1e6))
        return {
            "mode": 1,
            "valid_ms": 50,
            "emg_us": taken,
            "sample": self.sample,
            "target": [round(core.TARGET_UNIT * target)] + [0] * (core.MAX_DOF - 1),
            "force_cap": [255] * core.MAX_DOF,
        } | fields

    def command(self, target: float, /, **fields: Any) -> int:
        """Sends one COMMAND; returns its time."""
        return self.send("COMMAND", self.command_fields(target, **fields))

    def command_as(self, session: int, target: float, **fields: Any) -> int:
        """The same under another session's number."""
        return self.send("COMMAND", self.command_fields(target, **fields), session=session)

    def drive(self, target: float, seconds: float, /, **fields: Any) -> tuple[int, list[Heard]]:
        """Commands at 50 Hz; when the last one left, and what came."""
        got: list[Heard] = []
        end, sent = time.monotonic() + seconds, 0
        while (start := time.monotonic()) < end:
            sent = self.command(target, **fields)
            while time.monotonic() < start + HOP_S:
                got += self._read()
                time.sleep(0.001)
        return sent, got

    def drive_until(
        self, name: str, target: float, seconds: float = 1.5, **fields: Any
    ) -> bool:
        """Commands until a STATE says so."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            for one in self.drive(target, HOP_S, **fields)[1]:
                if one.frame.msg == "STATE" and one.fields["state"] == GUARD[name]:
                    return True
        return False

    def activate(self) -> None:
        """From anywhere to ACTIVE in a fresh session."""
        self.begin()
        self.arm()
        if not self.wait_state("armed", 1.0) or not self.drive_until("active", 0.0):
            raise NotMeasurableError("the hand does not become active after ARM and neutral")

    def counters(self) -> dict[str, int]:
        """What the hand has counted until now. A HELLO of the same session is the quickest way to a
        LINK_STATS; it disarms."""
        self.hello(new=False)
        stats = self.wait(lambda h: h.frame.msg == "LINK_STATS")
        if stats is None:
            raise NotMeasurableError("no LINK_STATS comes")
        self._tally = (self.turn, stats.fields["rx"])
        return stats.fields["rx"]

    def baseline(self) -> dict[str, int]:
        """As counters(); those with which the requirement before ended will do, once."""
        taken, counted = self._tally
        if taken < self.turn - 1:
            self.begin()
            counted = self.counters()
        self._tally = (-1, {})  # what comes now may be refused
        return counted
