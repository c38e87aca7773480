# SPDX-License-Identifier: GPL-3.0-or-later
"""The hand's parameters: what may be set in it, between which limits, and what it keeps.

The list is the hand's own (SPEC.md, "Parameters"): `HandParams.read` asks for it. On the wire every
value is a whole number; `Param.number` and `Param.shown` turn it into the person's unit and back.

    params = HandParams(link)          # a HandLink that is up
    params.read()
    params.set("link_lost_ms", "250")  # in force at once, until the hand restarts
    params.save()                      # and after that too
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING, Any

from endplate import core
from endplate.errors import HandError
from endplate.live.hand_questions import answer, patient_answer
from endplate.live.requests import ask

if TYPE_CHECKING:
    from endplate.live.link import HandLink

ALL: int = core.lib.WIRE_PARAM_ALL
_SAVE_S = 5.0
CHANGES = ("PARAM_SET", "PARAM_SAVE", "PARAM_RESET")
ASKED = ("PARAM_INFO", "PARAM_GET", *CHANGES)


@dataclass
class Param:
    """One parameter; `value`, `kept` and the limits in the wire's whole numbers."""

    index: int
    name: str
    unit: str
    text: str
    type: int
    low: int
    high: int
    factory: int
    value: int = 0
    kept: int = 0

    def shown(self, raw: int, grips: Sequence[str] = ()) -> str:
        """A value for a person, without its unit."""
        if self.type == core.lib.WIRE_PARAM_MILLI:
            return f"{Decimal(raw) / 1000:f}"
        if self.type == core.lib.WIRE_PARAM_GRIP and 0 <= raw < len(grips):
            return grips[raw]
        return str(raw)

    def number(self, text: str, grips: Sequence[str] = ()) -> int:
        """What a person wrote, for the wire. Raises HandError."""
        if self.type == core.lib.WIRE_PARAM_GRIP and text in grips:
            return list(grips).index(text)
        unit = 1000 if self.type == core.lib.WIRE_PARAM_MILLI else 1
        try:
            scaled = Decimal(text) * unit
            raw = int(scaled)
        except (InvalidOperation, ValueError, OverflowError):
            raise HandError(
                f'{self.name} is a number, not "{text[:40]}"; it may be {self.range(grips)}.'
            ) from None
        if raw != scaled:
            digits = "at most three decimals" if unit == 1000 else "no decimals"
            raise HandError(f"{self.name} takes {digits}: write {self.shown(raw)}, for instance.")
        if not self.low <= raw <= self.high:
            raise HandError(f"{self.name} may be {self.range(grips)}, not {text}.")
        return raw

    def range(self, grips: Sequence[str] = ()) -> str:
        """Smallest to largest, with the unit; of grips their names."""
        if self.type == core.lib.WIRE_PARAM_GRIP and len(grips) > self.high:
            return ", ".join(grips[self.low : self.high + 1])
        return f"{self.shown(self.low)} to {self.shown(self.high)} {self.unit}".rstrip()


STORES = {
    core.lib.WIRE_STORE_BLANK: "",
    core.lib.WIRE_STORE_KEPT: "",
    core.lib.WIRE_STORE_OLDER: "The newest saved parameters were damaged and those saved before "
    "them are in force: look them over and save again.",
    core.lib.WIRE_STORE_DAMAGED: "The saved parameters were damaged, so the hand runs as it was "
    "built: set again what was changed and save, then clear its fault.",
    core.lib.WIRE_STORE_OTHER: "The saved parameters are those of another firmware, so the hand "
    "runs as it was built: set again what was changed and save.",
}


