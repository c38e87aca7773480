# SPDX-License-Identifier: GPL-3.0-or-later
"""Sites: what each pair of electrodes hears, and how well."""

from __future__ import annotations

from typing import Any

from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from endplate.live.feed import FeedInfo
from endplate.monitor.pages.page import Page, Step, heading, quiet
from endplate.monitor.site_rows import SiteRows
from endplate.monitor.theme import Palette
from endplate.monitor.traces import Traces
from endplate.monitor.watch import Fresh

EMPTY = "Traces appear here as soon as a board sends."


class SitesPage(Page):
    """Traces fill the middle; to their right one row a site."""

    TITLE = "Sites"
    HINT = (
        "Let the patient rest, then try each movement: a good site is quiet at rest and loud in "
        "one movement alone. Enter measures the contacts."
    )

    def __init__(self, palette: Palette, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.traces = Traces(palette)
        self.sites = SiteRows(palette)
        self.hint = quiet(EMPTY)
        self._columns: list[int] = []
        self._running = False

        scroll = QScrollArea()
        scroll.setWidget(self.sites)
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QScrollArea.Shape.NoFrame)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setMinimumWidth(450)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)

        whole = QHBoxLayout(self)
        whole.setContentsMargins(16, 10, 16, 6)
        whole.setSpacing(16)
        left, right = QVBoxLayout(), QVBoxLayout()
        left.addWidget(heading("Traces"))
        left.addWidget(self.traces, 1)
        left.addWidget(self.hint)
        right.addWidget(heading("Sites"))
        right.addWidget(scroll, 1)
        whole.addLayout(left, 3)
        whole.addLayout(right, 2)

    def step(self) -> Step:
        """The contacts first: everything else hangs on them."""
        return Step("Measure the contacts (4 s)", self._running)

    def do_step(self) -> None:
        """By the board's current."""
        self.asked.emit("contacts", {})

    def begin(self, info: FeedInfo) -> None:
        """Sets the views out for another session."""
        self._columns = columns = [c - 1 for c in info.montage_channels] or [*range(info.channels)]
        labels = [info.site_labels[c] for c in columns]
        self.traces.begin(info.rate_hz, labels, columns)
        self.sites.begin(labels)
        low = " At 250 samples a second only the amplitude is used." if info.rate_hz <= 250 else ""
        self.hint.setText(f"+ and - change the scale, P pauses the traces.{low}")
        self._running = True
        self.changed.emit()

    def gone(self) -> None:
        """The traces stay as they were."""
        self._running = False
        self.hint.setText(EMPTY)
        self.changed.emit()

    def show_frame(self, fresh: Fresh) -> None:
        """The newest of the traces."""
        self.traces.add(fresh.first, fresh.clean)

    def show_numbers(self, status: dict[str, Any]) -> None:
        """Verdicts and meters."""
        quality, meters = status.get("quality") or [], status.get("meters") or []
        if len(quality) == len(meters) > max(self._columns, default=0):
            self.sites.show_quality(
                [quality[c] for c in self._columns], [meters[c] for c in self._columns]
            )
