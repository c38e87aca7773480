# SPDX-License-Identifier: GPL-3.0-or-later
"""What the control process does when asked: one method per verb of the request socket.

    arm disarm stop release estop clear_fault      the hand; answered when it has obeyed, or why not
    param {msg, index, ...}                        one message about the hand's parameters (SPEC.md)
    grip {name}    profile {path}                  what is decoded into which movement
    tune {dof, dead_band, negative, positive}      dead-band and gains of what drives, see tuning.py
    named {path}                                   the file in which what drives is kept from now on
    shadow {path or null}   promote   demote       another profile beside it, see shadow.py
    direct {on}                                    direct control instead, and back
    contacts                                       the electrodes' impedance, by the board's current
    mark {text}    prompt {label, target, ...}     annotations; the reply has the sample's index; of
                                                   prompts `guide` says whose, see guidance.py
    status  clear_latency  quit

`stop` and `disarm` are one: stop driving, hold, armed again only by `arm`. A profile is never
changed under a moving hand: an armed hand is disarmed first, and the reply says that `arm` must be
asked for again.
"""

from __future__ import annotations

import json
import re
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from endplate.errors import EndplateError, HandError, ProfileError, SessionError
from endplate.live import contacts, running
from endplate.live.guidance import Guidance
from endplate.live.hand_decoding import HAND
from endplate.live.hand_params import ASKED, CHANGES
from endplate.live.link import HandLink
from endplate.live.profile_file import read_profile
from endplate.live.requests import Asker, Fields, Later, refusal
from endplate.live.tuning import Tune, tune

if TYPE_CHECKING:
    from endplate.live.control import Control

_TEXT_MAX = 2000  # characters of an annotation


