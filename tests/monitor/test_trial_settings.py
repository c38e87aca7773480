# SPDX-License-Identifier: GPL-3.0-or-later
"""What a test is played by, as it is set."""

from __future__ import annotations

import pytest

pytest.importorskip(
    "PyQt6.QtWidgets", reason="PyQt6 or a library it needs is not installed", exc_type=ImportError
)
pytest.importorskip("pyqtgraph")

from endplate.hardware import load_hand
from endplate.monitor.trial_settings import TrialSettings


def test_no_dof_that_is_ticked_is_left_out_of_a_test(qtbot):
    """A hand of four, of which a Fitts test shows three."""
    hand = load_hand("test-hand")
    settings, four = TrialSettings(), [dof.name for dof in hand.dofs]
    qtbot.addWidget(settings)
    settings.begin(four)
    settings.only(four)
    for kind in ("motion", "fitts", "tac", "motion"):
        settings.show_kind(kind)
        ticked = [dof for dof, box in settings.dofs.items() if box.isChecked()]
        assert list(settings.run(1, hand, "power").dofs) == ticked
        assert len(ticked) == (3 if kind != "motion" else len(four))
        assert settings.limit.isHidden() is (kind == "motion")
    settings.show_kind("fitts")
    assert settings.limit.text().startswith("At most 3 at once")
    last, first = settings.dofs[four[-1]], settings.dofs[four[0]]
    assert not last.isEnabled() and first.isEnabled()
    first.click()
    assert last.isEnabled() and settings.limit.isHidden()
    last.click()
    assert settings.chosen() == [*four[1:3], four[-1]] and not first.isEnabled()
    settings.only(four[:2])
    assert settings.chosen() == four[:2] and settings.limit.isHidden(), "no more are moved"
