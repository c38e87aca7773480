# SPDX-License-Identifier: GPL-3.0-or-later
"""The link to the hand: session, clock, requests, commands. Polled by the loop, never waits.

    closed --port opens--> hello --HELLO_ACK--> up --silence, reboot--> hello
                           hello --other schema or hand file--> refused --every second--> hello

There is no thread and no re-sending of commands: a COMMAND leaves when `command` is called with EMG
younger than 150 ms, or never. What is repeated until the hand confirms it, for a second at most,
are requests (ARM, DISARM, RELEASE, ...). A new session, a silent or a restarted hand means disarmed
until `arm` is called again.
"""

from __future__ import annotations

import secrets
import time
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from endplate import core
from endplate.errors import HandError
from endplate.live import hand_words
from endplate.live.hand_clock import HandClock
from endplate.live.hand_log import HandLog
from endplate.live.hand_port import HandPort, PortGoneError
from endplate.live.hand_questions import ANSWERS, HandQuestions
from endplate.live.hand_request import Done, HandRequest
from endplate.live.hand_words import DRIVING

MS = 1_000_000
EMG_AGE_MAX_NS = 150 * MS  # DESIGN section 5: the hand refuses older ones, so they are not sent
STATE_AGE_MAX_NS = 400 * MS  # a hand not heard of for longer gets no commands
SILENCE_NS = 500 * MS
_HELLO_NS = 200 * MS
_REFUSED_NS = 1000 * MS
_REOPEN_NS = 500 * MS
_HEARTBEAT_NS = 200 * MS
_TIME_FIRST_NS, _TIME_FAST_NS, _TIME_SLOW_NS = 50 * MS, 200 * MS, 1000 * MS
_TIME_FAST = 10  # exchanges before the slow rate
_OWN_STALL_NS = 250 * MS  # the loop itself slept: the hand's silence is judged anew

#: Reasons of wire_reason.
USER, SHUTDOWN, FAULT_SEEN = 0, 1, 2

_COUNTERS = (
    "tx_frames", "tx_dropped", "commands", "states", "reboots",
    "not_armed", "not_synchronised", "emg_too_old", "hand_silent", "line_full",
)  # fmt: skip


