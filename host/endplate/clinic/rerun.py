# SPDX-License-Identifier: GPL-3.0-or-later
"""The figures of a visit computed again from its recordings, and held against those that were kept.

Each result says what it was made of (made_of.py; tests name the hops that they were played with):
sites and calibration go through the same functions again with the same stretch of samples, tests
are played again with the velocities of the recording decoded anew, and timed tasks are timed by the
recording's marks. Every figure must come out as it was kept, to the last digit. What a recording
does not have is left, and said: a count that was typed, the joints of a hand, efforts of a
separation task. A recording that is still open is left alone.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from endplate.clinic.desk import PROFILE
from endplate.clinic.made_of import KEY, MadeOf
from endplate.clinic.records.database import Database
from endplate.clinic.records.visits import SHAPELESS, Result, Visit, Visits
from endplate.clinic.remarked import marked
from endplate.clinic.trials import kinds
from endplate.clinic.trials.tac import HAND, TacRun
from endplate.clinic.trials.timed import TASKS
from endplate.core import TARGET_UNIT
from endplate.errors import EndplateError, RecordingError, RecordsError
from endplate.fit.calibration import calibrate
from endplate.fit.donning.today import compare
from endplate.fit.recorded.cued import listen
from endplate.fit.recorded.cues import only
from endplate.fit.sites.site_test import judge, told
from endplate.hardware import load_hand
from endplate.live.bdf import Recording
from endplate.live.decoded import driven
from endplate.live.journal import journal_path
from endplate.live.profile import Profile
from endplate.live.profile_file import parsed
from endplate.live.profile_versions import versions
from endplate.live.recording import read_recording

NAMES = {"sites": "site test", "calibration": "calibration",
         "separation": "separation task"}  # and those of the tests
MOST_SAID = 12  # differences in words; of more only how many

Tell = Callable[[str], None]


@dataclass(frozen=True)
class Difference:
    """One figure that came out otherwise."""

    what: str
    kept: Any
    again: Any

    def __str__(self) -> str:
        """For the user."""
        return f"{self.what}: {_shown(self.kept)} was kept, {_shown(self.again)} came out again."


@dataclass(frozen=True)
class Rerun:
    """`figures` that were computed again, those that `differ`, and in `left` a sentence for each
    result that was not, or not all of it; `broken`: it ought to have been, and could not."""

    figures: int
    differ: tuple[Difference, ...]
    left: tuple[str, ...]
    broken: bool = False

    @property
    def good(self) -> bool:
        """Nothing speaks against the records."""
        return not self.differ and not self.broken

    def said(self) -> list[str]:
        """Sentences."""
        same = self.figures - len(self.differ)
        lines = [f"{same} of {self.figures} figures are the same when computed again from the "
                 "recording."] if self.figures else []  # fmt: skip
        lines += [str(one) for one in self.differ[:MOST_SAID]]
        if len(self.differ) > MOST_SAID:
            lines.append(f"{len(self.differ) - MOST_SAID} more differ.")
        return lines + list(self.left)


@dataclass(frozen=True)
class Job:
    """The same as a job of work.py, on the records in `folder`."""

    folder: Path
    visit: str

    def run(self, tell: Tell) -> Rerun:
        """Of the visit with that uid."""
        with Database(self.folder) as database:
            visits = Visits(database)
            return rerun(visits, visits.find(self.visit), tell)


def rerun(visits: Visits, visit: Visit, tell: Tell) -> Rerun:
    """Of everything that the visit brought; `tell` hears what is being computed."""
    there = _Recordings(visit)
    figures, differ, left, broken = 0, [], [], False
    for result in visits.results(visit):
        name = f"{_name(result.kind)} of {result.made:%H:%M}"
        tell(f"Computing the {name} again ...")
        try:
            kept, again = _again(result, there, visits)
            if not kept:
                raise ValueError("no figures")
        except RecordingError as error:
            left.append(f"The {name} cannot be computed again: {error}")
            broken = True
        except _Left as error:
            left.append(f"The {name} was not computed again: {error}")
        except EndplateError as error:
            left.append(f"The {name} cannot be computed again: {error}")
            broken = True
        except SHAPELESS:
            left.append(f"The {name} cannot be computed again: what was kept of it cannot be read.")
            broken = True
        else:
            if _typed(result):
                left.append(f"The count of the {name} was typed in; only its time is computed "
                            "again.")  # fmt: skip
            sites = result.content.get("sites") or []
            for where, first, second in _pairs(kept, again, (), sites):
                figures += 1
                if first != second:
                    what = f"{name[0].upper()}{name[1:]}, {where}"
                    differ.append(Difference(what, first, second))
    return Rerun(figures, tuple(differ), tuple(left), broken)


def _name(kind: str) -> str:
    """For people, within a sentence."""
    return kinds.TESTS[kind].name if kind in kinds.TESTS else NAMES.get(kind, kind)


class _Left(EndplateError):
    """Why something is not computed again, and nothing is wrong."""


class _Recordings:
    """Those of a visit; one at a time is kept in memory."""

    def __init__(self, visit: Visit) -> None:
        self.visit = visit
        self._name = ""
        self._read: Recording | None = None
        self._driven: tuple[np.ndarray, np.ndarray] | None = None

    def of(self, name: str) -> Recording:
        """By its name without ending. Raises RecordingError, _Left for one that is still open."""
        if not name:
            raise _Left("nothing was recorded when it was made.")
        if name != self._name or self._read is None:
            self._name, self._read, self._driven = "", None, None
            self._read = read_recording(self._path(name))
            self._name = name
        return self._read

    def _path(self, name: str) -> Path:
        if "/" in name or name.startswith("."):
            raise RecordingError(f"{name[:40]} is no name of a recording.")
        if journal_path(self.visit.folder / name).exists():
            raise _Left("its recording is still being written; end the visit first.")
        path = self.visit.folder / f"{name}.bdf"
        if not path.exists():
            raise RecordingError(f"the recording {path.name} is not in the visit's folder.")
        return path

    def velocities(self, name: str) -> tuple[np.ndarray, np.ndarray]:
        """Index of the newest sample of each hop that drove, and velocities [hops, DoF]: targets,
        as the tests are told them."""
        recording = self.of(name)
        if self._driven is None:
            with tempfile.TemporaryDirectory(prefix="endplate-") as place:
                samples, hops = driven(recording, Path(place))
            self._driven = samples, hops["target"] / TARGET_UNIT
        return self._driven


def _again(
    result: Result, there: _Recordings, visits: Visits
) -> tuple[dict[str, Any], dict[str, Any]]:
    """What was kept, and the same computed again."""
    content = result.content
    if result.kind in kinds.TESTS:
        kept, again = content["figures"], _plain(_played_again(result, there))
        if _typed(result):
            kept, again = ({name: value for name, value in of.items() if name != "score"}
                           for of in (kept, again))  # fmt: skip
        return kept, again
    if result.kind not in ("sites", "calibration"):
        if result.kind == "separation":
            raise _Left("it keeps neither its samples nor the rest that its efforts were measured "
                        "from.")  # fmt: skip
        raise _Left("this Endplate does not know what it was computed from.")
    try:
        made_of = MadeOf.of(content)
    except (KeyError, TypeError):
        raise RecordsError("what it was made of cannot be read.") from None
    if made_of is None:
        raise _Left("it does not say what it was made of; an older Endplate kept it.")
    recording = there.of(made_of.recording)
    heard = made_of.heard(recording)
    if heard is None:
        raise RecordingError(f"the recording {made_of.recording}.bdf lacks its samples.")
    hand, options = load_hand(made_of.hand), dict(made_of.options)
    if result.kind == "sites":
        kept = {name: value for name, value in content.items() if name != KEY}
        dofs = list(options["dofs"])
        cued = listen(
            replace(heard, cues=only(heard.cues, dofs)), made_of.montage, hand, dofs,
            least_repetitions=2, testing=True,
        )  # fmt: skip
        return kept, _plain(told(judge(cued, options["mode"])))
    if remedy := options.get("remedy"):
        before = _parent(content, recording, there.visit, visits)
        made = compare(before, heard, montage=made_of.montage, hand=hand).remedy(remedy).profile
        return content["report"], _plain(made.report if made else {})
    profile = calibrate(
        heard.counts, heard.rate_hz, heard.uv_per_count, heard.full_scale_uv, heard.cues,
        montage=made_of.montage, hand=hand, board="", mains_hz=made_of.mains_hz, **options,
    )  # fmt: skip
    return content["report"], _plain(profile.report)


def _played_again(result: Result, there: _Recordings) -> dict[str, Any]:
    """Figures of a test, from the velocities that the recording gives, or its marks."""
    content = result.content
    if result.kind == TacRun.kind and content["rules"]["on"] == HAND:
        raise _Left("the hand's own joints were judged, and a recording has no joints.")
    if "first_sample" not in content:
        raise _Left("it does not say what it was made of; an older Endplate kept it.")
    first, last = int(content["first_sample"]), int(content["last_sample"])
    name = str(content.get("recording") or "").removesuffix(".bdf")
    recording = there.of(name)
    if result.kind in TASKS:
        timed = {**content, **marked(recording, TASKS[result.kind], first)}
        return kinds.again(result.kind, timed, np.zeros((0, 0)), 0.0)
    if not recording.first <= first <= last < recording.first + len(recording.counts):
        raise RecordingError(f"the recording {name}.bdf lacks its samples.")
    hop_seconds = float(recording.meta.get("hop_samples") or 0) / recording.rate_hz
    samples, velocities = there.velocities(name)
    columns = [recording.dofs.index(dof) for dof in content["dofs"]]
    played = velocities[(samples >= first) & (samples <= last)][:, columns]
    if len(played) != content.get("hops", len(played)):
        raise RecordsError(
            f"it was played with {content['hops']} of the {len(played)} hops in the recording, so "
            "the window was too slow to see all of them."
        )
    return kinds.again(result.kind, content, played, hop_seconds)


def _typed(result: Result) -> bool:
    """Whether somebody counted, so that no recording knows its score."""
    return result.kind in TASKS and result.content.get("count") is not None


def _parent(
    content: Mapping[str, Any], recording: Recording, visit: Visit, visits: Visits
) -> Profile:
    """The profile that a remedy was applied to. Raises RecordsError."""
    wanted = content["report"]["donning"]
    texts = [recording.meta.get("profile_text") or ""]
    texts += [one["text"] for one in recording.meta.get("attachments", [])
              if one["name"] == "profile"]  # fmt: skip
    found = [parsed(text, "the recording") for text in texts if text]
    folders = dict.fromkeys([visit.folder, *visit.folder.parent.glob("*")])
    for folder in folders:
        found += [one.profile for one in versions(folder / PROFILE) if one.profile is not None]
    for profile in found:
        if (profile.name, profile.created) == (wanted["parent"], wanted["parent_created"]):
            return profile
    raise RecordsError(f"the profile {wanted['parent']} that it was made of is not there any more.")


def _plain(value: Any) -> Any:
    """As it comes back from the records."""
    return json.loads(json.dumps(value))


def _pairs(
    kept: Any, again: Any, at: tuple[str, ...], sites: list[str]
) -> Iterator[tuple[str, Any, Any]]:
    """Every figure and word that was kept, where it stands, and as it came out again. What a newer
    Endplate computes besides was not kept, so it cannot differ."""
    if isinstance(kept, dict) and isinstance(again, dict):
        for name in kept:
            yield from _pairs(kept[name], again.get(name), (*at, str(name)), sites)
    elif isinstance(kept, list) and isinstance(again, list) and len(kept) == len(again):
        names = sites if len(kept) == len(sites) else [str(n + 1) for n in range(len(kept))]
        for name, first, second in zip(names, kept, again, strict=True):
            yield from _pairs(first, second, (*at, name), sites)
    else:
        yield " · ".join(at).replace("_", " "), kept, again


def _shown(value: Any) -> str:
    """Short enough for a line."""
    text = "nothing" if value is None else str(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
