# SPDX-License-Identifier: GPL-3.0-or-later
"""Below the traces, in turn with the movements: the selected site's spectrum, the warm-up meter,
and how the separation task went so far."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PyQt6.QtWidgets import QHBoxLayout, QLabel, QSpinBox, QVBoxLayout, QWidget

from endplate.clinic.trials.separation import USUAL_TARGETS, said
from endplate.errors import EndplateError
from endplate.fit.sites.warmup import Warmup
from endplate.live.feed import FeedInfo
from endplate.monitor.here import Here
from endplate.monitor.pages.page import heading, quiet
from endplate.monitor.rest_view import RestView
from endplate.monitor.site_words import settled
from endplate.monitor.spectrum_view import SpectrumView
from endplate.monitor.theme import Palette
from endplate.monitor.traces import Traces

MOST = 3  # results in the line
NONE_YET = "choose two sites (T), show them (B), then Enter."


class SignalPanel(QWidget):
    """`hear` the status always, `show_site` while it is seen."""

    def __init__(self, palette: Palette, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.spectrum, self.rest = SpectrumView(palette), RestView(palette)
        self.title = heading("Selected site, and whether the skin settles")  # the page lays it out
        self.warmup = Warmup(0)
        self._columns: list[int] = []
        self._meters: list[dict[str, Any]] = []
        self.results = quiet(NONE_YET)
        self.targets = QSpinBox()
        self.targets.setRange(4, 40)
        self.targets.setValue(USUAL_TARGETS)
        self.targets.setSuffix(" targets")
        self.targets.setToolTip("Of the separation task")
        views, task = QHBoxLayout(), QHBoxLayout()
        views.setSpacing(16)
        views.addWidget(self.spectrum, 3)
        views.addWidget(self.rest, 2)
        task.addWidget(QLabel("Separation task"))
        task.addWidget(self.targets)
        task.addWidget(self.results, 1)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 4, 0, 0)
        whole.addLayout(views, 1)
        whole.addLayout(task)

    def begin(self, info: FeedInfo, columns: Sequence[int]) -> None:
        """Another session; `columns` of its sites."""
        self._columns, self._meters = list(columns), []
        self.warmup = Warmup(len(columns))
        self.spectrum.begin(info.rate_hz, info.mains_hz)

    def hear(self, status: dict[str, Any]) -> None:
        """Follows the rest noise."""
        meters, board = status.get("meters") or [], status.get("board") or {}
        if len(meters) > max(self._columns, default=0) and board.get("rate_hz"):
            self._meters = [meters[column] for column in self._columns]
            self.warmup.hear(
                float(board.get("samples") or 0) / float(board["rate_hz"]), self._meters
            )

    @property
    def settling(self) -> str:
        """Whether the skin has settled, in words."""
        return settled(self.warmup.settling)

    def show_site(self, traces: Traces, label: str) -> None:
        """The selected one, as it is in the picture that is shown."""
        index = traces.selected
        rest = float(self._meters[index].get("rest_uv") or 0.0) if self._meters else 0.0
        held = traces.paused or traces.frozen
        self.spectrum.show_signal(index, label, traces.signal(), rest, held)
        self.rest.show_warmup(self.warmup, index)

    def show_results(self, here: Here) -> None:
        """Of the patient who is here, the newest first, one line for all."""
        if here.patient is None:
            return
        try:
            found = [
                one for visit in here.visits.of(here.patient)
                for one in reversed(here.visits.results(visit, "separation"))
            ]  # fmt: skip
        except EndplateError as error:
            self.results.setText(str(error))
            return
        lines = [f"{one.made:%Y-%m-%d} {said(one.content)}" for one in found[:MOST]]
        self.results.setText(" · ".join(lines) or NONE_YET)