class Verbs:
    """Handles the requests of one Control."""

    def __init__(self, control: Control) -> None:
        self._control = control
        self._guidance = Guidance()
        self._verbs = {
            name[len("_do_") :]: getattr(self, name)
            for name in dir(self)
            if name.startswith("_do_")
        }

    def handle(self, verb: str, fields: Fields, asker: Asker) -> Fields:
        """For RequestServer."""
        do = self._verbs.get(verb)
        if do is None:
            known = ", ".join(sorted(self._verbs))
            raise SessionError(f'There is no request "{verb[:40]}"; known are {known}.')
        try:
            return do(fields, asker)
        except (KeyError, TypeError, ValueError):
            raise SessionError(f"The request {verb} lacks a field, or has a wrong one.") from None

    # ---- the hand ----

    def _link(self) -> HandLink:
        if self._control.link is None:
            raise HandError("No hand is connected: start the session with the hand's port.")
        return self._control.link

    def _later(self, asker: Asker, **more: Any):
        def done(sentence: str | None) -> None:
            asker.answer(refusal(HandError(sentence)) if sentence else {"ok": True, **more})

        return done

    def _do_arm(self, fields: Fields, asker: Asker) -> Fields:
        link = self._link()
        if self._control.profile is None:
            raise HandError("Without a profile nothing would move: load one or calibrate first.")
        source = self._control.source
        if source.health != "ok":
            raise HandError(f"The hand is not armed without samples: {source.sentence}")
        if self._control.contacts.busy:
            raise HandError(f"The contacts are being measured: arm in {contacts.SECONDS} s.")
        decoding = self._control.decoding
        if decoding.refusal():
            raise HandError(decoding.refusal())
        link.arm(self._later(asker, armed=True))
        raise Later

    def _do_disarm(self, fields: Fields, asker: Asker) -> Fields:
        self._control.beside.cancel()
        self._link().disarm(self._later(asker, armed=False))
        raise Later

    _do_stop = _do_disarm

    def _do_release(self, fields: Fields, asker: Asker) -> Fields:
        self._control.beside.cancel()
        self._link().release(self._later(asker))
        raise Later

    def _do_estop(self, fields: Fields, asker: Asker) -> Fields:
        self._control.beside.cancel()
        self._link().estop(self._later(asker))
        raise Later

    def _do_clear_fault(self, fields: Fields, asker: Asker) -> Fields:
        self._link().clear_fault(self._later(asker))
        raise Later

    def _do_param(self, fields: Fields, asker: Asker) -> Fields:
        """One PARAM_ message to the hand; the reply has the `answer`'s fields."""
        link, msg = self._link(), fields["msg"]
        wanted = {"index": whole(fields["index"], 0, 255)}
        if msg not in ASKED:
            raise HandError(f"A request about a parameter is one of {', '.join(ASKED)}.")
        if msg == "PARAM_SET":
            wanted["type"] = whole(fields["type"], 0, 255)
            wanted["value"] = whole(fields["value"], -(1 << 31), (1 << 31) - 1)
        if msg in CHANGES and link.armed:
            raise HandError("The hand takes parameters only while it is disarmed: disarm it first.")
        if link.phase != "up":
            raise HandError(link.sentence)
        if link.questions.full:
            raise HandError("Too much is asked of the hand's parameters at once: ask again.")

        def answered(answer: dict[str, Any] | None, why: str) -> None:
            asker.answer(
                refusal(HandError(why)) if answer is None else {"ok": True, "answer": answer}
            )

        link.questions.ask(msg, wanted, answered)
        raise Later

    def _do_grip(self, fields: Fields, asker: Asker) -> Fields:
        names = [grip.name for grip in self._control.hand.grips]
        if fields["name"] not in names:
            raise HandError(
                f"The hand {self._control.hand.name} has no grip {str(fields['name'])[:40]}; it "
                f"has {', '.join(names)}."
            )
        if self._control.decoding.mode == HAND:
            raise HandError(
                "The hand decodes by itself and keeps its grip: choose it with its parameter "
                "rest_grip (endplate hand set)."
            )
        self._control.grip = names.index(fields["name"])
        return {"ok": True, "grip": fields["name"]}

    # ---- the profile ----

    def _do_profile(self, fields: Fields, asker: Asker) -> Fields:
        control = self._control
        if not isinstance(fields["path"], str):
            raise ProfileError("A profile is named by its path.")
        profile, text = read_profile(fields["path"])
        # Refuses what does not fit, before anything changes.
        fresh = running.start(control, profile, fields["path"], text)
        link = control.link
        if link is None or not link.armed:
            control.use(fresh)
            return {"ok": True, "name": profile.name, "armed": False}

        def disarmed(sentence: str | None) -> None:
            if sentence and link.phase == "up":
                asker.answer(refusal(HandError(sentence)))
                return
            control.use(fresh)
            asker.answer({"ok": True, "name": profile.name, "armed": False, "disarmed": True})

        link.disarm(disarmed)
        raise Later

    def _do_tune(self, fields: Fields, asker: Asker) -> Fields:
        wanted = Tune.of(fields)
        tune(self._control, wanted)
        return {"ok": True, **asdict(wanted)}

    def _do_named(self, fields: Fields, asker: Asker) -> Fields:
        if self._control.profile is None or not isinstance(fields["path"], str):
            raise ProfileError("Without a profile there is none to name.")
        control = self._control
        old, fallback = control.driver.path, control.beside.fallback
        sides = [control.driver, control.driver.direct, fallback.running if fallback else None]
        for side in sides:  # a profile and its direct control are one file
            if side is not None and side.path == old:
                side.path = fields["path"]
        return {"ok": True}

    # ---- what decodes beside it ----

    def _do_shadow(self, fields: Fields, asker: Asker) -> Fields:
        path = fields["path"]
        if path is not None and not isinstance(path, str):
            raise ProfileError("A shadow is named by its profile's path; null ends it.")
        link = self._control.link
        if link is not None and link.armed:
            raise HandError("A shadow is loaded only while the hand is disarmed: disarm it first.")
        return {"ok": True, "name": self._control.beside.load(path)}

    def _do_promote(self, fields: Fields, asker: Asker) -> Fields:
        return {"ok": True, **self._control.beside.promote()}

    def _do_demote(self, fields: Fields, asker: Asker) -> Fields:
        return {"ok": True, **self._control.beside.demote()}

    def _do_direct(self, fields: Fields, asker: Asker) -> Fields:
        return {"ok": True, **self._control.beside.direct(fields.get("on"))}

    # ---- the electrodes ----

    def _do_contacts(self, fields: Fields, asker: Asker) -> Fields:
        self._control.contacts.begin()
        return {"ok": True, "seconds": contacts.SECONDS}

    # ---- annotations ----

    def _do_mark(self, fields: Fields, asker: Asker) -> Fields:
        text = str(fields["text"])[:_TEXT_MAX]
        sample = self._control.mark(text)
        self._control.marked = {"text": text, "sample": sample}
        return {"ok": True, "sample": sample}

    def _do_prompt(self, fields: Fields, asker: Asker) -> Fields:
        who = str(fields.pop("guide", ""))
        if who and not re.fullmatch(r"\d+ \d+ \d+", who):
            raise ValueError(who)
        text = json.dumps(fields)
        if len(text) > _TEXT_MAX:
            raise SessionError("A prompt is at most 2000 characters long.")
        self._guidance.take(who, go_on=bool(fields))
        sample = self._control.mark(f"prompt {text}")
        self._control.prompt = {**fields, "sample": sample} if fields else None
        return {"ok": True, "sample": sample}

    # ---- the session ----

    def _do_status(self, fields: Fields, asker: Asker) -> Fields:
        return {"ok": True, "status": self._control.last_status}

    def _do_clear_latency(self, fields: Fields, asker: Asker) -> Fields:
        self._control.latency.clear()
        return {"ok": True}

    def _do_quit(self, fields: Fields, asker: Asker) -> Fields:
        self._control.stopping = True
        return {"ok": True}

    def _do_fault(self, fields: Fields, asker: Asker) -> Fields:
        if not self._control.settings.faults.get("requests"):
            raise EndplateError("Faults can be made only in a session that was started for tests.")
        if "hang_decoder" in fields:
            self._control.hanging = bool(fields["hang_decoder"])
        return {"ok": True, "sample": self._control.next_sample}


def whole(value: Any, low: int, high: int) -> int:
    """A whole number that the wire can carry. Raises ValueError."""
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise ValueError(value)
    return value
