# SPDX-License-Identifier: GPL-3.0-or-later
"""Calibrate: today's electrodes against the last calibration, as a card and as the next step."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

pytest.importorskip(
    "PyQt6.QtWidgets", reason="PyQt6 or a library it needs is not installed", exc_type=ImportError
)
pytest.importorskip("pyqtgraph")

from endplate.fit.donning.remedies import Remedy
from endplate.fit.donning.today import Comparison, Site
from endplate.live.profile_file import load_profile
from endplate.monitor.here import Here
from endplate.monitor.pages import calibrate
from endplate.monitor.theme import LIGHT

sys.path.insert(0, str(Path(__file__).parents[1] / "host"))
from plain_profile import plain_profile


@pytest.fixture
def page(qtbot, tmp_path):
    made = calibrate.CalibratePage(LIGHT, Here(None))
    qtbot.addWidget(made)
    yield made
    made.end()


def comparison(tmp_path, recommended):
    profile = load_profile(plain_profile(tmp_path / "p.json"))
    sites = (
        Site("Biceps", "same", 1.02, 0.99, 0, "Biceps hears what it heard."),
        Site("Triceps", "moved", 1.4, 0.61, 0, "Triceps hears what Biceps heard."),
    )
    remedies = (
        Remedy("nothing", profile, {"hand": 0.41}),
        Remedy("rescale", profile, {"hand": 0.44}),
        Remedy("remap", profile, {"hand": 0.93}),
        Remedy("touch-up", None, {}, "too few repetitions"),
    )
    return Comparison(sites, remedies, recommended, "The sites have changed places.")


@pytest.mark.parametrize("recommended", list(calibrate.REMEDIES))
def test_what_is_recommended_is_the_next_step(page, qtbot, tmp_path, recommended):
    page._found = comparison(tmp_path, recommended)
    page.donning.show_comparison(page._found)
    page._turn(calibrate.DONNING)
    assert page.step().text == calibrate.REMEDIES[recommended] and page.step().ready
    assert page.donning.reason.text() == "The sites have changed places."
    table = page.donning.sites
    assert [table.item(1, k).text() for k in (0, 2)] == ["Triceps", "1.40"]
    assert "moved" in table.item(1, 1).text()
    remedies = page.donning.remedies
    marked = [remedies.item(row, 0).text().startswith("▶") for row in range(4)]
    names = ["nothing", "rescale", "remap", "touch-up"]
    assert marked == [name == recommended for name in names]
    assert remedies.item(2, 1).text() == "0.93" and remedies.item(3, 1).text() == "–"
    assert remedies.item(3, 3).text() == "too few repetitions"
    if recommended == "nothing":
        with qtbot.waitSignal(page.done) as done:
            page.do_step()
        assert done.args == [True]
    if recommended == "calibrate":
        page.do_step()
        assert page.state == calibrate.PLAN and not page.plan.comparing
