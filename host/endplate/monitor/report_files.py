# SPDX-License-Identifier: GPL-3.0-or-later
"""A report as files: its pictures drawn by the window's own views, HTML, and PDF on A4."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from PyQt6.QtCore import QBuffer, QByteArray, QIODevice, QMarginsF, QRectF, QSizeF
from PyQt6.QtGui import (
    QAbstractTextDocumentLayout,
    QColor,
    QImage,
    QPageLayout,
    QPageSize,
    QPainter,
    QPalette,
    QPdfWriter,
    QPixmap,
    QTextDocument,
)
from PyQt6.QtWidgets import QWidget

from endplate.clinic.report.content import Report
from endplate.clinic.report.page import page, unbroken
from endplate.errors import RecordsError
from endplate.monitor.limb_view import LimbView, Shown
from endplate.monitor.theme import LIGHT
from endplate.monitor.trend_view import TrendView

PAPER = replace(LIGHT, ground="#FFFFFF", panel="#FFFFFF", text="#000000", quiet="#444444",
                line="#BBBBBB")  # fmt: skip
SHARP = 3  # pixels of a picture for one on the page
LIMB, LIMB_SHOWN = (320, 220), 270  # pixels; drawn larger than it is shown
TREND, TREND_SHOWN = (200, 84), 158
MARGIN_MM, DPI = 15.0, 96
A4_MM = (210.0, 297.0)
MOST_PAGES = 2
ZOOMS = (1.0, 0.93, 0.87, 0.81, 0.75, 0.7)  # the first at which it fits on MOST_PAGES


def write_report(made: Report, out: Path) -> list[Path]:
    """Writes `out`.html and `out`.pdf, both or none. Needs a QApplication. Raises RecordsError."""
    text = page(made, pictures(made))
    html, pdf = out.with_name(out.name + ".html"), out.with_name(out.name + ".pdf")
    write_both({html: text.encode(), pdf: printed(text, made.name)})
    return [html, pdf]


def write_both(files: dict[Path, bytes]) -> None:
    """All of them whole, or none of them: what stood there before is put back. Raises
    RecordsError."""
    parts = {path: path.with_name(f".{path.name}.part") for path in files}
    before = {path: path.with_name(f".{path.name}.before") for path in files}
    done: list[Path] = []
    try:
        for path, data in files.items():
            with parts[path].open("wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
        for path in files:
            with suppress(FileNotFoundError):
                shutil.copyfile(path, before[path])
        for path, part in parts.items():
            os.replace(part, path)
            done.append(path)
    except OSError as error:
        for path in done:
            with suppress(OSError):
                os.replace(before[path], path) if before[path].exists() else path.unlink()
        where = next(iter(files)).with_suffix("")
        raise RecordsError(
            f"The report cannot be written to {where} ({error.strerror}): nothing was written; "
            "choose another place, or make room."
        ) from None
    finally:
        for extra in (*parts.values(), *before.values()):
            with suppress(OSError):
                extra.unlink()


def pictures(made: Report) -> dict[str, tuple[bytes, int]]:
    """The limb, and each trend without its words."""
    found = {}
    if made.limb is not None:
        limb = LimbView(PAPER)
        limb.show_limb(
            made.limb.level, made.limb.side,
            [Shown(site.label, site.position, site.used) for site in made.limb.sites],
        )  # fmt: skip
        found["limb"] = _png(limb, *LIMB), LIMB_SHOWN
    for trend in made.trends:
        view = TrendView(PAPER, trend, made.since, made.day, words=False)
        found[trend.name] = _png(view, *TREND), TREND_SHOWN
    return found


def _png(widget: QWidget, width: int, height: int) -> bytes:
    widget.setStyleSheet("background: #FFFFFF; font-size: 10pt;")
    widget.resize(width, height)
    drawn = QPixmap(width * SHARP, height * SHARP)
    drawn.setDevicePixelRatio(SHARP)
    drawn.fill()
    widget.render(drawn)
    return _png_of(drawn)


def _png_of(image: QPixmap | QImage) -> bytes:
    return _into(lambda buffer: image.save(buffer, "PNG"))


def _into(write: Callable[[QBuffer], object]) -> bytes:
    data = QByteArray()
    buffer = QBuffer(data)
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    write(buffer)
    buffer.close()
    return bytes(data.data())


class Sheets:
    """The page laid out on sheets of A4, small enough for MOST_PAGES where that can be."""

    def __init__(self, text: str) -> None:
        inside = [(side - 2 * MARGIN_MM) / 25.4 * DPI for side in A4_MM]
        self.document = QTextDocument()
        self.document.setDocumentMargin(0)
        for html, self.zoom in ((html, zoom) for html in (text, unbroken(text)) for zoom in ZOOMS):
            if self.zoom == ZOOMS[0]:
                self.document.setHtml(html)
            self._size = QSizeF(inside[0] / self.zoom, inside[1] / self.zoom)
            self.document.setPageSize(self._size)
            if self.document.pageCount() <= MOST_PAGES:
                break

    def draw(self, painter: QPainter, number: int) -> None:
        """One sheet, from 0, within its margins."""
        painter.save()
        painter.scale(self.zoom, self.zoom)
        painter.translate(0, -number * self._size.height())
        clip = QRectF(0, number * self._size.height(), self._size.width(), self._size.height())
        painter.setClipRect(clip)
        context = QAbstractTextDocumentLayout.PaintContext()
        context.clip = clip
        context.palette.setColor(QPalette.ColorRole.Text, QColor("#000000"))
        layout = self.document.documentLayout()
        assert layout is not None
        layout.draw(painter, context)
        painter.restore()


def printed(text: str, title: str) -> bytes:
    """The page as a PDF, A4."""

    def write(buffer: QBuffer) -> None:
        writer = QPdfWriter(buffer)
        writer.setTitle(title)
        margins = QMarginsF(MARGIN_MM, MARGIN_MM, MARGIN_MM, MARGIN_MM)
        writer.setPageLayout(QPageLayout(
            QPageSize(QPageSize.PageSizeId.A4), QPageLayout.Orientation.Portrait, margins,
            QPageLayout.Unit.Millimeter,
        ))  # fmt: skip
        writer.setResolution(DPI)
        sheets, painter = Sheets(text), QPainter(writer)
        for number in range(sheets.document.pageCount()):
            if number:
                writer.newPage()
            sheets.draw(painter, number)
        painter.end()

    return _into(write)


def seen(text: str, numbers: Sequence[int] = (0,), sharp: float = 1.5) -> list[bytes]:
    """Sheets as PNG, `sharp` pixels for one of a screen."""
    sheets, made = Sheets(text), []
    for number in numbers:
        width, height = (round(side / 25.4 * DPI * sharp) for side in A4_MM)
        image = QImage(width, height, QImage.Format.Format_RGB32)
        image.fill(QColor("#FFFFFF"))
        painter = QPainter(image)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.scale(sharp, sharp)
        painter.translate(MARGIN_MM / 25.4 * DPI, MARGIN_MM / 25.4 * DPI)
        sheets.draw(painter, number)
        painter.end()
        made.append(_png_of(image))
    return made
