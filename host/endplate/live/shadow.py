# SPDX-License-Identifier: GPL-3.0-or-later
"""Decoders beside the one that drives: a shadow, and direct control to fall back on.

    driver   its chain's hops become COMMANDs, as if nothing here existed
    shadow   another profile on the same samples: only the virtual hand moves, until it is promoted
    direct   the direct control that the driver's profile holds (fit/fallback.py)

They get a block after the driver's command has left and the feed and recording have it. What goes
wrong in one of them, or takes long, ends it with a sentence and nothing else. They are the same
checked C as the driver; one that never came back would silence the session, as a driver's would,
and the hand would stand within 150 ms.

A switch (promote, demote, direct) exchanges two chains that both run. It never moves anything: an
armed hand is switched only when the one that drives and the one that shall drive have both asked
for no motion for REST_S; until then the first drives on. A stop, or WAIT_S without such a moment,
cancels it. Every switch is in the recording, which replays to the same bytes.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import numpy as np

from endplate import core
from endplate.errors import HandError, ProfileError, SessionError
from endplate.live import running
from endplate.live.hand_decoding import HAND
from endplate.live.profile_file import read_profile
from endplate.live.running import Running
from endplate.live.virtual_hand import VirtualHand

if TYPE_CHECKING:
    from endplate.live.control import Control

REST_S = 0.5  # no motion asked by either, before a switch
WAIT_S = 10.0  # for such a moment
WARM_S = 2.0  # a chain must have run before it may drive an armed hand: its filters settle
MOST_NS = 2_000_000  # processor time that one may take for a block (one of 20 us is usual) ...
STRIKES = 3  # ... so often in a row, and then it ends
MOST_ONCE_NS = 10_000_000  # or once so long
OFFER_S = 5.0  # the driver's inputs were unlike the calibration for half of so long
NOVEL, REST = core.lib.GATE_NOVEL, core.lib.GATE_REST


class Slot:
    """One decoder beside the driver."""

    def __init__(self, kind: str, now: Running) -> None:
        self.kind, self.running = kind, now
        self.hop: np.void | None = None
        self.still = 0  # samples since it last asked for motion
        self.spent_ns = self.strikes = 0

    def take(
        self, first: int, jump: bool, counts: np.ndarray, missing: int
    ) -> np.ndarray:
        """One block."""
        started = time.thread_time_ns()
        hops = self.running.process(first, jump, counts, missing)
        if len(hops):
            self.hop = hops[-1]
        self.still = still_for(self.still, hops, len(counts))
        self.spent_ns = time.thread_time_ns() - started
        self.strikes = self.strikes + 1 if self.spent_ns > MOST_NS else 0
        return hops


def still_for(before: int, hops: np.ndarray, samples: int) -> int:
    """Samples without a wanted motion, after a block with these hops."""
    return 0 if len(hops) and hops["target"].any() else before + samples


class Beside:
    """Of one Control."""

    def __init__(self, control: Control) -> None:
        self._control = control
        self.shadow: Slot | None = None
        self.fallback: Slot | None = None
        self.promoted = self.on_direct = False
        self.waiting = ""  # "promote", "demote" or "direct"
        self.offer = ""
        self._until = self._still = 0
        self._novel = 0.0
        self._armed = False
        self._virtual: VirtualHand | None = None
        self._told = True  # the hand's own decoding knows of the driver

    # ---- what is beside ----

    def changed(self) -> None:
        """Another profile drives: its direct control comes with it."""
        self.waiting = self.offer = ""
        self.promoted = self.on_direct = False
        self._still, self._novel = 0, 0.0
        self.fallback = self._direct_of(self._control.driver)

    @staticmethod
    def _direct_of(driver: Running) -> Slot | None:
        return Slot("direct", driver.direct.begin()) if driver.direct is not None else None

    def load(self, path: str | None) -> str | None:
        """Another shadow, or none; its name. Raises ProfileError when it does not fit."""
        control = self._control
        if self.promoted:
            raise SessionError("The shadow drives: bring the first profile back before another.")
        if path is None:
            self._drop("The shadow is gone.") if self.shadow else None
            return None
        if control.profile is None:
            raise ProfileError("A shadow runs beside a profile that drives: load that one first.")
        profile, text = read_profile(path)
        fresh = running.start(control, profile, path, text)
        self.shadow, self._virtual = Slot("shadow", fresh), VirtualHand(control.hand)
        if self.waiting != "direct":
            self.waiting = ""
        if control.journal is not None:
            control.journal.attach(control.next_sample, "shadow", fresh.text)
        self._say(f"The profile {fresh.name} runs as a shadow: it moves the virtual hand only.")
        return fresh.name

    def _drop(self, sentence: str) -> None:
        self.shadow = self._virtual = None
        if self.waiting in ("promote", "demote"):
            self.waiting = ""
        self._say(sentence)

    def _say(self, sentence: str) -> None:
        self._control.note(sentence)
        self._control.mark(sentence)

    # ---- the loop ----

    def take(
        self, first: int, jump: bool, counts: np.ndarray, missing: int, hops: np.ndarray
    ) -> None:
        """One block, after the driver has had it; `hops` are the driver's."""
        self._still = still_for(self._still, hops, len(counts))
        for slot in (self.shadow, self.fallback):
            if slot is not None:
                self._one(slot, first, jump, counts, missing)
        if len(hops) and not self.on_direct:
            self._watch(hops)
        link = self._control.link
        if not self._told and (link is None or not link.armed):  # milliseconds: not while it moves
            self._told = True
            self._control.decoding.use(self._control.driver.profile)
        if not self.waiting:
            return
        try:
            self._settle()
        except Exception as error:  # a switch that failed must not end the session
            self.waiting = ""
            self._say(f"The switch failed ({str(error).rstrip('.')[:100]}): ask again.")

    def _one(
        self, slot: Slot, first: int, jump: bool, counts: np.ndarray, missing: int
    ) -> None:
        control = self._control
        try:
            hops = slot.take(first, jump, counts, missing)
            control.latency["beside"].add(slot.spent_ns)
            if slot is self.shadow and self._virtual is not None and len(hops):
                self._virtual.grip(control.grip)
                seconds = len(hops) * slot.running.chain.hop_samples / control.source.info.rate_hz
                self._virtual.move(hops["velocity"][-1].tolist(), seconds)
            slow = slot.strikes >= STRIKES or slot.spent_ns > MOST_ONCE_NS
            why = f"took {slot.spent_ns / 1e6:.0f} ms for one hop" if slow else ""
        except Exception as error:  # whatever it is: the driver goes on
            why = f"failed ({str(error).rstrip('.')[:100] or type(error).__name__})"
        if not why:
            return
        sentence = f"{slot.running.name} {why} and was switched off; what drives goes on."
        if slot is self.shadow:
            self._drop(f"The shadow {sentence}")
            return
        self.fallback = None
        if self.waiting == "direct":
            self.waiting = ""
        self._say(sentence)

    def _watch(self, hops: np.ndarray) -> None:
        """Whether the driver's inputs have been unlike the calibration for long: the share of the
        hops that mean something, fading over OFFER_S."""
        control = self._control
        kept = OFFER_S * control.source.info.rate_hz / control.chain.hop_samples
        for gate in hops["gate"].tolist():
            if not gate & REST:
                self._novel += (bool(gate & NOVEL) - self._novel) / kept
        if self._novel < 0.2:
            self.offer = ""
        elif self._novel > 0.5 and not self.offer:
            direct = "Direct control still works: ask for it, or" if self.fallback else "Wait, or"
            self.offer = (
                "For seconds the signals have been unlike the calibration, so nothing moves. "
                f"{direct} compare the electrodes with the profile's."
            )
            self._say(self.offer)

    def tell_decoding(self) -> None:
        """The driver's profile is another: the hand's own decoding hears of it at the next block
        of a hand that is not armed."""
        self._told = False

    # ---- switches ----

    def promote(self) -> dict[str, Any]:
        """The shadow shall drive. Raises what stands against it."""
        if self.promoted:
            name = self._control.driver.name
            raise SessionError(f"The shadow {name} drives already: demote it to go back.")
        return self._ask("promote", self._of_shadow())

    def demote(self) -> dict[str, Any]:
        """What drove before shall drive again. Raises what stands against it."""
        if not self.promoted:
            raise SessionError("No shadow has been promoted: there is nothing to bring back.")
        return self._ask("demote", self._of_shadow())

    def _of_shadow(self) -> Slot:
        if self.shadow is None:
            raise SessionError(
                "No shadow runs: start with --shadow PROFILE, or load one while disarmed."
            )
        if self.on_direct:
            raise SessionError("Direct control drives: switch it off before the shadow.")
        return self.shadow

    def direct(self, on: Any = None) -> dict[str, Any]:
        """Direct control, or back from it; `on` None: the other one. Raises what stands against
        it."""
        if on is not None and bool(on) == self.on_direct:
            return {"waiting": False, "name": self._control.driver.name}
        if self.fallback is None:
            raise ProfileError(
                "The profile in use holds no direct control: calibrate once anew to have it."
            )
        return self._ask("direct", self.fallback)

    def _ask(self, what: str, slot: Slot) -> dict[str, Any]:
        control = self._control
        if control.decoding.mode == HAND:
            raise HandError(
                "The hand decodes by itself: upload the profile to it (endplate hand upload)."
            )
        link = control.link
        self._armed = link is not None and link.armed
        if not self._armed:
            self._switch(what, slot)
            return {"waiting": False, "name": control.driver.name}
        self.waiting = what
        self._until = time.monotonic_ns() + int(WAIT_S * 1e9)
        return {"waiting": True, "name": slot.running.name}

    def cancel(self) -> None:
        """The hand is stopped: nothing that was asked for before comes after."""
        if self.waiting:
            self.waiting = ""
            self._say("The hand was stopped before the switch, which is not made: ask again.")

    def _settle(self) -> None:
        """Switches when the moment has come."""
        control, link = self._control, self._control.link
        slot = self.fallback if self.waiting == "direct" else self.shadow
        if slot is None or link is None or link.armed != self._armed:
            self.cancel()
            return
        rate_hz = control.source.info.rate_hz
        if time.monotonic_ns() > self._until:
            self.waiting = ""
            self._say(
                f"No rest came within {WAIT_S:g} s, so {slot.running.name} does not drive: ask "
                "again and relax."
            )
            return
        warm = slot.running.fed >= WARM_S * rate_hz
        if warm and min(self._still, slot.still) >= REST_S * rate_hz:
            self._switch(self.waiting, slot)

    def _switch(self, what: str, slot: Slot) -> None:
        """Exchanges the driver and the one in `slot`, from the next sample on."""
        control = self._control
        before, after = control.driver, slot.running
        slot.running = before
        control.drive_with(after, since=after.since)
        slot.hop, slot.still, self._still = None, self._still, slot.still
        self.waiting = self.offer = ""
        self._novel = 0.0
        self._say(f"{after.name} drives now instead of {before.name}.")
        if what == "direct":
            self.on_direct = not self.on_direct
        else:
            self.promoted = what == "promote"
            self.fallback = self._direct_of(after)
        self._told = False

    # ---- what watchers see ----

    def status(self) -> dict[str, Any]:
        """For the session's status."""
        shadow, fallback = self.shadow, self.fallback
        waits = fallback if self.waiting == "direct" else shadow if self.waiting else None
        shown: dict[str, Any] = {
            "waiting": self.waiting, "next": waits.running.name if waits else "",
            "offer": self.offer, "direct": self.on_direct,
            "has_direct": fallback is not None, "promoted": self.promoted,
            "drives": self._control.driver.name, "moves": self._moves(), "shadow": None,
        }  # fmt: skip
        if shadow is not None and self._virtual is not None:
            hop, dofs = shadow.hop, len(self._control.hand.dofs)
            shown["shadow"] = {
                "name": shadow.running.name,
                "path": shadow.running.path,
                "intent": _short(hop["intent"][:dofs]) if hop is not None else [0.0] * dofs,
                "velocity": _short(hop["velocity"][:dofs]) if hop is not None else [0.0] * dofs,
                "joints_deg": self._virtual.joints_deg,
                "us": shadow.spent_ns // 1000,
            }
        return shown


    def _moves(self) -> list[str]:
        """Of a driver that moves one DoF at a time, switched by co-contraction: which now."""
        driver = self._control.driver
        if driver.profile is None or driver.profile.decoder["kind"] != "direct":
            return []
        return [driver.profile.dofs[dof] for dof in driver.chain.switched]


def _short(values: np.ndarray) -> list[float]:
    return [round(float(value), 3) for value in values]
