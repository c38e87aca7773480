# SPDX-License-Identifier: GPL-3.0-or-later
"""Contact through the whole path: command, brainflow's Cyton driver, a pty, a board that
injects."""

from __future__ import annotations

import math
import signal
import subprocess
import sys
import time

import pytest

pytest.importorskip("brainflow", reason="brainflow is not installed")

from injecting_board import Board

from endplate.cli import impedance as command
from endplate.errors import BoardError, UsageError
from endplate.live.impedance import Contact, Settling, opened
from endplate.monitor.site_words import DRY_OHM


@pytest.fixture
def board(tmp_path):
    there = Board(tmp_path)
    yield there
    there.close()


def test_both_electrodes_of_every_site_that_was_asked_for(board, capsys):
    board.cyton.impedance_ohm[2] = 30_000.0, 800_000.0
    board.cyton.impedance_ohm[4] = 120_000.0, 5_000.0
    arguments = ["impedance", "--board", "cyton", "--port", board.port, "--sites", "3,5",
                 "--together"]  # fmt: skip
    from endplate.cli import main

    assert main(arguments) == 1, "one has no contact"
    said = " ".join(capsys.readouterr().out.split())
    assert board.through == {(3, 0), (3, 1), (5, 0), (5, 1)}
    assert board.at_rest()
    assert "SIMULATED" in said and "30 kohm" in said and "5 kohm" in said
    for text in said.split("Site 3")[1:]:
        assert "N: no contact" in text.split("Site 5")[0]
    assert "P: more gel" in said.split("Site 5")[1]


def test_in_turn_and_right_within_five_per_cent(board):
    board.cyton.impedance_ohm[0] = 30_000.0, 2e6
    seen: list[str] = []
    with opened("cyton", board.port) as check:
        (found,) = check.measure([("biceps", 1)], told=seen.append)
    assert seen == ["biceps: electrode P", "biceps: electrode N"]
    assert found.ohm == pytest.approx({"P": 30_000.0, "N": 2e6}, rel=0.05)
    assert found.worst_ohm > DRY_OHM and board.at_rest()


def test_ctrl_c_switches_the_current_off(board):
    process = subprocess.Popen(
        [sys.executable, "-m", "endplate", "impedance", "--board", "cyton", "--port", board.port],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    end = time.monotonic() + 30
    while not board.cyton.lead_off.any() and time.monotonic() < end:
        time.sleep(0.02)
    assert board.cyton.lead_off.any()
    process.send_signal(signal.SIGINT)
    said, _ = process.communicate(timeout=30)
    assert board.at_rest() and process.returncode == 130, said
    assert said.strip().endswith("Stopped: no current flows any more.")


def test_a_board_that_falls_silent_is_said_and_what_flows_is_switched_off(board):
    def silence(_: str) -> None:
        board.silent = True

    with pytest.raises(BoardError, match="not all measured"):
        with opened("cyton", board.port) as check:
            check.measure([("biceps", 1)], told=silence)
    assert board.at_rest()


def test_what_cannot_be_measured_is_said(tmp_path):
    with pytest.raises(BoardError, match="no lead-off current"):
        with opened("ganglion", "/dev/null"):
            pass
    with pytest.raises(UsageError, match='has no site "9"; it has 1 '):
        command.chosen("9", "free-8")
    assert command.chosen(" 2, Site 1", "free-8") == [("Site 2", 2), ("Site 1", 1)]


def test_an_input_at_its_end_is_open():
    shown = command.table([Contact("a", 1, {"P": math.inf, "N": 1e4})], False, False)
    *_, verdict, p, n = (next(iter(column.cells)) for column in shown.columns)
    assert verdict.endswith("P: no contact: plug it in, moisten or press it on")
    assert (p, n) == ("open", "10 kohm")


def test_where_contacts_go_over_rounds():
    settling, made = Settling(), []
    for t in range(0, 40, 4):
        made = [Contact("falls", 1, {"P": 60e3 * 0.8 ** (t / 60), "N": 2e4}),
                Contact("stays", 2, {"P": 2e4, "N": 2e4 * (1 + 0.004 * (t % 8 > 0))}),
                Contact("open", 3, {"P": math.inf, "N": 2e4 * 1.3 ** (t / 60)})]  # fmt: skip
        settling.add(float(t), made)
        if t < 12:
            assert settling.percent_a_minute(made[0]) is None
    falls, stays, rises = (settling.percent_a_minute(contact) for contact in made)
    assert falls == pytest.approx(-20, abs=0.1) and rises == pytest.approx(30, abs=0.1)
    assert abs(stays) < command.STEADY_PERCENT
    shown = command.table(made, False, False, settling)
    goes = list(shown.columns[-1].cells)
    assert [text.split()[1] for text in goes] == ["falling", "steady", "rising"]
    assert "20 % a minute: wait" in goes[0]
