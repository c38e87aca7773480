# SPDX-License-Identifier: GPL-3.0-or-later
"""A report as files: its pictures drawn by the window's own views, HTML, and PDF on A4."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

from PyQt6.QtCore import QBuffer, QByteArray, QIODevice, QMarginsF, QSizeF
from PyQt6.QtGui import QPageLayout, QPageSize, QPdfWriter, QPixmap, QTextDocument
from PyQt6.QtWidgets import QWidget

from endplate.clinic.records.database import Database
from endplate.clinic.records.patients import Patient
from endplate.clinic.records.visits import Visit
from endplate.clinic.report.content import Report, report
from endplate.clinic.report.page import page
from endplate.errors import RecordsError
from endplate.monitor.limb_view import LimbView, Shown
from endplate.monitor.theme import LIGHT
from endplate.monitor.trend_view import NAME, ROW, TrendView

PAPER = replace(LIGHT, ground="#FFFFFF", panel="#FFFFFF", text="#000000", quiet="#444444")
SHARP = 3  # pixels of a picture for one on the page
LIMB, TREND, SHOWN = (320, 220), 300, 230  # pixels; a trend is drawn larger than it is shown
MARGIN_MM = 15.0


def write_report(
    database: Database, patient: Patient, visit: Visit, out: Path, today: date
) -> tuple[Report, list[Path]]:
    """Writes `out`.html and `out`.pdf. Needs a QApplication. Raises RecordsError."""
    made = report(database, patient, visit, today)
    text = page(made, pictures(made))
    html, pdf = out.with_name(out.name + ".html"), out.with_name(out.name + ".pdf")
    try:
        html.write_text(text, encoding="utf-8")
        pdf.write_bytes(printed(text, pdf.stem))
    except OSError as error:
        raise RecordsError(
            f"The report cannot be written to {error.filename or out} ({error.strerror}): choose "
            "another place."
        ) from None
    return made, [html, pdf]


def pictures(made: Report) -> dict[str, tuple[bytes, int]]:
    """The limb, and each trend without its words."""
    limb = LimbView(PAPER)
    limb.show_limb(
        made.patient.level, made.patient.side,
        [Shown(site.label, site.position, site.used) for site in made.patient.sites],
    )  # fmt: skip
    found = {"limb": (_png(limb, *LIMB), LIMB[0])}
    day = made.visit.began.date()
    points = [point.dated for trend in made.trends for point in trend.points]
    first = min([*points, day])
    since = made.patient.tmr if made.patient.tmr and made.patient.tmr <= first else first
    for trend in made.trends:
        view = TrendView(PAPER, trend, since, day)
        found[trend.name] = (_png(view, TREND + NAME, ROW, cut=NAME), SHOWN)
    return found


def _png(widget: QWidget, width: int, height: int, cut: int = 0) -> bytes:
    """A widget as a picture, without its first `cut` pixels."""
    widget.setStyleSheet("background: #FFFFFF; font-size: 10pt;")
    widget.resize(width, height)
    drawn = QPixmap(width * SHARP, height * SHARP)
    drawn.setDevicePixelRatio(SHARP)
    drawn.fill()
    widget.render(drawn)
    part = drawn.copy(cut * SHARP, 0, (width - cut) * SHARP, height * SHARP)
    data = QByteArray()
    buffer = QBuffer(data)
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    part.save(buffer, "PNG")
    return bytes(data.data())


def printed(text: str, title: str) -> bytes:
    """The page as a PDF, A4."""
    data = QByteArray()
    buffer = QBuffer(data)
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    writer = QPdfWriter(buffer)
    writer.setTitle(title)
    margins = QMarginsF(MARGIN_MM, MARGIN_MM, MARGIN_MM, MARGIN_MM)
    writer.setPageLayout(QPageLayout(
        QPageSize(QPageSize.PageSizeId.A4), QPageLayout.Orientation.Portrait, margins,
        QPageLayout.Unit.Millimeter,
    ))  # fmt: skip
    writer.setResolution(96)
    document = QTextDocument()
    document.setHtml(text)
    document.setPageSize(QSizeF(writer.width(), writer.height()))
    document.print(writer)
    buffer.close()
    return bytes(data.data())
