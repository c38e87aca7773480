# SPDX-License-Identifier: GPL-3.0-or-later
"""The report beside the trends: which visit's, its first sheet as it would be printed, and the
button that writes it. Drawn anew, a moment after something has changed, by another process."""

from __future__ import annotations

from datetime import date

from PyQt6.QtCore import QRectF, QSize, Qt, QTimer, pyqtSignal
from PyQt6.QtGui import QColor, QPainter, QPaintEvent, QPixmap
from PyQt6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from endplate.clinic.records.visits import Visit
from endplate.clinic.work import Done, Work
from endplate.errors import EndplateError
from endplate.monitor.here import Here
from endplate.monitor.pages.page import quiet
from endplate.monitor.report_jobs import Files, Preview, Written

CALM_MS = 500  # after the last change
LOOK_MS = 100
EMPTY = "The report of a visit stands here once there is one."
DRAWING = "The report is being drawn ..."
A4 = 297 / 210
EDGE = "#9A9A96"  # of the paper, in both themes


class Sheet(QWidget):
    """A sheet of paper, as large as there is room."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._pixmap: QPixmap | None = None
        self._scaled: QPixmap | None = None
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName("First page of the report")

    def sizeHint(self) -> QSize:
        """Readable."""
        return QSize(400, round(400 * A4))

    def minimumSizeHint(self) -> QSize:
        """Recognisable."""
        return QSize(260, round(260 * A4))

    @property
    def blank(self) -> bool:
        """Nothing was drawn yet."""
        return self._pixmap is None

    def show_png(self, data: bytes) -> None:
        """Another sheet; b"" none."""
        self._pixmap, self._scaled = None, None
        if data:
            self._pixmap = QPixmap()
            self._pixmap.loadFromData(data, "PNG")
        self.update()

    def paintEvent(self, event: QPaintEvent | None) -> None:
        """Smoothly scaled, once for each size."""
        if self._pixmap is None:
            return
        ratio = self.devicePixelRatioF()
        wanted = QSize(self.width(), self.height()) * ratio
        if self._scaled is None or not _fills(self._scaled.size(), wanted):
            self._scaled = self._pixmap.scaled(
                wanted, Qt.AspectRatioMode.KeepAspectRatio,
                Qt.TransformationMode.SmoothTransformation,
            )  # fmt: skip
            self._scaled.setDevicePixelRatio(ratio)
        painter = QPainter(self)
        painter.drawPixmap(0, 0, self._scaled)
        painter.setPen(QColor(EDGE))
        size = self._scaled.deviceIndependentSize()
        painter.drawRect(QRectF(0.5, 0.5, size.width() - 1, size.height() - 1))
        painter.end()


def _fills(size: QSize, wanted: QSize) -> bool:
    """Whether a picture of that size is as large as there is room."""
    return abs(size.width() - wanted.width()) <= 1 or abs(size.height() - wanted.height()) <= 1


class ReportPane(QWidget):
    """`said` brings a sentence, `changed` that writing began or ended."""

    said = pyqtSignal(str)
    changed = pyqtSignal()

    def __init__(self, here: Here, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._here = here
        self._shown: object = None  # what the sheet is of
        self._drawing: Work | None = None
        self._writing: Work | None = None
        self.visits, self.sheet, self.word = QComboBox(), Sheet(), quiet(EMPTY)
        self.visits.setAccessibleName("Visit of the report")
        self.visits.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        self.visits.activated.connect(lambda: self.refresh())
        self.button = QPushButton("Write the report")
        self.button.setToolTip(
            "PDF and HTML into the visit's folder, its figures computed again from the recordings"
        )
        self.button.clicked.connect(self.write)
        label = QLabel("Visit")
        label.setBuddy(self.visits)
        row = QHBoxLayout()
        row.addStretch(1)
        row.addWidget(label)
        row.addWidget(self.visits)
        row.addWidget(self.button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addLayout(row)
        column.addWidget(self.word)
        column.addWidget(self.sheet, 1)
        self._calm, self._looking = QTimer(self), QTimer(self)
        self._calm.setSingleShot(True)
        self._calm.setInterval(CALM_MS)
        self._calm.timeout.connect(self._draw)
        self._looking.setInterval(LOOK_MS)
        self._looking.timeout.connect(self._look)
        self._turn()

    # ---- which visit ----

    def show_visits(self, visits: list[Visit]) -> None:
        """The newest first; the one that was chosen stays so, else that which is on."""
        chosen = self.visits.currentData()
        self.visits.clear()
        for visit in visits:
            on = self._here.visit is not None and visit.uid == self._here.visit.uid
            self.visits.addItem(f"{visit.began:%Y-%m-%d}{', on now' * on}", visit.uid)
        self.visits.setCurrentIndex(max(0, self.visits.findData(chosen)) if visits else -1)
        self._turn()
        self.refresh()

    @property
    def visit(self) -> str:
        """Uid of the chosen one, "" for none."""
        return str(self.visits.currentData() or "")

    # ---- its first sheet ----

    def refresh(self) -> None:
        """Something may have changed: drawn anew when it has, once that has stopped."""
        if not self.visit:
            self._shown = None
            self._calm.stop()
            self.sheet.show_png(b"")
        elif self.isVisible():
            self._calm.start()

    def _draw(self) -> None:
        try:
            state = self._state()
        except EndplateError as error:
            self.said.emit(str(error))
            return
        if state == self._shown or self._here.folder is None or not self.visit:
            return
        self._stop(self._drawing)
        self._shown = state
        self._drawing = Work(Preview(self._here.folder, self.visit, date.today()))
        self._looking.start()
        self._turn()

    def _state(self) -> object:
        """Everything that a report is made of."""
        here, uid = self._here, self.visit
        if here.patient is None or not uid:
            return None
        visit = here.visits.find(uid)
        recordings = tuple((path.name, path.stat().st_mtime_ns) for path in visit.recordings())
        results = here.visits.uids(here.patient)
        scores = tuple(one.uid for one in here.scores.of(here.patient))
        return here.patient, visit, recordings, results, scores

    # ---- its files ----

    def write(self) -> None:
        """Of the chosen visit, into its folder."""
        here = self._here
        if here.patient is None or here.folder is None:
            self.said.emit("Choose a patient on the first page.")
            return
        if not self.visit:
            self.said.emit(f"{here.patient.code} has no visit yet, so there is nothing to report.")
            return
        if self._writing is not None:
            return
        try:
            visit = here.visits.find(self.visit)
        except EndplateError as error:
            self.said.emit(str(error))
            return
        out = visit.folder / f"report-{here.patient.code}-{visit.began:%Y-%m-%d}"
        self._writing = Work(Files(here.folder, visit.uid, out, date.today()))
        self._looking.start()
        self._turn()

    # ---- what the other processes say ----

    def _look(self) -> None:
        for name in ("_drawing", "_writing"):
            work = getattr(self, name)
            while work is not None and (news := work.poll()) is not None:
                if isinstance(news, str):
                    self.word.setText(news)
                    continue
                work = self._stop(work)
                setattr(self, name, None)
                self._turn()
                self._take(news.result if isinstance(news, Done) else news)
        if self._drawing is None and self._writing is None:
            self._looking.stop()

    def _take(self, found: object) -> None:
        if isinstance(found, bytes):
            self.sheet.show_png(found)
            self._turn()
        elif isinstance(found, Written):
            self.said.emit(" ".join([f"Written: {found.pdf}.", *found.said]))
        else:
            self._shown = None  # tried again at the next change
            self.said.emit(str(found))

    @staticmethod
    def _stop(work: Work | None) -> None:
        if work is not None:
            work.stop()

    def _turn(self) -> None:
        writing = self._writing is not None
        self.button.setEnabled(not writing and self.visits.count() > 0)
        self.visits.setEnabled(not writing and self.visits.count() > 1)
        if writing:
            self.word.setText("The figures are computed again from the recordings ...")
        elif self.visits.count() == 0:
            self.word.setText(EMPTY)
        else:
            self.word.setText(DRAWING if self._drawing is not None and self.sheet.blank else "")
        self.word.setVisible(bool(self.word.text()))
        self.changed.emit()

    def end(self) -> None:
        """The window closes: what is not written yet is given up."""
        self._calm.stop()
        self._looking.stop()
        for work in (self._drawing, self._writing):
            self._stop(work)
        self._drawing = self._writing = None
