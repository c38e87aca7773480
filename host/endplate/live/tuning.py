# SPDX-License-Identifier: GPL-3.0-or-later
"""Dead-band and gains of one DoF, changed while the patient drives it.

Only the shape of the decoder's output (shape.h) is touched, between two blocks of samples: what was
decoded stays what it was, so nothing moves that no fresh EMG asked for, and a gain that was turned
up speeds up no faster than the shape's slew lets it. The change is in the recording with the sample
from which it is in force, so that a replay has the same bytes. A profile's file is not changed:
see clinic/tuning.py for that.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from endplate.errors import HandError, ProfileError
from endplate.live.hand_decoding import HAND

if TYPE_CHECKING:
    from endplate.core import Chain
    from endplate.live.control import Control
    from endplate.live.running import Running

NAME = "tune"  # of the recording's attachments
LEAST_DEAD_BAND, MOST_DEAD_BAND = 0.03, 0.60  # below the first, noise would drive
LEAST_GAIN, MOST_GAIN = 0.1, 8.0
SIDES = ("negative", "positive")


@dataclass(frozen=True)
class Tune:
    """`negative` and `positive` are the gains of the DoF's two directions."""

    dof: str
    dead_band: float
    negative: float
    positive: float

    def __post_init__(self) -> None:
        """Raises ProfileError for what is out of range."""
        if not LEAST_DEAD_BAND <= self.dead_band <= MOST_DEAD_BAND:
            raise ProfileError(
                f"A dead-band lies between {LEAST_DEAD_BAND:g} and {MOST_DEAD_BAND:g}: choose one "
                "in between."
            )
        if not all(LEAST_GAIN <= gain <= MOST_GAIN for gain in (self.negative, self.positive)):
            raise ProfileError(
                f"A gain lies between {LEAST_GAIN:g} and {MOST_GAIN:g}: choose one in between."
            )

    @classmethod
    def of(cls, fields: Mapping[str, Any]) -> Tune:
        """From a request or a recording. Raises KeyError, TypeError, ValueError, ProfileError."""
        numbers = [float(fields[name]) for name in ("dead_band", *SIDES)]
        return cls(str(fields["dof"]), *numbers)

    def of_shapes(self, shapes: Mapping[str, Any]) -> dict[str, Any]:
        """The shapes of a profile with these numbers in that of the DoF; exponent and slew stay."""
        shape = shapes[self.dof]
        gains = {"negative": self.negative, "positive": self.positive}
        changed = {side: {**shape[side], "gain": gain} for side, gain in gains.items()}
        return {**shapes, self.dof: {**shape, "dead_band": self.dead_band, **changed}}

    def apply(self, chain: Chain, row: int) -> None:
        """To the DoF at place `row` of a chain, from its next sample on."""
        shape = chain.config.shape.dof[row]
        shape.dead_band = self.dead_band
        shape.negative.gain, shape.positive.gain = self.negative, self.positive


def tune(control: Control, wanted: Tune) -> None:
    """Of what drives now. Raises ProfileError, HandError for what cannot be tuned."""
    driver = control.driver
    profile = driver.profile
    if profile is None or wanted.dof not in profile.dofs:
        has = ", ".join(profile.dofs) if profile else "nothing"
        raise ProfileError(f"What drives moves {has}, so {wanted.dof[:40]} cannot be tuned.")
    if control.decoding.mode == HAND:
        raise HandError(
            "The hand decodes by itself with the settings it was given: tune here with its "
            "parameter decode at 0, then upload the profile (endplate hand upload)."
        )
    row = [dof.name for dof in control.hand.dofs].index(wanted.dof)
    wanted.apply(driver.chain, row)
    driver.profile = replace(profile, shape=wanted.of_shapes(profile.shape))
    control.beside.tell_decoding()  # a hand that shall decode by itself has another decoder now
    if control.journal is not None:
        text = json.dumps(asdict(wanted))
        control.journal.attach(control.next_sample, NAME, text, chain=driver.number)


def shown(driver: Running) -> dict[str, dict[str, float]]:
    """Of each DoF that is decoded: dead_band, negative, positive; for the session's status."""
    if driver.profile is None:
        return {}
    return {
        dof: {"dead_band": shape["dead_band"], **{side: shape[side]["gain"] for side in SIDES}}
        for dof, shape in driver.profile.shape.items()
    }
