# SPDX-License-Identifier: GPL-3.0-or-later
"""A report as one HTML page that needs no other file, black on white.

In the part of HTML that Qt's rich text knows as well, so that the PDF is made of the same page.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from html import escape

from endplate.clinic.report.content import Report
from endplate.clinic.report.table import Table

COLUMNS = 2  # of trends
WORDS, FACTS = 170, 330  # pixels beside a trend's picture, and beside the limb
FIGURE = re.compile("[\N{MINUS SIGN}0-9.]+( %)?|–|")  # in a column of numbers
BREAK = "<h2 class='next'>"
STYLE = """
body { font-family: sans-serif; font-size: 9pt; color: #000000; background: #ffffff;
       max-width: 700px; }
h1 { font-size: 15pt; margin-bottom: 6px; }
h2 { font-size: 11pt; margin-top: 12px; margin-bottom: 2px; }
th { text-align: left; font-weight: 600; } td, th { padding: 1px 12px 1px 0px; }
.figure { text-align: right; }
p { margin-top: 2px; margin-bottom: 2px; } .quiet { color: #444444; font-size: 8pt; }
.next { page-break-before: always; }
"""


def page(report: Report, pictures: Mapping[str, tuple[bytes, int]]) -> str:
    """`pictures`: name -> PNG and its width on the page in pixels; "limb", and the trends'."""
    simulated = " · SIMULATED" if report.simulated else ""
    parts = [f"<h1>Fitting report · {escape(report.name)}{simulated}</h1>", _head(report, pictures)]
    parts += [f"<p><b>{escape(line)}</b></p>" for line in report.missing]
    parts += [_table(table) for table in report.tables]
    if report.advice:
        parts.append("<h2>Advice for each site</h2>" + _lines(report.advice))
    if report.changes:
        parts.append("<h2>Since the last visit</h2>" + _lines(report.changes))
    if report.trends:
        parts.append(_trends(report, pictures))
    if report.checked:
        parts.append("<h2>Computed again</h2>" + _lines(report.checked))
    parts.append("<h2>Made from</h2>" + _lines(report.hashes, "quiet"))
    parts.append(_ending(report))
    return (
        f"<!DOCTYPE html><html><head><meta charset='utf-8'><title>{escape(report.name)}</title>"
        f"<style>{STYLE}</style></head><body>{''.join(parts)}</body></html>"
    )


def unbroken(text: str) -> str:
    """The same page without its break before the trends."""
    return text.replace(BREAK, "<h2>")


def _head(report: Report, pictures: Mapping[str, tuple[bytes, int]]) -> str:
    facts = "".join(
        f"<tr><th>{escape(name)}</th><td>{escape(text)}</td></tr>"
        for name, text in report.facts.items()
    )
    return (
        f"<table><tr><td valign='top' width='{FACTS}'><table>{facts}</table></td>"
        f"<td valign='top'>{_picture('limb', pictures)}</td></tr></table>"
    )


def _trends(report: Report, pictures: Mapping[str, tuple[bytes, int]]) -> str:
    """Two beside each other: words and picture."""
    cells = [
        f"<td width='{WORDS}' valign='middle'><b>{escape(trend.name)}</b><br>"
        f"{escape(trend.said())}<br><span class='quiet'>{escape(trend.band_said())}</span></td>"
        f"<td>{_picture(trend.name, pictures)}</td>"
        for trend in report.trends
    ]
    rows = "".join(
        f"<tr>{''.join(cells[at : at + COLUMNS])}</tr>" for at in range(0, len(cells), COLUMNS)
    )
    what = "months since TMR" if report.limb and report.since == report.limb.tmr else "months"
    note = ("Grey band: within measurement error of the last score. Open squares: direct control. "
            f"Across: {what}.")  # fmt: skip
    return (f"{BREAK}Over {what}</h2><table>{rows}</table>"
            f"<p class='quiet'>{escape(note)}</p>")  # fmt: skip


def _ending(report: Report) -> str:
    said = f"Written {report.written}. Endplate is not a medical device."
    if report.simulated:
        said += (" The signals are simulated, and whoever played the tests is a simulated user, "
                 "not a person.")  # fmt: skip
    return f"<p class='quiet'>{said}</p>"


def _lines(lines: tuple[str, ...], kind: str = "") -> str:
    return "".join(f"<p class='{kind}'>{escape(line)}</p>" for line in lines)


def _table(table: Table) -> str:
    figures = [
        bool(column) and all(FIGURE.fullmatch(text) for text in column)
        for column in zip(*table.rows, strict=True)
    ] or [False] * len(table.columns)

    def row(texts: tuple[str, ...], tag: str) -> str:
        cells = zip(texts, figures, strict=True)
        return "<tr>" + "".join(
            f"<{tag}{' align=right class=figure' * figure}>{escape(text)}</{tag}>"
            for text, figure in cells
        ) + "</tr>"  # fmt: skip

    inside = row(table.columns, "th") + "".join(row(texts, "td") for texts in table.rows)
    lead = f"<p>{escape(table.lead)}</p>" if table.lead else ""
    body = f"<table>{inside}</table>" if table.rows else ""
    note = f"<p class='quiet'>{escape(table.note)}</p>" if table.note else ""
    return f"<h2>{escape(table.title)}</h2>{lead}{body}{note}"


def _picture(name: str, pictures: Mapping[str, tuple[bytes, int]]) -> str:
    if name not in pictures:
        return ""
    data, width = pictures[name]
    text = base64.b64encode(data).decode()
    return f"<img width='{width}' alt='{escape(name)}' src='data:image/png;base64,{text}'>"
