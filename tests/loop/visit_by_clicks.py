# SPDX-License-Identifier: GPL-3.0-or-later
"""A whole first visit by clicks in a window on a display, on the simulated rig: from an empty list
of patients to the report.

    python -m loop.visit_by_clicks --out FOLDER [--guide host/guide]   (in tests/; with a display)

FOLDER gets log.txt (every click with its time), a picture of each page in both themes, the report's
PDF and its pages as pictures, and figures.json; `--guide` renews the pictures of the guide. The
patient is the simulated one: they follow the words, and play the Fitts test by looking at the
screen.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path

import numpy as np
import pyqtgraph as pg
from PyQt6.QtCore import QPoint, QSize, Qt
from PyQt6.QtGui import QImage, QPainter
from PyQt6.QtPdf import QPdfDocument
from PyQt6.QtWidgets import QApplication

from endplate.monitor import watch
from endplate.monitor.dof_handles import DEAD_BAND, Handle
from endplate.monitor.pages import calibrate
from endplate.monitor.theme import DARK, LIGHT, Palette
from endplate.monitor.window import Window
from endplate.sim.rig import Rig

from .clicking import Clicker
from .visits import clinic

PAGES = ("patient", "sites", "calibrate", "hand", "test", "follow-up")
TARGETS = 4
GUIDE_WIDTH = 960


class Visit:
    """One window on the clinic's records; `crash` shows it anew, as the desk does."""

    def __init__(self, folder: Path, rig: Rig, out: Path) -> None:
        self.folder, self.rig, self.out = folder, rig, out
        self.window = self._open(LIGHT)
        self.hand = Clicker(out, self.window)

    def _open(self, palette: Palette) -> Window:
        window = Window(None, palette, self.folder)
        window.show()
        window.activateWindow()
        return window

    def crash(self, palette: Palette) -> None:
        """The window is gone; the next one finds the visit."""
        self.window.close()
        self.window = self.hand.window = self._open(palette)
        self.hand.note("the window is closed and opened again")
        top = self.window.top
        self.hand.until(lambda: "A17 · visit" in top.who.text(), "the visit goes on", 15)
        self.hand.until(lambda: "250 Hz" in top.board.text(), "the board is seen", 15)

    def step(self, text: str, within_s: float = 5.0) -> None:
        """The page's next step, once it is that."""
        foot = self.window.foot.step
        self.hand.until(
            lambda: foot.isEnabled() and foot.text().startswith(text),
            f"the step {text!r}", within_s,
        )  # fmt: skip
        self.hand.click(foot, foot.text())

    # ---- the pages, in the clinic's order ----

    def patient(self) -> None:
        """A new patient and today's visit."""
        self.step("New patient")
        self.hand.words(self.window.patient.form.code, "A17")
        self.step("Enter this patient")
        self.hand.look("guide-patient")
        self.step("Start today's visit")
        self.hand.until(lambda: self.window.page is self.window.sites, "the board answers", 45)

    def sites(self) -> None:
        """The site test."""
        page = self.window.sites
        self.step("Start the site test", 10)
        self.hand.until(lambda: page.trial.busy, "the site test begins")
        self.hand.until(lambda: not page.trial.busy, "the site test ends", 120)
        self.hand.look("guide-sites")

    def calibrate(self) -> None:
        """Two DoF, as it is offered, but for two repetitions of each movement."""
        page = self.window.calibrate
        self.hand.key("3", "3: Calibrate")
        page.plan.repetitions.setFocus()
        self.hand.key(Qt.Key.Key_Down, "down: 2 repetitions")
        self.step("Start calibration")
        self.hand.until(lambda: page.strip.squares[3].fault is not None, "movements", 60)
        self.hand.look("guide-calibrating")
        self.hand.until(lambda: page.state != calibrate.GUIDED, "the calibration ends", 180)
        if page.state == calibrate.REPEATS:
            self.step("Go on without repeating")
        self.hand.until(lambda: page.state == calibrate.RESULT, "a decoder is chosen", 120)
        self.hand.look("guide-calibrated")
        self.step("Use it")

    def drive(self) -> None:
        """The hand follows; the dead-band is dragged meanwhile."""
        window = self.window
        self.step("Arm", 10)
        self.hand.until(lambda: window.top.hand.text() == "Hand follows", "the hand follows", 15)
        self.hand.note("LIVE: the hand follows")

    def tune(self) -> None:
        """While the patient closes the hand."""
        window, bars = self.window, self.window.hand.bars
        self.rig.prompt({"hand": 1.0}, rise_s=0.5, hold_s=3.0, fall_s=0.5)
        self.hand.until(lambda: bars._velocity[0] > 0.3, "the hand closes", 6)
        self.hand.look("guide-hand", 0.8)
        handle = Handle("hand", DEAD_BAND)
        start = bars.where(handle).toPoint()
        self.hand.drag(bars, start, start + QPoint(12, 0), "the dead-band of the hand")
        self.hand.until(lambda: window.note.text().endswith("Kept."), "it is kept", 8)
        self.hand.key(Qt.Key.Key_Space, "space: STOP")
        self.hand.until(lambda: "disarmed" in window.top.hand.text(), "the hand holds still", 5)

    def compare(self) -> None:
        """Against itself, as days later against the last one."""
        page = self.window.calibrate
        self.hand.key("3", "3: Calibrate")
        if page.state == calibrate.RESULT:
            self.hand.click(page.end_button, page.end_button.text())
        self.hand.click(page.plan.compare, "hold today's electrodes against the last calibration")
        self.step("Compare")
        self.hand.until(lambda: page.state == calibrate.DONNING, "what has changed", 90)
        recommended = page._found.recommended
        self.hand.note(f"told   {page.donning.reason.text()}")
        assert page.donning.sites.rowCount() == 4, "a row a site"
        assert recommended in ("nothing", "rescale"), "the same person, the same places"
        self.step(calibrate.REMEDIES[recommended])
        assert self.window.page is self.window.hand

    def fitts(self) -> None:
        """On the screen; the patient looks at it (cli/simulated_patient.py)."""
        page = self.window.test
        self.hand.key("5", "5: Test")
        button = next(one for one in page.buttons.buttons() if one.property("kind") == "fitts")
        self.hand.click(button, "Fitts")
        count = page.settings.fields["fitts"]["count"]
        count.setFocus()
        count.selectAll()
        self.hand.words(count, str(TARGETS))
        self.step("Start")
        self.hand.until(lambda: page.run is not None, "the test begins")
        self.hand.until(
            lambda: page.run.trial is not None and page.run.trial.path > 0.2, "a target", 15
        )
        self.hand.look("guide-test", 0.0)
        self.hand.until(lambda: page.playing is None, "the test is over", 25.0 * TARGETS)
        assert "completed" in page.word.text(), page.word.text()
        self.hand.note(f"told   {page.word.text()} (simulated)")

    def score(self) -> None:
        """Of an outcome instrument."""
        page = self.window.follow_up
        self.hand.key("6", "6: Follow-up")
        self.hand.words(page.value, "5")
        self.step("Keep this score")

    def report(self) -> Path:
        """Of the visit that has ended: its figures are computed again from the recording."""
        page = self.window.follow_up
        self.hand.key("6", "6: Follow-up")
        self.hand.click(page.report_button, page.report_button.text())
        self.hand.until(lambda: bool(self.reports()), "the report is written", 90)
        self.hand.until(lambda: "Written" in self.window.note.text(), "that is said", 90)
        self.hand.note(f"told   {self.window.note.text()}")
        self.hand.look("guide-follow-up", 2.5)
        (pdf,) = self.reports()
        return pdf

    def reports(self) -> list[Path]:
        """PDFs of the visit."""
        return sorted(self.folder.glob("patients/*/*/*.pdf"))

    def look_around(self, theme: str, settle_s: float) -> None:
        """Every page."""
        for number, name in enumerate(PAGES, 1):
            self.hand.key(str(number), f"{number}: {name}")
            self.hand.look(f"{theme}-{number}-{name}", settle_s)

    def end(self) -> None:
        """Of the visit."""
        self.hand.key("1", "1: Patient")
        self.step("End the visit")
        self.hand.until(lambda: self.window.here.visit is None, "the visit is ended", 30)
        self.hand.note(f"told   {self.window.note.text()}")


