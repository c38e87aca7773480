# SPDX-License-Identifier: GPL-3.0-or-later
"""Parameters of the hand under test: read, and lowered for as long as a requirement takes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from endplate.conformance.line import Heard
from endplate.conformance.subject import Subject
from endplate.conformance.verdict import NotMeasurableError
from endplate.errors import HandError

_PARAMETERS_BIT = 6  # of the capabilities
_TRIES, _ANSWER_S = 3, 0.5
_OK = 0


def _ask(subject: Subject, msg: str, index: int, **fields: int) -> dict[str, Any]:
    """Fields of the one answer."""

    def answers(one: Heard) -> bool:
        told = one.frame.msg in ("PARAM_VALUE", "PARAM_DESCRIPTION")
        return told and one.frame.ack == asked and one.frame.session == subject.session

    for _ in range(_TRIES):
        subject.send(msg, {"index": index} | fields)
        asked = subject.seq
        answer = subject.wait(answers, _ANSWER_S)
        if answer is not None:
            return answer.fields
    raise NotMeasurableError(f"{msg} is not answered")


def _find(subject: Subject, name: str) -> dict[str, Any] | None:
    """Its description; None when the hand has no such parameter."""
    if not subject.info["capabilities"] >> _PARAMETERS_BIT & 1:
        return None
    index, count = 0, 1
    while index < count:
        told = _ask(subject, "PARAM_INFO", index)
        if bytes(told["name"]).rstrip(b"\0") == name.encode():
            return told
        index, count = index + 1, told["count"]
    return None


@contextmanager
def lowered(subject: Subject, name: str, *, keep: bool) -> Iterator[int | None]:
    """In a fresh session: the parameter's value in force inside the block, the least that the hand
    allows unless `keep`, and afterwards again what it was. None for a hand without it."""
    subject.begin()
    found = _find(subject, name)
    if found is None or keep:
        yield None if found is None else _ask(subject, "PARAM_GET", found["index"])["value"]
        return
    which = {"index": found["index"], "type": found["type"]}
    before = _ask(subject, "PARAM_GET", found["index"])["value"]
    try:
        yield _ask(subject, "PARAM_SET", **which, value=found["low"])["value"]
    finally:
        subject.begin()
        if _ask(subject, "PARAM_SET", **which, value=before)["status"] != _OK:
            raise HandError(
                f"The parameter {name} could not be set back: switch the hand off and on."
            )
