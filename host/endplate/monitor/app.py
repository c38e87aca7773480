# SPDX-License-Identifier: GPL-3.0-or-later
"""Starts the window: arguments, theme, signals."""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

import pyqtgraph as pg
from PyQt6.QtCore import QTimer
from PyQt6.QtGui import QGuiApplication, QPalette
from PyQt6.QtWidgets import QApplication

from endplate.monitor.theme import DARK, LIGHT, Palette
from endplate.monitor.window import Window


def system_palette() -> Palette:
    """Dark where the system is dark."""
    colour = QGuiApplication.palette().color(QPalette.ColorRole.Window)
    return DARK if colour.lightness() < 128 else LIGHT


def main(arguments: Sequence[str] | None = None) -> int:
    """Opens the window on a session folder; returns when it is closed."""
    parser = argparse.ArgumentParser(
        prog="endplate monitor", description="The window onto what is running."
    )
    parser.add_argument("--session", type=Path, help="folder of a session that runs")
    parser.add_argument("--data", type=Path, help="folder of the patients' records")
    parser.add_argument("--theme", choices=("light", "dark"), help="otherwise the system's")
    parser.add_argument(
        "--screenshot", type=Path, help="write the window to this PNG after --after seconds and end"
    )
    parser.add_argument(
        "--after", type=float, default=5.0, help="seconds before the screenshot (5)"
    )
    chosen = parser.parse_args(arguments)
    pg.setConfigOptions(antialias=False, useOpenGL=False)
    application = QApplication(["endplate"])
    palette = {"light": LIGHT, "dark": DARK}.get(chosen.theme or "") or system_palette()
    window = Window(chosen.session, palette, chosen.data)
    window.show()

    def leave() -> None:
        """Hidden first: what still waits to be painted would meet a window that is gone."""
        window.hide()
        QTimer.singleShot(0, application.quit)

    # Python sees a signal only between Qt's events: an idle timer lets it look.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: leave())
    idle = QTimer()
    idle.start(200)
    idle.timeout.connect(lambda: None)
    if chosen.screenshot is not None:

        def shoot() -> None:
            window.grab().save(str(chosen.screenshot))
            leave()

        QTimer.singleShot(int(chosen.after * 1000), shoot)
    status = int(application.exec())
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)  # it is ending; the window may be gone
    window.close()
    return status


if __name__ == "__main__":
    sys.exit(main())
