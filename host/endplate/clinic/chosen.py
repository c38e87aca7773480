# SPDX-License-Identifier: GPL-3.0-or-later
"""The profile that a visit uses, and the way back: what a calibration made is a candidate, a file
of its own beside it, until somebody uses it or lets it drive from a shadow.

The visit's profile (desk.PROFILE) is at any time what was chosen last, so that the next session and
the next visit begin with it; going back is a new version of it. Files only, for milliseconds to
seconds: not for a window's thread.
"""

from __future__ import annotations

from pathlib import Path

from endplate.clinic.desk import PROFILE
from endplate.live.profile_file import load_profile
from endplate.live.profile_versions import current, keep, restore

USED, BACK = "used", "back to an earlier visit's"
_CANDIDATES = "calibrated-"

#: A profile that was in use: its file, and the version of it, 0 for a file of another visit.
State = tuple[Path, int]


def new_candidate(folder: Path) -> Path:
    """A file for what is about to be made."""
    number = 1
    while (path := folder / f"{_CANDIDATES}{number}.json").exists():
        number += 1
    return path


class Chosen:
    """Of the visit in `folder`. Every method raises ProfileError, and has changed nothing then."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._before: list[State] = []
        self._promoted_from: State | None = None

    @property
    def profile(self) -> Path:
        """The visit's."""
        return self._folder / PROFILE

    def is_candidate(self, path: Path) -> bool:
        """Whether it was made in this visit and lies beside the profile."""
        return path.parent == self._folder and path.name.startswith(_CANDIDATES)

    def use(self, path: Path, loaded: Path | None) -> Path:
        """Uses a profile instead of the one that is loaded; where it is now."""
        before = self._state(loaded)
        self._adopt(path, USED)
        if before is not None:
            self._before.append(before)
        return self.profile

    def undo(self) -> Path | None:
        """What was used before; None when there is nothing."""
        if not self._before:
            return None
        self._back_to(self._before[-1])
        self._before.pop()
        return self.profile

    def promoted(self, path: Path, before: Path | None) -> Path | None:
        """A shadow drives, instead of `before`; where it is now when it was a candidate."""
        if not self.is_candidate(path):
            return None
        state = self._state(before)
        self._adopt(path, USED)
        self._promoted_from = state
        return self.profile

    def demoted(self) -> Path | None:
        """What drove before drives again; where it is now, when the shadow had been adopted."""
        if self._promoted_from is None:
            return None
        self._back_to(self._promoted_from)
        self._promoted_from = None
        return self.profile

    def _state(self, loaded: Path | None) -> State | None:
        if loaded is None:
            return None
        if loaded != self.profile:
            return loaded, 0
        version = current(loaded)
        return loaded, version.number if version is not None else 0

    def _back_to(self, state: State) -> None:
        path, number = state
        if number:
            restore(path, number)
        elif path != self.profile:
            self._adopt(path, BACK)

    def _adopt(self, path: Path, why: str) -> None:
        if path != self.profile:
            keep(load_profile(path), self.profile, why)