class HandLink:
    """One hand on one port. `sentence` says how it stands; `phase` is in the table above."""

    def __init__(self, port: str, baud: int = 1_000_000, hand_hash: int = 0) -> None:
        self.port = HandPort(port, baud)
        self.hand_hash = hand_hash
        self.phase = "closed"
        self.sentence = f"The hand on {port} is not connected yet."
        self.clock = HandClock()
        self.info: dict[str, Any] = {}  # of HELLO_ACK
        self.state: dict[str, Any] = {}  # the newest STATE, in words and units: hand_words.state
        self.full: dict[str, Any] = {}
        self.touch: dict[str, Any] = {}  # the newest TOUCH: hand_words.touch
        self.stats: dict[str, Any] = {}
        #: (sample, host ns at which its goals went to the motors, error ns), for whoever drains it.
        self.applied: deque[tuple[int, int, int]] = deque(maxlen=256)
        self.counters = dict.fromkeys(_COUNTERS, 0)
        self.decoded: deque[dict[str, Any]] = deque(maxlen=64)  # DECODED, for whoever drains it
        self._decoder = core.FrameDecoder()
        self._session, self._seq, self._last_applied = 0, 0, 0
        self._heard_seq: int | None = None
        self._boot_id: int | None = None
        self._armed_here = False
        self._request, self.questions, self.log = HandRequest(), HandQuestions(), HandLog()
        self._asked_time: tuple[int, int] | None = None
        self._heard_ns = self._served_ns = self._state_ns = 0
        self._next_ns = dict.fromkeys(("open", "hello", "heartbeat", "time"), 0)

    # ---- what the loop calls ----

    def open(self, timeout_s: float = 3.0) -> None:
        """Opens the port and waits for the hand; the only call that waits. Raises HandError."""
        self.port.open()
        self._begin_hello(f"Waiting for the hand on {self.port.name}.")
        deadline = time.monotonic() + timeout_s
        while self.phase == "hello" and time.monotonic() < deadline:
            self.service()
            time.sleep(0.001)
        if self.phase != "up":
            sentence = self.sentence if self.phase != "hello" else self._no_answer()
            self.close()
            raise HandError(sentence)

    def service(self) -> None:
        """Reads what came, sends what is due; call it every millisecond, it takes microseconds."""
        now = time.monotonic_ns()
        if now - self._served_ns > _OWN_STALL_NS:
            self._heard_ns = max(self._heard_ns, now - _OWN_STALL_NS)
        self._served_ns = now
        try:
            if self.phase == "closed":
                self._reopen(now)
                return
            if data := self.port.read():
                now = time.monotonic_ns()
                for frame in self._decoder.feed(data):
                    self._take(frame, now)
            self._send_due(now)
        except PortGoneError as error:
            self._request.end_all(str(error))
            self.port.close()
            self._end_session("closed", str(error))
            self._next_ns["open"] = now + _REOPEN_NS

    def command(
        self, targets: Sequence[int], grip: int, frozen: int, emg_ns: int, sample: int,
        valid_ms: int = 50,
    ) -> int | None:  # fmt: skip
        """Sends one COMMAND; the monotonic ns when the port took it, None when it was not sent.

        `targets` int16 per DoF of the hand; `emg_ns` is when EMG sample number `sample`, the newest
        one behind them, was taken. `counters` tell why commands were not sent.
        """
        reason = self._why_not(emg_ns)
        if reason:
            self.counters[reason] += 1
            return None
        fields = {
            "mode": core.lib.WIRE_MODE_VELOCITY,
            "valid_ms": valid_ms,
            **{"grip": grip, "frozen": frozen & 0xFF},
            "emg_us": self.clock.to_hand_us(min(emg_ns, time.monotonic_ns())),
            "sample": sample & 0xFFFFFFFF,
            "target": [int(value) for value in targets],
            "force_cap": [255] * core.MAX_DOF,
        }
        try:
            if not self._send("COMMAND", fields):
                self.counters["line_full"] += 1
                return None
        except PortGoneError:
            return None  # the next service() finds it gone as well, and says so
        self.counters["commands"] += 1
        return time.monotonic_ns()

    def emg(self, fields: dict[str, Any]) -> bool:
        """Sends one EMG; False when the line is full. Raises PortGoneError."""
        return self.phase == "up" and self._send("EMG", fields)

    def _why_not(self, emg_ns: int) -> str:
        """The counter under which a command now is not sent; "" when it is."""
        if not self.armed:
            return "not_armed"
        if not self.clock.synchronised:
            return "not_synchronised"
        now = time.monotonic_ns()
        if now - self._state_ns > STATE_AGE_MAX_NS:
            return "hand_silent"
        return "emg_too_old" if not now - emg_ns <= EMG_AGE_MAX_NS else ""

    @property
    def armed(self) -> bool:
        """Whether the hand was armed by us in this session and still is."""
        return self.phase == "up" and self._armed_here and self.state.get("number") in DRIVING

    @property
    def at_rest(self) -> bool:
        """Whether the hand waits to be armed: its self-test is over and nothing is wrong."""
        return self.phase == "up" and self.state.get("number") == core.lib.GUARD_DISARMED

    @property
    def refused(self) -> dict[str, int]:
        """Frames of the hand that were refused here, by reason, without zeros."""
        counters = self._decoder.counters
        return {name: counters[name] for name in core.REFUSALS if counters[name]}

    # ---- requests; `done` is called from service() with None or the sentence why not ----

    def arm(self, done: Done | None = None) -> None:
        """Asks the hand to arm; it moves after one neutral command. HandError if not connected.

        A stop that the hand has not confirmed yet comes first; when that fails, so does this.
        """
        if self.phase != "up":
            raise HandError(self.sentence)
        self._ask("ARM", {"schema_hash": core.SCHEMA_HASH, "boot_id": self._boot_id or 0}, done)

    def disarm(self, done: Done | None = None, reason: int = USER) -> None:
        """The hand stops and holds. No command leaves from here on, whatever the hand answers."""
        self._armed_here = False
        self._ask("DISARM", {"reason": reason}, done)

    def release(self, done: Done | None = None, reason: int = USER) -> None:
        """The hand opens slowly, from nearly every state."""
        self._armed_here = False
        self._ask("RELEASE", {"reason": reason}, done)

    def estop(self, done: Done | None = None, reason: int = USER) -> None:
        """Drive off, until the hand's power is cut."""
        self._armed_here = False
        self._ask("ESTOP", {"reason": reason}, done)

    def clear_fault(self, done: Done | None = None) -> None:
        """Leaves FAULT if the fault is gone."""
        self._ask("CLEAR_FAULT", {"reason": USER}, done)

    def restart(self, done: Done | None = None) -> None:
        """The hand begins again; it does so only while it is disarmed or in fault."""
        self._ask("RESTART", {"boot_id": self._boot_id or 0}, done)

    def _ask(self, msg: str, fields: dict[str, Any], done: Done | None) -> None:
        if self.phase == "closed":
            raise HandError(self.sentence)
        now = time.monotonic_ns()
        self._request.begin(msg, fields, self._seq + 1, now, done)
        with suppress(PortGoneError):  # the next service() says so
            self._repeat_request(now)

    def _repeat_request(self, now: int) -> None:
        request = self._request
        if request.overdue(now):
            request.end(hand_words.refusal(request.msg, self.state, self.info))
        request.next(self._seq + 1, now)
        if request.due(now):
            request.sent(now, self._send(request.msg, request.fields))

    # ---- what comes ----

    def _take(self, frame: core.Frame, now: int) -> None:
        if frame.msg == "HELLO_ACK":
            self._take_hello_ack(frame, now)
            return
        if self.phase != "up" or frame.session != self._session:
            self._decoder.count("bad_session")
            return
        if self._heard_seq is not None and not core.newer(frame.seq, self._heard_seq):
            self._decoder.count("bad_sequence")
            return
        self._heard_seq, self._heard_ns = frame.seq, now
        if frame.msg == "STATE":
            self._take_state(frame, now)
        elif frame.msg == "TIME":
            self._take_time(frame.fields, now)
        elif frame.msg == "STATE_FULL":
            self.full = hand_words.full(frame.fields, self.info["joints"])
        elif frame.msg == "TOUCH":
            self.touch = hand_words.touch(frame.fields)
        elif frame.msg == "LINK_STATS":
            self.stats = frame.fields
        elif frame.msg == "LOG":
            self.log.take(frame.fields, now)
        elif frame.msg == "DECODED":
            self.decoded.append(frame.fields)
        elif frame.msg in ANSWERS:
            self.questions.take(frame.msg, frame.fields)

    def _take_hello_ack(self, frame: core.Frame, now: int) -> None:
        info = frame.fields
        if info["schema_hash"] != core.SCHEMA_HASH:
            self._end_session("refused", hand_words.other_schema(info))
            return
        if self.hand_hash and info["hand_hash"] != self.hand_hash:
            self._end_session("refused", hand_words.other_hand_file(info, self.hand_hash))
            return
        if not info["accepted"]:
            # It does not know our session: it restarted. In `hello` our next HELLO tells it.
            if self.phase == "up":
                self._begin_hello("The hand lost the connection and is asked again.")
            return
        again = self.phase == "up" and self.questions.changed
        if not (again or self.phase == "hello") or frame.session != self._session:
            return
        rebooted = self._boot_id is not None and info["boot_id"] != self._boot_id
        if self._boot_id != info["boot_id"]:
            self.clock.reset()
            self.log.reset()
            self._last_applied = 0
        self._boot_id = info["boot_id"]
        self.info = hand_words.hello(info)
        self.phase, self._heard_seq, self._heard_ns = "up", frame.seq, now
        self._next_ns["heartbeat"] = self._next_ns["time"] = self._next_ns["hello"] = 0
        self._armed_here = self.questions.changed = False
        self.sentence = f"Connected to the hand {self.info['name']}."
        if rebooted:
            self.counters["reboots"] += 1
            self.sentence = "The hand has restarted and is disarmed: arm it again."

    def _take_state(self, frame: core.Frame, now: int) -> None:
        fields = frame.fields
        self.counters["states"] += 1
        self.state = hand_words.state(fields, self.info)
        self._state_ns = now
        if self.clock.synchronised:
            self._state_ns = self.clock.to_host_ns(fields["hand_us"], now)
            sample = fields["applied_sample"]
            if sample != self._last_applied:
                self._last_applied = sample
                at = self.clock.to_host_ns(fields["applied_us"], now)
                self.applied.append((sample, at, self.clock.error_at(now)))
        self.state["t_ns"] = self._state_ns
        if self._request.answered(frame.ack, fields["state"]):
            if self._request.msg == "ARM":
                self._armed_here = True
            self._request.end(None)

    def _take_time(self, fields: dict[str, Any], now: int) -> None:
        if self._asked_time is None or fields["host_us"] != self._asked_time[0]:
            return
        jumps = self.clock.jumps
        self.clock.add(self._asked_time[1], fields["hand_rx_us"], fields["hand_tx_us"], now)
        self._asked_time = None
        if self.clock.jumps != jumps:
            self._next_ns["time"] = 0  # learn the new offset at once

    # ---- what is due ----

    def _send_due(self, now: int) -> None:
        due = self._next_ns
        if self.phase in ("hello", "refused"):
            if now >= due["hello"]:
                due["hello"] = now + (_HELLO_NS if self.phase == "hello" else _REFUSED_NS)
                if self.phase == "refused":
                    self._new_session()
                    self.phase = "hello"
                self._hello(now)
        elif now - self._heard_ns > SILENCE_NS:
            self._begin_hello(f"The hand on {self.port.name} does not answer: is it switched on?")
            return
        else:
            if self.questions.changed and now >= due["hello"]:
                due["hello"] = now + _HELLO_NS
                self._hello(now)  # in the same session: only what it says of itself is new
            if now >= due["heartbeat"]:
                due["heartbeat"] = now + _HEARTBEAT_NS
                self._send("HEARTBEAT", {"host_us": now // 1000 & 0xFFFFFFFF})
            if now >= due["time"]:
                every = _TIME_FAST_NS if self.clock.exchanges < _TIME_FAST else _TIME_SLOW_NS
                due["time"] = now + (every if self.clock.synchronised else _TIME_FIRST_NS)
                asked_us, asked_ns = now // 1000 & 0xFFFFFFFF, time.monotonic_ns()
                if self._send("TIME", {"host_us": asked_us}):
                    self._asked_time = (asked_us, asked_ns)
            self.questions.service(now, self._send)
        self._repeat_request(now)

    def _hello(self, now: int) -> None:
        fields = {"host_us": now // 1000 & 0xFFFFFFFF, "hand_hash": self.hand_hash}
        self._send("HELLO", {"schema_hash": core.SCHEMA_HASH, **fields})

    def _send(self, msg: str, fields: dict[str, Any]) -> bool:
        seq = (self._seq + 1) & 0xFFFF
        frame = core.encode(msg, fields, session=self._session, seq=seq, ack=self._heard_seq)
        if not self.port.write(frame):
            self.counters["tx_dropped"] += 1
            return False
        self._seq = seq
        self.counters["tx_frames"] += 1
        return True

    # ---- sessions ----

    def _new_session(self) -> None:
        before = self._session
        while self._session in (0, before):
            self._session = secrets.randbelow(0xFFFF) + 1
        self._seq, self._heard_seq = 0, None

    def _begin_hello(self, sentence: str) -> None:
        self._end_session("hello", sentence)
        self._new_session()
        self._next_ns["hello"] = 0

    def _end_session(self, phase: str, sentence: str) -> None:
        self.phase, self.sentence = phase, sentence
        self._armed_here = False
        self._asked_time, self._state_ns = None, 0
        self.questions.end_all(sentence)
        self._request.forget_waiting(sentence, "ARM")
        if self._request.msg == "ARM":
            self._request.end(sentence)

    def _reopen(self, now: int) -> None:
        if now < self._next_ns["open"]:
            return
        self._next_ns["open"] = now + _REOPEN_NS
        try:
            self.port.open()
        except HandError as error:
            self.sentence = str(error)
            return
        self._begin_hello(f"The hand's port {self.port.name} is back; waiting for the hand.")

    def _no_answer(self) -> str:
        return hand_words.no_answer(self.port.name, self.port.baud, self._decoder.counters)

    def close(self) -> None:
        """Frees the port. Tell the hand first: disarm(), then service() for a moment."""
        self.port.close()
        self._end_session("closed", "The hand's port is closed.")
