# SPDX-License-Identifier: GPL-3.0-or-later
"""Latency with and without the window: a turn without commands says nothing."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from endplate.cli import main
from endplate.cli.bench import report
from endplate.cli.bench import result as measured
from endplate.cli.window import open_still
from endplate.errors import SessionError


def test_turns_with_few_commands_do_not_count(monkeypatch):
    rows = {1: (200, 2.0), 2: (200, 3.0), 3: (200, 2.0), 4: (0, None), 5: (3, 1.0), 6: (200, 9.0)}
    monkeypatch.setattr(measured, "between", lambda commands, begin, end: begin)
    monkeypatch.setattr(measured, "arrival_to_wire_ms", lambda truth, begin: begin)
    monkeypatch.setattr(
        measured, "spread", lambda begin: dict(zip(("n", "p99"), rows[begin], strict=True))
    )
    spans = [("closed" if n % 2 else "open", n, n) for n in rows]
    none = np.zeros(0)
    found = report.compare(none, none, spans)
    assert found["p99_ratio"] == [1.5] and found["p99_ratio_median"] == 1.5
    assert report.compare(none, none, spans[2:])["p99_ratio_median"] is None


def test_no_figure_comes_of_a_window_that_is_not_there(monkeypatch, capsys):
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    assert main(["bench", "--headless", "--monitor-pairs", "1"]) == 2
    assert "there is no display: start this where" in " ".join(capsys.readouterr().err.split())


def test_a_window_that_closed_meanwhile_is_no_window():
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    with pytest.raises(SessionError, match="did not stay open"):
        open_still(ended)
    open_still(None)
