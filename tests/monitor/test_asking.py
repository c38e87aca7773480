# SPDX-License-Identifier: GPL-3.0-or-later
"""Marks that are asked for beside the window: each is sent, to the session that was on."""

from __future__ import annotations

import pytest

pytest.importorskip(
    "PyQt6.QtWidgets", reason="PyQt6 or a library it needs is not installed", exc_type=ImportError
)

from endplate.monitor.asking import NOBODY, Asking

from .rigging import Outside


@pytest.fixture
def outside(tmp_path):
    made = Outside(tmp_path)
    yield made
    made.close()


def marked(outside):
    return [fields["text"] for verb, fields in outside.asked if verb == "mark"]


def test_no_stop_takes_a_mark_back_and_each_goes_to_the_session_that_was_on(
    outside, tmp_path, qtbot
):
    asking, fell = Asking(tmp_path), []
    for number in range(3):
        asking.mark(f"mark {number}", fell.append, n=number)
    asking.say("stop", "stopped")
    asking.look_at(None)
    qtbot.waitUntil(lambda: len(fell) == 3, timeout=5000)
    assert all(isinstance(sample, int) for sample in fell) and fell == sorted(fell)
    assert marked(outside) == [f'mark {number} {{"n":{number}}}' for number in range(3)]
    asking.close()


def test_a_window_that_closes_sends_its_last_mark(outside, tmp_path):
    asking = Asking(tmp_path)
    asking.mark("first")
    asking.mark("given up")
    asking.close()
    assert marked(outside) == ["first", "given up"]


def test_without_a_session_it_is_said_and_nothing_fell(qtbot):
    asking, heard = Asking(None), []
    asking.answered.connect(heard.append)
    asking.mark("mark", heard.append)
    qtbot.waitUntil(lambda: len(heard) == 2, timeout=3000)
    assert heard == [NOBODY, None]
    asking.close()