class HandParams:
    """Reads and sets, and waits for each answer (the link is served meanwhile).

    Every method raises HandError with the reason; the hand is unchanged then.
    """

    def __init__(self, link: HandLink, grips: Sequence[str] = ()) -> None:
        self.link = self._link = link
        self.grips = tuple(grips)
        self.params: dict[str, Param] = {}
        self.hash = 0
        self.store = 0

    def read(self) -> list[Param]:
        """Asks for the whole list, with the values in force and kept."""
        found: dict[str, Param] = {}
        index, count = 0, 1
        while index < count:
            told = self._ask("PARAM_INFO", {"index": index})
            count = told["count"]
            param = Param(
                index, _text(told["name"]), _text(told["unit"]), _text(told["text"]),
                told["type"], told["low"], told["high"], told["factory"],
            )  # fmt: skip
            self._take(param, self._ask("PARAM_GET", {"index": index}))
            found[param.name] = param
            index += 1
        self.params = found
        return list(found.values())

    def get(self, name: str) -> Param:
        """One parameter as the hand has it now."""
        param = self._named(name)
        self._take(param, self._ask("PARAM_GET", {"index": param.index}))
        return param

    def set(self, name: str, text: str) -> Param:
        """Sets one; returns it with the value in force after that."""
        param = self._named(name)
        raw = param.number(text, self.grips)
        fields = {"index": param.index, "type": param.type, "value": raw}
        answer = self._ask("PARAM_SET", fields)
        self._refused(answer, f"{name} = {text}")
        self._take(param, answer)
        return param

    def save(self) -> None:
        """Has the hand keep what is in force over the loss of its power."""
        said = self._noted(self._patiently("PARAM_SAVE", {"index": ALL}))
        self._refused(said, "the parameters")

    def reset(self, name: str | None = None) -> None:
        """One, or all, as the hand was built; kept only by `save`."""
        index = ALL if name is None else self._named(name).index
        self._refused(self._ask("PARAM_RESET", {"index": index}), name or "the parameters")

    def _named(self, name: str) -> Param:
        if not self.params:
            self.read()
        if name not in self.params:
            known = ", ".join(self.params)
            raise HandError(f'The hand has no parameter "{name[:40]}"; it has {known}.')
        return self.params[name]

    def _take(self, param: Param, answer: dict[str, Any]) -> None:
        param.value, param.kept = answer["value"], answer["kept"]

    def _refused(self, answer: dict[str, Any], what: str) -> None:
        lib, status = core.lib, answer["status"]
        if status == lib.WIRE_PARAM_OK:
            return
        state = self._word()
        raise HandError(
            {
                lib.WIRE_PARAM_NOT_DISARMED: f"The hand did not take {what}: it takes parameters "
                f"only while it is disarmed, and it is {state}; disarm it first.",
                lib.WIRE_PARAM_OUT_OF_RANGE: f"The hand did not take {what}: out of its range, "
                "which `endplate hand params` lists.",
                lib.WIRE_PARAM_CONTRADICTS: f"The hand did not take {what}, because it would "
                "contradict another parameter: link_lost_ms is at least valid_max_ms + ramp_ms, "
                "too_hot_c above hot_c, good_v not below low_v.",
                lib.WIRE_PARAM_NOT_KEPT: "The hand's flash did not keep the parameters: they are "
                "in force only until it is switched off; save once more, then have it serviced.",
            }.get(status, f"The hand did not take {what}: its list has changed, read it again.")
        )

    def _word(self) -> str:
        """State of the guard, for a sentence."""
        return self._link.state.get("word", "in an unknown state")

    def _ask(self, msg: str, fields: dict[str, int]) -> dict[str, Any]:
        said = self._answer(msg, fields)
        return said if msg == "PARAM_INFO" else self._noted(said)

    def _noted(self, said: dict[str, Any]) -> dict[str, Any]:
        """An answer, whose hash and store are the newest."""
        self.hash, self.store = said["param_hash"], said["store"]
        return said

    def _answer(self, msg: str, fields: dict[str, int]) -> dict[str, Any]:
        return answer(self._link, msg, fields)

    def _patiently(self, msg: str, fields: dict[str, int]) -> dict[str, Any]:
        return patient_answer(self._link, msg, fields, _SAVE_S)


class SessionParams(HandParams):
    """The same through a running session, which keeps the port and the link; its control process
    is asked (verb `param`). Changes only while the hand is disarmed."""

    def __init__(self, directory: Path, grips: Sequence[str] = ()) -> None:
        self._directory = directory
        self.grips = tuple(grips)
        self.params: dict[str, Param] = {}
        self.hash = 0
        self.store = 0

    def _patiently(self, msg: str, fields: dict[str, int]) -> dict[str, Any]:
        end = time.monotonic() + _SAVE_S
        while True:
            try:
                return self._answer(msg, fields)
            except HandError:
                if self._hand()["armed"] or time.monotonic() > end:
                    raise
                time.sleep(0.1)

    def _hand(self) -> dict[str, Any]:
        return ask(self._directory, "status")["status"]["hand"]

    def _word(self) -> str:
        hand = self._hand()
        return hand["word"] if hand["connected"] else "not connected"

    def _answer(self, msg: str, fields: dict[str, int]) -> dict[str, Any]:
        return ask(self._directory, "param", msg=msg, **fields)["answer"]


def _text(row: Sequence[int]) -> str:
    return bytes(row).rstrip(b"\0").decode(errors="replace")
