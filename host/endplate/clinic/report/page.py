# SPDX-License-Identifier: GPL-3.0-or-later
"""A report as one HTML page that needs no other file, black on white.

In the part of HTML that Qt's rich text knows as well, so that the PDF is made of the same page.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from html import escape

from endplate.clinic.report.content import Report
from endplate.clinic.report.table import Table

WORDS = 330  # pixels beside a trend
STYLE = """
body { font-family: sans-serif; font-size: 9pt; color: #000000; background: #ffffff; }
h1 { font-size: 15pt; } h2 { font-size: 11pt; margin-top: 10px; margin-bottom: 2px; }
th { text-align: left; font-weight: 600; } td, th { padding: 1px 8px 1px 0px; }
p { margin-top: 2px; margin-bottom: 2px; } .quiet { color: #444444; font-size: 8pt; }
.next { page-break-before: always; }
"""


def page(report: Report, pictures: Mapping[str, tuple[bytes, int]]) -> str:
    """`pictures`: name -> PNG and its width on the page in pixels; "limb", and the trends'."""
    parts = [f"<h1>Fitting report{' · SIMULATED' if report.simulated else ''}</h1>"]
    facts = "".join(
        f"<tr><th>{escape(name)}</th><td>{escape(text)}</td></tr>"
        for name, text in report.facts.items()
    )
    parts.append(
        f"<table><tr><td valign='top'><table>{facts}</table></td>"
        f"<td>{_picture('limb', pictures)}</td></tr></table>"
    )
    parts += [f"<p><b>{escape(line)}</b></p>" for line in report.missing]
    if report.decoder:
        parts.append(f"<h2>Decoder</h2><p>{escape(report.decoder)}</p>")
    parts += [_table(table) for table in report.tables]
    if report.advice:
        parts.append("<h2>Advice for each site</h2>" + _lines(report.advice))
    parts.append("<h2>Since the last visit</h2>" + _lines(report.changes))
    if report.trends:
        rows = "".join(
            f"<tr><td width='{WORDS}' valign='middle'><b>{escape(trend.name)}</b><br>"
            f"{escape(trend.said())}</td><td>{_picture(trend.name, pictures)}</td></tr>"
            for trend in report.trends
        )
        parts.append(f"<h2 class='next'>Over months since TMR</h2><table>{rows}</table>")
        parts.append("<p class='quiet'>Grey band: within measurement error of the last score. "
                     "Squares: direct control.</p>")  # fmt: skip
    parts.append("<h2>Made from</h2>" + _lines(report.hashes))
    parts.append(_ending(report))
    title = escape(f"{report.patient.code} {report.visit.began:%Y-%m-%d}")
    return (
        f"<!DOCTYPE html><html><head><meta charset='utf-8'><title>{title}</title>"
        f"<style>{STYLE}</style></head><body>{''.join(parts)}</body></html>"
    )


def _ending(report: Report) -> str:
    said = f"Written {report.written}. Endplate is not a medical device."
    if report.simulated:
        said += (" The signals are simulated, and whoever played the tests is a simulated user, "
                 "not a person.")  # fmt: skip
    return f"<p class='quiet'>{said}</p>"


def _lines(lines: tuple[str, ...]) -> str:
    return "".join(f"<p>{escape(line)}</p>" for line in lines)


def _table(table: Table) -> str:
    head = "".join(f"<th>{escape(name)}</th>" for name in table.columns)
    rows = "".join(
        "<tr>" + "".join(f"<td>{escape(text)}</td>" for text in row) + "</tr>"
        for row in table.rows
    )
    note = f"<p class='quiet'>{escape(table.note)}</p>" if table.note else ""
    return f"<h2>{escape(table.title)}</h2><table><tr>{head}</tr>{rows}</table>{note}"


def _picture(name: str, pictures: Mapping[str, tuple[bytes, int]]) -> str:
    if name not in pictures:
        return ""
    data, width = pictures[name]
    text = base64.b64encode(data).decode()
    return f"<img width='{width}' alt='{escape(name)}' src='data:image/png;base64,{text}'>"
