# SPDX-License-Identifier: GPL-3.0-or-later
"""What the hand answers to: parameters and uploads, one question at a time, each repeated until its
answer comes (SPEC.md, "Parameters" and "Blobs").

`HandQuestions` is the part without waiting, which the link drives. `answer` asks and waits, and so
does `patient_answer`, for what may take the hand a while.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from endplate import core
from endplate.errors import HandError

if TYPE_CHECKING:
    from endplate.live.link import HandLink

EVERY_NS = 100_000_000
FOR_NS = 800_000_000
_WAITING = 16
ANSWERS = ("PARAM_VALUE", "PARAM_DESCRIPTION", "BLOB_STATUS")
#: A hand that erases its flash says nothing for up to 3 s; the session ends, and it is found again.
ERASE_S = 6.0

#: Called once: the answer's fields, or None and the sentence why there is none.
Answered = Callable[[dict[str, Any] | None, str], None]


class HandQuestions:
    """The questions of one link, in the order in which they were asked."""

    def __init__(self) -> None:
        self._waiting: deque[tuple[str, dict[str, Any], Answered]] = deque()
        self._began_ns: int | None = None  # when the first was begun
        self._next_ns = 0
        #: One was set or reset: what HELLO_ACK said of the hand (who decodes, ...) may be old.
        self.changed = False

    @property
    def full(self) -> bool:
        """Whether so many wait that another is not taken from outside."""
        return len(self._waiting) >= _WAITING

    def ask(self, msg: str, fields: dict[str, Any], answered: Answered) -> None:
        """Asks when those before have ended."""
        self._waiting.append((msg, fields, answered))

    def service(self, now: int, send: Callable[[str, dict[str, Any]], bool]) -> None:
        """Sends what is due; gives up what had no answer in its time."""
        if not self._waiting:
            return
        if self._began_ns is None:
            self._began_ns = self._next_ns = now
        if now - self._began_ns > FOR_NS:
            self._end(None, "The hand does not answer this request: try again.")
        elif now >= self._next_ns and send(*self._waiting[0][:2]):
            self._next_ns = now + EVERY_NS

    def take(self, msg: str, fields: dict[str, Any]) -> None:
        """An answer; one that belongs to no request (it came twice) is passed over."""
        if not self._waiting:
            return
        asked, wanted, _ = self._waiting[0]
        answers = core.lib.WIRE_PARAM_INFO if msg == "PARAM_DESCRIPTION" else fields["asked"]
        of = "kind" if msg == "BLOB_STATUS" else "index"
        # a CHUNK that was taken leaves more than its offset behind: this answers the one before
        late = not fields.get("status") and fields.get("received", 0) <= wanted.get("offset", -1)
        if answers == core.MESSAGES[asked][0] and fields[of] == wanted[of] and not late:
            taken = not fields.get("status")  # what was refused changed nothing: no new HELLO
            self.changed |= taken and asked in ("PARAM_SET", "PARAM_RESET")
            self._end(fields, "")

    def end_all(self, sentence: str) -> None:
        """None of them will be answered any more."""
        while self._waiting:
            self._end(None, sentence)

    def _end(self, fields: dict[str, Any] | None, sentence: str) -> None:
        self._began_ns = None
        self._waiting.popleft()[2](fields, sentence)


def answer(link: HandLink, msg: str, fields: dict[str, Any]) -> dict[str, Any]:
    """The answer to one question; the link is served meanwhile. Raises HandError."""
    got: list[tuple[dict[str, Any] | None, str]] = []
    if link.phase != "up":
        raise HandError(link.sentence)
    link.questions.ask(msg, fields, lambda said, why: got.append((said, why)))
    while not got:
        link.service()
        time.sleep(0.0005)
    said, why = got[0]
    if said is None:
        raise HandError(why)
    return said


def patient_answer(
    link: HandLink, msg: str, fields: dict[str, Any], within_s: float = ERASE_S
) -> dict[str, Any]:
    """The same of a hand that may have to erase its flash for it. It is asked again in the next
    session: every question may come twice without harm. Raises HandError after `within_s`."""
    end = time.monotonic() + within_s
    while True:
        try:
            return answer(link, msg, fields)
        except HandError:
            while link.phase != "up" and time.monotonic() < end:
                link.service()
                time.sleep(0.001)
            if time.monotonic() > end:
                raise
