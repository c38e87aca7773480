# SPDX-License-Identifier: GPL-3.0-or-later
"""A new firmware for a hand: which of the two images of a file it takes, the transfer, the restart,
and what the hand runs after it.

The hand takes an image only while it is disarmed, checks its signature, and starts it on trial: an
image that does not get as far as to speak to us with its self-test passed is given up after three
starts, and the one before runs again (firmware/DESIGN.md, "Update").
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from endplate import core, hand_image
from endplate.errors import HandError
from endplate.live import hand_words
from endplate.live.hand_questions import patient_answer
from endplate.live.link import HandLink

KIND: int = core.lib.WIRE_BLOB_FIRMWARE
CHUNK: int = core.lib.WIRE_BLOB_BYTES
_BACK_S = 20.0  # the restart: three starts of an image that hangs take 12 s
_SETTLE_S = 3.0
_TRIAL_S = 12.0  # it trusts itself after 10 s (update.h, UPDATE_TRUST_US), if nothing is wrong
_LOOK_S = 0.2
_FIELD_KEY = 2  # update.h, UPDATE_FIELD_KEY


#: Bytes the hand has, of how many.
Progress = Callable[[int, int], None]


class HandUpdate:
    """One update of the hand on a link that is up. Every method raises HandError."""

    def __init__(self, link: HandLink, file: str | Path) -> None:
        self._link = link
        self._name = Path(file).name
        self.images = hand_image.read(file)
        self.before = str(link.info["firmware"])
        self.on_trial = False  # after `restart`: the hand may fall back to the firmware before
        self._fits()

    def _fits(self) -> None:
        image, info = self.images[0], self._link.info
        if image.hand_hash not in (0, info["hand_hash"]):
            raise HandError(
                f"{self._name} was built for another hand (hand file {image.hand_hash:08x}; this "
                f"one is {info['hand_hash']:08x}): build it with HAND set to this hand's file."
            )

    def refuse_older(self) -> None:
        """Raises when the file's firmware is older than the one that runs."""
        running = tuple(int(part) for part in self.before.split("."))
        if self.images[0].version < running:
            raise HandError(
                f"{self._name} has firmware {self.images[0].words}, older than the hand's "
                f"{self.before}: say --allow-older if that is what you want."
            )

    def send(self, progress: Progress = lambda done, of: None) -> hand_image.Image:
        """Transfers the image for the slot which does not run; the hand has it then, and starts it
        when it next starts."""
        now = self._ask("BLOB_GET", {"hash": 0})
        image = next(one for one in self.images if one.slot == 1 - now["slot"])
        size, crc = len(image.data), hand_image.crc32c(image.data)
        self._ask("BLOB_BEGIN", {"size": size, "hash": crc})
        at, lost = 0, 0
        while at < size:
            piece = image.data[at : at + CHUNK]
            fields = {"offset": at, "count": len(piece), "bytes": piece.ljust(CHUNK, b"\0")}
            answer = self._ask("BLOB_CHUNK", fields, core.lib.WIRE_BLOB_WRONG_OFFSET)
            lost = lost + 1 if answer["status"] else 0  # its answer was lost: it says what is next
            if lost > 3:
                raise HandError("The hand and this program disagree about the upload: try again.")
            at = answer["received"]
            progress(at, size)
        self._ask("BLOB_COMMIT", {"hash": crc})
        return image

    def _ask(self, msg: str, fields: dict[str, Any], *allowed: int) -> dict[str, Any]:
        """The answer; a hand that was silent for so long that the session ended goes on with the
        upload in the next."""
        answer = patient_answer(self._link, msg, {"kind": KIND, **fields})
        if answer["status"] not in (core.lib.WIRE_BLOB_OK, *allowed):
            raise HandError(self._why(answer))
        return answer

    def _why(self, answer: dict[str, Any]) -> str:
        lib, status = core.lib, answer["status"]
        key = self.images[0].key.hex()
        if status == lib.WIRE_BLOB_WRONG_VALUE and answer["field"] == _FIELD_KEY:
            return (
                f"{self._name} is signed with a key ({key}...) that this hand does not know: it "
                "takes only firmware signed with the key it was built with."
            )
        state = self._link.state.get("word", "in an unknown state")
        return {
            lib.WIRE_BLOB_UNKNOWN: "This hand's firmware was built without a way to check "
            "signatures, so it takes no update: flash it with a debug probe (hw/flashing.md).",
            lib.WIRE_BLOB_NOT_DISARMED: "The hand takes an update only while it is disarmed, and "
            f"it is {state}; disarm it first.",
            lib.WIRE_BLOB_WRONG_SIZE: f"{self._name} does not fit a slot of this hand: "
            "take the update that was made for it.",
            lib.WIRE_BLOB_NOT_BEGUN: "The hand was armed or restarted meanwhile: try again.",
            lib.WIRE_BLOB_WRONG_HASH: "The hand did not receive what was sent: try again.",
            lib.WIRE_BLOB_WRONG_FORMAT: f"{self._name} is of a format this hand does not "
            "read: take the update that was made for it.",
            lib.WIRE_BLOB_OTHER_HAND: f"{self._name} was built for another hand than this "
            "one: take the update that was made for it.",
            lib.WIRE_BLOB_CONTRADICTS: "The hand has not passed its self-test with the firmware it "
            "runs now, and so keeps the one before: see to its fault first, or restart it.",
            lib.WIRE_BLOB_WRONG_SIGNATURE: f"{self._name} has a signature that is not its maker's: "
            "it was changed after it was signed; fetch it again.",
            lib.WIRE_BLOB_NOT_KEPT: "The hand's flash did not take the new firmware; it goes on "
            "with the one it has: try once more, then have it serviced.",
        }.get(status, f"The hand did not take the new firmware (status {status}): try again.")

    def restart(self, image: hand_image.Image) -> str:
        """Restarts the hand and waits until it trusts what it runs, `_TRIAL_S` at most; one
        sentence about that (see `on_trial`). Raises HandError when it is not the new image."""
        link, reboots = self._link, self._link.counters["reboots"]
        link.restart()
        deadline = time.monotonic() + _BACK_S
        while link.counters["reboots"] == reboots or link.phase != "up":
            link.service()
            time.sleep(0.001)
            if time.monotonic() > deadline:
                raise HandError(
                    "The hand did not come back after its restart: switch it off and on."
                )
        settled = time.monotonic() + _SETTLE_S
        while link.state.get("word", "boot") in ("boot", "self test"):
            link.service()
            time.sleep(0.001)
            if time.monotonic() > settled:
                break
        now = self._ask("BLOB_GET", {"hash": 0})
        deadline = time.monotonic() + _TRIAL_S
        while now["result"] and now["slot"] == image.slot and time.monotonic() < deadline:
            wait = time.monotonic() + _LOOK_S
            while time.monotonic() < wait:
                link.service()
                time.sleep(0.001)
            now = self._ask("BLOB_GET", {"hash": 0})
        slot, version = hand_image.SLOTS[now["slot"]], link.info["firmware"]
        if now["slot"] != image.slot:
            raise HandError(
                f"The new firmware {image.words} did not start: the hand runs {version} from slot "
                f"{slot} again, as before."
            )
        self.on_trial = bool(now["result"])
        if self.on_trial:
            return " ".join(
                [
                    f"The hand runs firmware {version} from slot {slot} on trial only: it trusts a "
                    "firmware once its self-test has passed.",
                    *filter(None, [hand_words.fault(link.state)]),
                    "Power its motors and start it again; until then it may fall back to "
                    f"{self.before}.",
                ]
            )
        return f"The hand runs firmware {version} from slot {slot}; it was {self.before}."
