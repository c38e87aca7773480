# SPDX-License-Identifier: GPL-3.0-or-later
"""Jobs (work.py) on what a guided recording heard: a profile of it, or what its sites are worth."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from endplate.fit.calibration import from_guided
from endplate.fit.donning.remedies import WHY
from endplate.fit.donning.today import Comparison, compare
from endplate.fit.guided.guide import Guided
from endplate.fit.recorded.cued import Recorded, listen
from endplate.fit.sites.site_test import Judged, judge
from endplate.hardware import load_hand, load_montage
from endplate.live.feed import FeedInfo
from endplate.live.profile_file import load_profile
from endplate.live.profile_versions import keep


@dataclass(frozen=True)
class Heard:
    """What there is to work on: `montage` and `hand` are names or paths of their files."""

    guided: Guided
    info: FeedInfo
    montage: str
    hand: str

    def recorded(self) -> Recorded:
        """As what reads a recording has it."""
        guided, info = self.guided, self.info
        return Recorded(
            guided.counts, info.rate_hz, info.uv_per_count, info.full_scale_uv, info.mains_hz,
            guided.cues,
        )  # fmt: skip


@dataclass(frozen=True)
class Made:
    """A profile that was made; `report` is its own."""

    path: Path
    version: int
    name: str
    dofs: tuple[str, ...]
    site_labels: tuple[str, ...]
    report: dict[str, Any]

    def told(self) -> dict[str, Any]:
        """As a visit keeps it."""
        return {"profile": self.path.name, "version": self.version, "report": self.report,
                "dofs": list(self.dofs), "sites": list(self.site_labels)}  # fmt: skip


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
        return calibrated(self.out, keep(profile, self.out, self.why).number)


def calibrated(path: Path, number: int) -> Made:
    """What a profile that is there says of itself. Raises ProfileError."""
    profile = load_profile(path)
    return Made(path, number, profile.name, tuple(profile.dofs), tuple(profile.site_labels),
                profile.report)  # fmt: skip


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


def remedied(found: Comparison, remedy: str, out: Path) -> Made:
    """Keeps what a comparison made, as a version of `out`. Raises CalibrationError for a remedy
    that does not apply."""
    made = found.remedy(remedy).profile
    assert made is not None
    return calibrated(out, keep(made, out, WHY[remedy]).number)


@dataclass(frozen=True)
class SiteTest:
    """Says what the sites are worth in `mode` (site_test.MODES) for `dofs`."""

    heard: Heard
    dofs: tuple[str, ...]
    mode: str

    def run(self, tell: Callable[[str], None]) -> Judged:
        """Tells how many sites are left."""
        cued = listen(
            self.heard.recorded(), load_montage(self.heard.montage), load_hand(self.heard.hand),
            list(self.dofs), least_repetitions=2, testing=True,
        )  # fmt: skip
        return judge(cued, self.mode, lambda n: tell(f"Leaving out site after site: {n} left ..."))
