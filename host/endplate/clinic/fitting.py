# SPDX-License-Identifier: GPL-3.0-or-later
"""Jobs (work.py) on what a guided recording heard: a profile of it, or what its sites are worth."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from endplate.clinic.made_of import MadeOf
from endplate.fit.calibration import from_guided
from endplate.fit.donning.remedies import WHY
from endplate.fit.donning.today import Comparison, compare
from endplate.fit.guided.guide import Guided
from endplate.fit.recorded.cued import Recorded, listen
from endplate.fit.sites.site_test import Judged, judge, told
from endplate.hardware import load_hand, load_montage
from endplate.live.feed import FeedInfo
from endplate.live.profile_file import load_profile
from endplate.live.profile_versions import keep


@dataclass(frozen=True)
class Heard:
    """What there is to work on: `montage` and `hand` are names or paths of their files, `recording`
    the name of the session's, "" when there is none."""

    guided: Guided
    info: FeedInfo
    montage: str
    hand: str
    recording: str = ""

    def recorded(self) -> Recorded:
        """As what reads a recording has it."""
        guided, info = self.guided, self.info
        return Recorded(
            guided.counts, info.rate_hz, info.uv_per_count, info.full_scale_uv, info.mains_hz,
            guided.cues,
        )  # fmt: skip

    def made_of(self, **options: Any) -> MadeOf:
        """For the result; `options` are those of the computation. Raises HardwareError."""
        return MadeOf(
            self.recording, self.guided.first, len(self.guided.counts), self.info.mains_hz,
            load_montage(self.montage), self.hand, options,
        )  # fmt: skip


@dataclass(frozen=True)
class Made:
    """A profile that was made; `report` is its own, `made_of` as MadeOf.told()."""

    path: Path
    version: int
    name: str
    dofs: tuple[str, ...]
    site_labels: tuple[str, ...]
    report: dict[str, Any]
    created: str = ""  # by which a result is known as that of a profile
    made_of: dict[str, Any] = field(default_factory=dict)

    def told(self) -> dict[str, Any]:
        """As a visit keeps it."""
        return {"profile": self.path.name, "version": self.version, "report": self.report,
                "name": self.name, "created": self.created,
                "dofs": list(self.dofs), "sites": list(self.site_labels),
                **self.made_of}  # fmt: skip


@dataclass(frozen=True)
class Calibration:
    """Makes a profile, keeps it as a version of `out`."""

    heard: Heard
    out: Path
    why: str = "calibrated"

    def run(self, tell: Callable[[str], None]) -> Made:
        """Tells the name of each decoder that is tried."""
        heard, info = self.heard, self.heard.info
        profile = from_guided(
            heard.guided, info, montage=load_montage(heard.montage), hand=load_hand(heard.hand),
            board=info.board, mains_hz=int(info.mains_hz),
            progress=lambda name: tell(f"Trying {name} on what was left out of its training ..."),
        )  # fmt: skip
        made_of = self.heard.made_of(decoder="auto", combined=True, all_dofs=False)
        return calibrated(self.out, keep(profile, self.out, self.why).number, made_of)


def calibrated(path: Path, number: int, made_of: MadeOf | None = None) -> Made:
    """What a profile that is there says of itself. Raises ProfileError."""
    profile = load_profile(path)
    return Made(path, number, profile.name, tuple(profile.dofs), tuple(profile.site_labels),
                profile.report, profile.created, made_of.told() if made_of else {})  # fmt: skip


@dataclass(frozen=True)
class Donning:
    """Holds today's electrodes against those of a profile, `before`."""

    heard: Heard
    before: Path

    def run(self, tell: Callable[[str], None]) -> Comparison:
        """Says nothing on its way: it takes seconds."""
        profile = load_profile(self.before)
        return compare(
            profile, self.heard.recorded(), montage=load_montage(self.heard.montage),
            hand=load_hand(self.heard.hand),
        )  # fmt: skip


def remedied(found: Comparison, remedy: str, out: Path, heard: Heard) -> Made:
    """Keeps what a comparison of what was `heard` made, as a version of `out`. Raises
    CalibrationError for a remedy that does not apply."""
    made = found.remedy(remedy).profile
    assert made is not None
    made_of = heard.made_of(remedy=remedy)
    return calibrated(out, keep(made, out, WHY[remedy]).number, made_of)


@dataclass(frozen=True)
class SiteTest:
    """Says what the sites are worth in `mode` (site_test.MODES) for `dofs`."""

    heard: Heard
    dofs: tuple[str, ...]
    mode: str

    def told(self, found: Judged) -> dict[str, Any]:
        """As a visit keeps it."""
        made_of = self.heard.made_of(mode=self.mode, dofs=list(self.dofs))
        return {**told(found), **made_of.told()}

    def run(self, tell: Callable[[str], None]) -> Judged:
        """Tells how many sites are left."""
        cued = listen(
            self.heard.recorded(), load_montage(self.heard.montage), load_hand(self.heard.hand),
            list(self.dofs), least_repetitions=2, testing=True,
        )  # fmt: skip
        return judge(cued, self.mode, lambda n: tell(f"Leaving out site after site: {n} left ..."))