def as_pictures(pdf: Path, out: Path) -> list[Path]:
    """The pages of a PDF."""
    document = QPdfDocument(None)
    document.load(str(pdf))
    made = []
    for number in range(document.pageCount()):
        image = document.render(number, QSize(1000, 1414))
        page = QImage(image.size(), QImage.Format.Format_RGB32)
        page.fill(Qt.GlobalColor.white)
        painter = QPainter(page)
        painter.drawImage(0, 0, image)
        painter.end()
        made.append(out / f"report-{number + 1}.png")
        page.save(str(made[-1]))
    return made


def commonest(picture: QImage, coarse: int = 0xFFFCFCFC) -> list[int]:
    """Its 256 most frequent colours, those that nobody tells apart taken together."""
    picture = picture.convertToFormat(QImage.Format.Format_RGB32)
    bits = picture.constBits()
    assert bits is not None
    bits.setsize(picture.sizeInBytes())
    colours, counts = np.unique(np.frombuffer(bits, "<u4") & coarse, return_counts=True)
    return [int(one) for one in colours[np.argsort(-counts)][:256]]


def for_the_guide(out: Path, guide: Path) -> None:
    """The pictures that the guide shows, small: 256 colours."""
    guide.mkdir(parents=True, exist_ok=True)
    for old in guide.glob("*.png"):
        old.unlink()
    for path in sorted(out.glob("guide-*.png")):
        picture = QImage(str(path)).scaledToWidth(
            GUIDE_WIDTH, Qt.TransformationMode.SmoothTransformation
        )
        few = picture.convertToFormat(
            QImage.Format.Format_Indexed8, commonest(picture),
            Qt.ImageConversionFlag.ThresholdDither,
        )  # fmt: skip
        few.save(str(guide / path.name.removeprefix("guide-")), quality=0)


