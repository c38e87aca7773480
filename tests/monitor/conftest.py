# SPDX-License-Identifier: GPL-3.0-or-later
"""What is tested here is what is seen, not its pace: windows look at the feed 12 times a second,
which leaves the processors to the tests beside. test_window_cost.py has the pace."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def _unhurried(monkeypatch):
    try:
        from endplate.monitor import watch
    except ImportError:  # without PyQt6 the tests skip themselves
        return
    monkeypatch.setattr(watch, "FRAME_MS", 80)
