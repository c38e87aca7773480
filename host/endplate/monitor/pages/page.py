# SPDX-License-Identifier: GPL-3.0-or-later
"""What the frame asks of a page."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from PyQt6.QtCore import pyqtSignal
from PyQt6.QtWidgets import QComboBox, QLabel, QWidget

from endplate.live.feed import FeedInfo
from endplate.monitor.room import Elided
from endplate.monitor.watch import Fresh

CHOOSER = 120  # pixels
ENDS_FIRST = "{} is on: end it first (Esc)."


@dataclass(frozen=True)
class Step:
    """The one obvious next step: what its button says, and whether it can be done now. `of_form`:
    it takes what is typed, so Enter in a line does it as well. `by_click`: Enter does it only while
    its button has the focus. `why` it is not ready, if something else is to be done first."""

    text: str
    ready: bool = True
    of_form: bool = False
    by_click: bool = False
    why: str = ""


class Page(QWidget):
    """A page does nothing until it is told; what a kind of page does not need it leaves out.

    `said` brings a sentence for the frame's line; `asked` a request to the control process, as
    (verb, fields); `done` that the page's work of this visit is done, True to go on to the
    next page; `changed` that its step reads
    otherwise now.
    """

    TITLE = ""
    HINT = ""  # what to click, in one sentence; see `invites`
    KINDS: tuple[str, ...] = ()  # of results of a visit in which this page's work is done
    said = pyqtSignal(str)
    asked = pyqtSignal(str, dict)
    done = pyqtSignal(bool)
    changed = pyqtSignal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        # Why nothing can be begun here now, "" nothing, from the window; asked with whether what
        # is to begin has cues.
        self.refusal: Callable[[bool], str] = lambda cued: ""

    @property
    def busy(self) -> str:
        """What the patient does on this page now, as a sentence begins with it; "": nothing."""
        return ""

    @property
    def held(self) -> bool:
        """Whether that would be lost with a look at another page."""
        return False

    @property
    def cued(self) -> bool:
        """Whether that follows cues, which go on whatever page is seen."""
        return not self.held

    def step(self) -> Step:
        """The next step."""
        return Step("")

    def invites(self) -> str:
        """What to click, of the step as it is now."""
        return self.HINT

    def do_step(self) -> None:
        """Its button, or Enter."""

    def begin(self, info: FeedInfo) -> None:
        """Another session appeared."""

    def gone(self) -> None:
        """The session ended."""

    def show_frame(self, fresh: Fresh) -> None:
        """30 times a second, while the page is seen."""

    def show_numbers(self, status: dict[str, Any]) -> None:
        """At most 5 times a second, while the page is seen: what is read as number or word."""

    def undo(self) -> bool:
        """Takes the last change on this page back; False when there is none."""
        return False

    def end(self) -> None:
        """The window closes."""


def heading(text: str) -> QLabel:
    """A 15-point heading; a long one is elided."""
    label = Elided(text)
    label.setProperty("role", "heading")
    return label


def chooser() -> QComboBox:
    """One beside others: it may be narrower than its words."""
    made = QComboBox()
    made.setMinimumWidth(CHOOSER)
    return made


def quiet(text: str = "") -> QLabel:
    """A line that explains."""
    label = QLabel(text)
    label.setProperty("role", "quiet")
    label.setWordWrap(True)
    return label