def main() -> int:
    """Plays it; the exit status says whether it came to its end."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--guide", type=Path)
    parser.add_argument("--short", action="store_true", help="without the comparison of a donning")
    parser.add_argument("--fps", type=int, default=30, help="of the window, for a busy machine")
    asked = parser.parse_args()
    out = asked.out
    out.mkdir(parents=True, exist_ok=True)
    watch.FRAME_MS = 1000 // asked.fps
    pg.setConfigOptions(antialias=False, useOpenGL=False)
    application = QApplication(["endplate"])
    figures: dict[str, object] = {"display": application.platformName(), "simulated": True}
    with tempfile.TemporaryDirectory() as place, clinic(Path(place)) as (folder, rig):
        visit = Visit(folder, rig, out)
        hand = visit.hand
        visit.patient()
        electrodes_s, before = hand.seconds, hand.presses
        visit.sites()
        visit.crash(LIGHT)
        trial = visit.window.sites.trial
        hand.until(lambda: "A decoder would do with: " in trial.advice.text(), "the sites again")
        visit.calibrate()
        visit.drive()
        figures["live_after_s"] = round(hand.seconds - electrodes_s, 1)
        figures["live_after_presses"] = hand.presses - before
        figures["presses_with_patient"] = hand.presses
        visit.tune()
        visit.fitts()
        if not asked.short:
            visit.compare()
        visit.score()
        visit.crash(DARK)
        visit.look_around("dark", 0.4 if asked.short else 1.2)
        visit.crash(LIGHT)
        visit.look_around("light", 0.4 if asked.short else 1.2)
        visit.end()
        pdf = visit.report()
        (out / pdf.name).write_bytes(pdf.read_bytes())
        figures["report_pages"] = len(as_pictures(pdf, out))
        visit.window.close()
        figures |= {"seconds": round(hand.seconds, 1), "presses": hand.presses}
    if asked.guide is not None:
        for_the_guide(out, asked.guide)
    (out / "log.txt").write_text("\n".join(hand.log) + "\n")
    (out / "figures.json").write_text(json.dumps(figures, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
