# SPDX-License-Identifier: GPL-3.0-or-later
"""One table of named colours for light and dark, and the style sheet made from it.

Okabe-Ito throughout, and never colour alone: each verdict has a mark as well.
"""

from __future__ import annotations

from dataclasses import dataclass

#: Sites keep their colour in every view; from the ninth on the same again, dashed.
SITE_COLOURS = (
    "#0072B2",
    "#E69F00",
    "#009E73",
    "#CC79A7",
    "#56B4E9",
    "#D55E00",
    "#F0E442",
    "#999999",
)

#: Verdict -> (colour, mark). The mark carries the meaning where colour does not.
VERDICTS = {
    "good": ("#009E73", "✓"),
    "usable": ("#E69F00", "▬"),
    "poor": ("#D55E00", "✕"),
    "unknown": ("#8A8A8A", "–"),
}


@dataclass(frozen=True)
class Palette:
    """Named colours of one theme."""

    ground: str
    panel: str
    text: str
    quiet: str
    line: str
    accent: str
    accent_text: str
    stop: str
    stop_text: str


LIGHT = Palette(
    "#FAFAF8",
    "#FFFFFF",
    "#1B1B1A",
    "#61615C",
    "#D9D9D4",
    "#0B5FA5",
    "#FFFFFF",
    "#B3261E",
    "#FFFFFF",
)
DARK = Palette(
    "#161718",
    "#1F2122",
    "#ECECEA",
    "#A5A5A0",
    "#3A3D3F",
    "#6CB2F0",
    "#10202E",
    "#C9352B",
    "#FFFFFF",
)


def site_colour(index: int) -> tuple[str, bool]:
    """Colour of a site and whether it is dashed."""
    return SITE_COLOURS[index % len(SITE_COLOURS)], index >= len(SITE_COLOURS)


def style_sheet(palette: Palette) -> str:
    """Qt style sheet: flat, space instead of boxes, a visible focus."""
    p = palette
    return f"""
    QWidget {{ background: {p.ground}; color: {p.text}; font-size: 11pt; }}
    QLabel[role="heading"] {{ font-size: 15pt; }}
    QLabel[role="quiet"] {{ color: {p.quiet}; }}
    QLabel[role="simulated"] {{ color: {p.ground}; background: {p.text}; padding: 2px 8px;
    font-weight: 700; }} QFrame[role="bar"] {{ background: {p.panel}; border-bottom: 1px solid
    {p.line}; }} QFrame[role="bar"] QLabel {{ background: {p.panel}; }}
    QFrame[role="bar"] QLabel[role="simulated"] {{ background: {p.text}; }}
    QFrame[role="foot"] {{ background: {p.panel}; border-top: 1px solid {p.line}; }}
    QFrame[role="foot"] QLabel {{ background: {p.panel}; }}
    QLabel[role="alert"] {{ background: {p.panel}; border-left: 8px solid {VERDICTS["poor"][0]};
    padding: 6px 12px; font-weight: 700; }}
    QCheckBox::indicator {{ width: 13px; height: 13px; border: 1px solid {p.quiet}; background:
    {p.panel}; }} QCheckBox::indicator:checked {{ background: {p.accent}; }}
    QRadioButton::indicator {{ width: 13px; height: 13px; border: 1px solid {p.quiet};
    border-radius: 7px; background: {p.panel}; }}
    QRadioButton::indicator:checked {{ background: {p.accent}; }}
    QPushButton {{ background: {p.panel}; border: 1px solid {p.line}; border-radius: 6px; padding:
    6px 14px; }} QPushButton:focus {{ border: 2px solid {p.accent}; }}
    QPushButton:disabled, QCheckBox:disabled {{ color: {p.quiet}; }}
    QToolButton[role="grip"] {{ background: {p.ground}; border: 1px solid {p.line};
    border-radius: 6px; padding: 3px 0px; }}
    QToolButton[role="grip"]:checked {{ border: 3px solid {p.accent}; padding: 1px 0px;
    font-weight: 700; }}
    QPushButton[role="primary"] {{ background: {p.accent}; color: {p.accent_text}; border: none;
    padding: 9px 20px; }} QPushButton[role="primary"]:focus {{ border: 2px solid {p.text}; }}
    QPushButton[role="primary"]:disabled {{ background: {p.line}; color: {p.quiet}; }}
    QPushButton[role="stop"] {{ background: {p.stop}; color: {p.stop_text}; border: none;
    font-size: 17pt;
        font-weight: 700; padding: 10px 34px; }}
    QPushButton[role="stop"]:focus {{ border: 3px solid {p.text}; }}
    QPushButton[role="release"] {{ font-size: 13pt; padding: 12px 22px; }}
    QPushButton[role="page"] {{ border: none; border-left: 4px solid transparent; border-radius: 0;
    text-align: left;
        padding: 12px 16px; }}
    QPushButton[role="page"]:checked {{ border-left: 4px solid {p.accent}; font-weight: 700; }}
    QPushButton[role="page"]:focus {{ border-left: 4px solid {p.text}; }}
    QLineEdit, QPlainTextEdit, QComboBox, QSpinBox, QListWidget, QTableWidget {{
    background: {p.panel}; border: 1px solid {p.line}; border-radius: 4px; padding: 3px;
    selection-background-color: {p.accent}; selection-color: {p.accent_text}; }}
    QLineEdit:focus, QPlainTextEdit:focus, QComboBox:focus, QSpinBox:focus, QListWidget:focus,
    QTableWidget:focus {{ border: 2px solid {p.accent}; padding: 2px; }}
    QComboBox QAbstractItemView {{ background: {p.panel}; border: 1px solid {p.line}; }}
    QListWidget::item {{ padding: 6px 8px; border-bottom: 1px solid {p.line}; }}
    QListWidget::item:selected {{ background: {p.accent}; color: {p.accent_text}; }}
    QTableWidget {{ gridline-color: {p.line}; }}
    QHeaderView::section {{ background: {p.ground}; color: {p.quiet}; border: none;
    padding: 4px 6px; }}
    QProgressBar {{ background: {p.line}; border: none; border-radius: 4px; height: 10px; }}
    QProgressBar::chunk {{ background: {p.accent}; border-radius: 4px; }}
    QToolTip {{ background: {p.panel}; color: {p.text}; border: 1px solid {p.line}; }}
    """
