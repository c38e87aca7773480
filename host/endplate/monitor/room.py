# SPDX-License-Identifier: GPL-3.0-or-later
"""What keeps the window its size, so that STOP never leaves the screen: a page that needs more than
there is room is scrolled, a line that is too long is elided or wrapped."""

from __future__ import annotations

from PyQt6.QtCore import QEvent, QObject, QSize, Qt
from PyQt6.QtGui import QPainter, QPaintEvent, QResizeEvent
from PyQt6.QtWidgets import QFrame, QLabel, QScrollArea, QWidget

LEAST = 24  # pixels of a line that may be elided
BREAK = "\N{ZERO WIDTH SPACE}"  # a line may end here


class Room(QScrollArea):
    """Around one page. It fills the room while its least size does; QScrollArea's own way of
    resizing would scroll as soon as the size that it would like is not there."""

    def __init__(self, page: QWidget, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setWidget(page)

    def minimumSizeHint(self) -> QSize:
        """Whatever the page shows."""
        return QSize(LEAST, LEAST)

    def sizeHint(self) -> QSize:
        """As small: the window has the size that it was given."""
        return QSize(LEAST, LEAST)

    def fit(self) -> None:
        """The page gets the room, or its least size where that is more."""
        page, bar = self.widget(), self.verticalScrollBar()
        if page is None or bar is None:
            return
        room = self.maximumViewportSize()
        width, height = _least(page, room.width())
        if height > room.height():
            width, height = _least(page, room.width() - bar.sizeHint().width())
        page.resize(width, max(height, room.height()))

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        """Another size of the window."""
        super().resizeEvent(event)
        self.fit()

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:
        """Something in the page has another size."""
        done = super().eventFilter(watched, event)
        if event is not None and event.type() == QEvent.Type.LayoutRequest:
            self.fit()
        return done


def _least(page: QWidget, width: int) -> tuple[int, int]:
    """Width, at least `width`, and the height that the page needs then."""
    least, layout = page.minimumSizeHint(), page.layout()
    width = max(width, least.width())
    if layout is not None and layout.hasHeightForWidth():
        return width, layout.minimumHeightForWidth(width)
    return width, least.height()


class Elided(QLabel):
    """One line that ends in an ellipsis where there is too little room; its tip has the rest."""

    def minimumSizeHint(self) -> QSize:
        """Next to nothing."""
        return QSize(min(LEAST, super().minimumSizeHint().width()), super().sizeHint().height())

    def paintEvent(self, event: QPaintEvent | None) -> None:
        """What fits."""
        room = self.contentsRect()
        end = Qt.TextElideMode.ElideRight
        said = self.fontMetrics().elidedText(self.text(), end, room.width())
        self.setToolTip(self.text() if said != self.text() else "")
        painter = QPainter(self)
        painter.drawText(room, self.alignment(), said)
        painter.end()


class Wrapped(QLabel):
    """Lines that wrap, also within a path, which has no spaces."""

    def __init__(self, text: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._said = ""
        self.setWordWrap(True)
        self.setText(text)

    def text(self) -> str:
        """As it was given."""
        return self._said

    def setText(self, text: str | None) -> None:
        """A line may end after a slash."""
        self._said = text or ""
        super().setText(self._said.replace("/", "/" + BREAK))

    def minimumSizeHint(self) -> QSize:
        """A long word does not make the window wider."""
        return QSize(LEAST, super().minimumSizeHint().height())
