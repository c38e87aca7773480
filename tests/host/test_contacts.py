# SPDX-License-Identifier: GPL-3.0-or-later
"""Contacts measured while a session runs: the real control process, brainflow's driver, a pty, a
board that injects."""

from __future__ import annotations

import json

import numpy as np
import pytest

pytest.importorskip("brainflow", reason="brainflow is not installed")

from hand_stand_in import HandStandIn
from injecting_board import Board
from sessions import settings, until

from endplate.errors import EndplateError, HandError
from endplate.hardware import load_hand
from endplate.live.feed import FeedReader
from endplate.live.recording import read_recording
from endplate.live.requests import ask
from endplate.live.session import start_control
from endplate.monitor import words
from endplate.monitor.site_words import contact, site_verdict

SITES = {(channel, electrode) for channel in range(1, 9) for electrode in (0, 1)}


@pytest.fixture
def board(tmp_path):
    there = Board(tmp_path)
    yield there
    there.close()


@pytest.fixture
def hand():
    with HandStandIn(hand_hash=load_hand("test-hand").hash32) as there:
        yield there


@pytest.fixture
def session(board, hand, tmp_path):
    """(folder, its feed, the control process)"""
    folder = tmp_path / "session"
    control = start_control(settings(
        folder, hand, board="cyton", port=board.port, montage="free-8",
        recording=str(tmp_path / "kept"),
    ))  # fmt: skip
    yield folder, FeedReader(folder / "feed"), control
    control.stop()


def heard(feed: FeedReader) -> int:
    return feed.status().get("board", {}).get("samples", 0)


def meters(feed: FeedReader) -> list[dict]:
    return feed.status().get("meters", [])


def test_every_contact_is_measured_shown_and_recorded(session, board, tmp_path):
    folder, feed, control = session
    board.cyton.impedance_ohm[2] = 30_000.0, 800_000.0
    board.cyton.impedance_ohm[4] = 120_000.0, 5_000.0
    until(lambda: heard(feed) > 100)
    assert ask(folder, "contacts")["seconds"] == 4
    with pytest.raises(EndplateError, match="being measured"):
        ask(folder, "contacts")
    with pytest.raises(HandError, match="being measured: arm in 4 s"):
        ask(folder, "arm")
    until(lambda: meters(feed)[3].get("measured_now"))
    assert site_verdict({"bits": 16}, meters(feed)[3]) == (
        "unknown", "Contact is being measured: rest",
    )  # fmt: skip
    until(lambda: "The worst is Site 3: 8" in words.contacts(feed.status()["contacts"]))
    until(board.at_rest)
    assert board.through == SITES
    until(lambda: meters(feed)[4].get("impedance_ohm", 0) > 0)
    assert meters(feed)[2]["impedance_ohm"] == pytest.approx(800_000, rel=0.05)
    assert meters(feed)[4]["impedance_ohm"] == pytest.approx(120_000, rel=0.05)
    assert contact(meters(feed)[4]).endswith("0 kohm")
    assert site_verdict({"bits": 0}, meters(feed)[2])[1].startswith("Contact 8")
    assert feed.status()["board"]["lost"] == 0
    control.stop()
    kept = read_recording(tmp_path / "kept.bdf")
    begun, ended = [at for at, text in kept.annotations if text.startswith("contacts: lead-off")]
    assert 3.4 * 250 < ended - begun < 6.0 * 250
    current = np.abs(np.diff(kept.counts[:, 2].astype(float)))
    assert current[begun + 125 : begun + 375].mean() > 10 * current[:begun].mean(), "as it was"


def test_the_third_time_it_says_where_a_contact_goes(session, board):
    folder, feed, _ = session
    until(lambda: heard(feed) > 100)
    for ohm in (200_000.0, 150_000.0, 110_000.0, 80_000.0):
        board.cyton.impedance_ohm[0] = ohm, 5_000.0
        ask(folder, "contacts")
        until(
            lambda ohm=ohm: abs(meters(feed)[0].get("impedance_ohm", 0) / ohm - 1) < 0.1, seconds=20
        )
    until(lambda: "impedance" in meters(feed)[0]["trend"])
    assert meters(feed)[0]["trend"]["impedance"] == "falling"


def test_an_armed_hand_gets_no_current_and_a_session_that_ends_leaves_none(session, board):
    folder, feed, control = session
    until(lambda: heard(feed) > 500 and feed.status()["hand"]["connected"])
    ask(folder, "arm")
    with pytest.raises(HandError, match="disarm it first"):
        ask(folder, "contacts")
    assert not board.through
    ask(folder, "disarm")
    ask(folder, "contacts")
    until(lambda: board.cyton.lead_off.any())
    assert json.dumps(feed.status())  # what watchers get is still a text
    control.stop()
    until(board.at_rest)
