# SPDX-License-Identifier: GPL-3.0-or-later
"""Single keys: none is lost when several wait, and STOP comes first. On a real pty."""

from __future__ import annotations

import os
import pty
import sys

import pytest

from endplate.cli.keys import in_order, single_keys


@pytest.fixture
def terminal(monkeypatch):
    master, slave = pty.openpty()
    with os.fdopen(slave, "r") as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        yield master
    os.close(master)


def test_keys_typed_while_the_loop_was_busy_are_all_seen(terminal):
    with single_keys() as keys:
        os.write(terminal, b"gda")
        assert keys(1.0) == "gda"
        assert keys(0.0) == ""


def test_stop_overtakes_what_was_typed_with_it(terminal):
    with single_keys() as keys:
        os.write(terminal, b"ga a")
        assert keys(1.0) == " "
        os.write(terminal, b"r")
        assert keys(1.0) == "r"


def test_order():
    assert in_order("ag") == "ag"
    assert in_order("a q") == " q"
    assert in_order("a E") == "E"
