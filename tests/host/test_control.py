# SPDX-License-Identifier: GPL-3.0-or-later
"""The control process as a whole, with a hand that runs the real codec and guard.

Commands are judged where they arrive, on the hand's clock. The board is brainflow's synthetic one,
or the emulated Cyton where samples must wait in a port.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from hand_stand_in import HandStandIn
from plain_profile import plain_profile
from sessions import settings, until

from endplate import core, errors
from endplate.hardware import load_hand
from endplate.live.control import Control
from endplate.live.feed import FeedReader
from endplate.live.hand_words import DRIVING
from endplate.live.requests import ask
from endplate.live.session import start_control
from endplate.live.traces import APPLIED, COMMANDS

pytest.importorskip("brainflow", reason="brainflow is not installed")
lib = core.lib
HAND = load_hand("test-hand")


@pytest.fixture
def hand():
    with HandStandIn(hand_hash=HAND.hash32) as hand:
        yield hand


@pytest.fixture
def place(tmp_path) -> Path:
    return tmp_path / "session"


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    """One session for the tests that leave it running: its folder, its hand, its process."""
    place = tmp_path_factory.mktemp("shared") / "session"
    with HandStandIn(hand_hash=HAND.hash32) as hand:
        with start_control(settings(place, hand)) as control:
            yield place, hand, control


def status(control) -> dict:
    return control.ask("status")["status"]


def more_samples(control, n: int) -> None:
    target = status(control)["board"]["samples"] + n
    until(lambda: status(control)["board"]["samples"] > target)


def arm(control, hand) -> None:
    until(lambda: status(control)["board"]["samples"] > 50)
    assert control.ask("arm")["armed"]
    until(lambda: hand.state == lib.GUARD_ACTIVE)


def lost_by_a_pause(control, hand) -> bool:
    """False; arms again where the machine stood still for so long that the hand rightly let go."""
    if hand.state == lib.GUARD_LINK_LOST:
        assert status(control)["latency_ms"]["poll"]["max"] + hand.worst_gap_ms > 200
        arm(control, hand)
    return False


def last_command_to(hand, state: int) -> float:
    """Milliseconds from the newest accepted command to `state`, less the stand-in's lateness."""
    entered = next(ns for ns, now in reversed(hand.states) if now == state)
    fresh = max(c["at_ns"] for c in hand.commands if c["verdict"] == 0)
    return (entered - fresh) / 1e6 - hand.worst_gap_ms


def ages_when_sent_ms(commands, place) -> list[float]:
    """Of the commands that arrived, how old their EMG was when they were handed to the port."""
    records = np.fromfile(place / "commands.bin", COMMANDS)
    sent = dict(zip(records["sample"].tolist(), records["sent_ns"].tolist(), strict=True))
    return [c["age_ms"] - (c["at_ns"] - sent[c["sample"]]) / 1e6 for c in commands]


def test_samples_become_commands_and_everybody_sees_them(shared):
    place, hand, control = shared
    assert control.ready["simulated"] and control.ready["priority"]
    arm(control, hand)
    before = len(hand.commands)
    reader = control.feed()
    since, following = reader.newest, reader.hops(1 << 60)[0]
    until(lambda: len(hand.commands) >= before + 100 or lost_by_a_pause(control, hand), 20)
    seen = list(hand.commands)

    # one command per hop, newest first come, none refused, none old
    samples = np.array([c["sample"] for c in seen])
    assert (np.diff(samples) > 0).all() and (np.diff(samples) % 5 == 0).all()
    assert np.median(np.diff(samples)) == 5
    assert hand.refused == 0
    assert np.median([c["age_ms"] for c in seen]) < 20

    first, counts, clean = reader.samples(since)
    assert first == since and len(counts) >= 100 * 5 - 20
    assert counts.shape == clean.shape == (len(counts), 16) and clean.any()
    hops = reader.hops(following)[1]
    assert hops["sent"].mean() > 0.7 and set(np.diff(hops["samples"])) == {5}
    assert reader.info.dofs == tuple(d.name for d in HAND.dofs) and reader.info.hop_samples == 5
    assert len(reader.info.site_labels) == 16 and reader.info.montage_channels == tuple(range(1, 9))

    shown = reader.status()
    assert shown["board"]["health"] == "ok" and shown["board"]["lost"] == 0
    assert shown["hand"]["word"] == "active" and shown["hand"]["limits"] == ["none"] * 4
    assert shown["profile"]["name"] == "plain" and len(shown["quality"]) == 16
    assert shown["latency_ms"]["arrival_to_wire"]["n"] > 50
    assert shown["latency_ms"]["arrival_to_wire"]["p50"] < 4
    assert shown["latency_ms"]["wire_to_applied"]["n"] > 10
    assert 0 < shown["cpu"]["loop"] <= shown["cpu"]["process"] < 1

    until(lambda: seen[-1]["sample"] in np.fromfile(place / "commands.bin", COMMANDS)["sample"])
    sent = np.fromfile(place / "commands.bin", COMMANDS)
    assert set(sent["sample"]) >= {c["sample"] for c in seen}
    assert max(ages_when_sent_ms(seen, place)) < 151
    at = {c["sample"]: c["at_ns"] for c in seen}
    late = [at[r["sample"]] - r["sent_ns"] for r in sent if r["sample"] in at]
    assert -1e6 < np.median(late) < 5e6
    applied = np.fromfile(place / "applied.bin", APPLIED)
    assert len(applied) > 5 and set(applied["sample"]) <= set(sent["sample"])
    off = [abs(r["applied_ns"] - at[r["sample"]]) - r["error_ns"] for r in applied
           if r["sample"] in at]  # fmt: skip
    assert np.percentile(off, 95) < 2e6  # the stand-in applies at once


def test_requests_and_their_refusals(shared):
    _, hand, control = shared
    with pytest.raises(errors.SessionError, match='no request "fly"'):
        control.ask("fly")
    with pytest.raises(errors.SessionError, match="lacks a field"):
        control.ask("mark")
    with pytest.raises(errors.HandError, match="no grip fork; it has power, "):
        control.ask("grip", name="fork")
    assert control.ask("grip", name="key")["ok"]
    with pytest.raises(errors.ProfileError, match="no profile at"):
        control.ask("profile", path="/nowhere.json")
    with pytest.raises(errors.ProfileError):
        control.ask("profile", path=5)
    until(lambda: status(control)["board"]["samples"] > 50)
    sample = control.ask("prompt", label="hand close", target={"hand": 1.0})["sample"]
    assert abs(sample - control.ask("mark", text="now")["sample"]) < 100
    assert control.feed().info.grips.index("key") >= 0
    until(lambda: status(control)["prompt"] is not None)
    now = status(control)
    assert now["grip"] == "key" and now["prompt"]["label"] == "hand close"
    arm(control, hand)
    until(lambda: hand.commands[-1]["grip"] == [g.name for g in HAND.grips].index("key"))
    for verb, state in (("stop", lib.GUARD_DISARMED), ("release", lib.GUARD_RELEASING)):
        control.ask(verb)
        assert hand.state == state
    n = len(hand.commands)
    assert control.ask("estop")["ok"] and hand.state == lib.GUARD_ESTOP
    assert len(hand.commands) == n
    with pytest.raises(errors.HandError, match="power is cut"):
        control.ask("arm")
    hand.reboot()
    until(lambda: "restarted" in status(control)["hand"]["sentence"])
    assert hand.state == lib.GUARD_DISARMED


def test_a_profile_is_changed_only_under_a_disarmed_hand(shared, tmp_path):
    _, hand, control = shared
    arm(control, hand)
    other = plain_profile(tmp_path / "o.json", name="other", still=True)
    wrong = plain_profile(tmp_path / "w.json", name="wrong", rate_hz=1000.0)
    with pytest.raises(errors.ProfileError, match="1000 samples/s"):
        control.ask("profile", path=wrong)
    assert hand.state in DRIVING  # refused before anything was touched
    reply = control.ask("profile", path=other)
    assert reply["disarmed"] and hand.state == lib.GUARD_DISARMED
    n = len(hand.commands)
    until(lambda: (status(control)["profile"] or {}).get("name") == "other")
    assert len(hand.commands) == n
    arm(control, hand)
    assert hand.commands[-1]["verdict"] == 0
    assert hand.commands[-1]["sample"] > hand.commands[n - 1]["sample"]


def test_a_hanging_decoder_falls_silent_while_the_link_stays_up(shared):
    _, hand, control = shared
    arm(control, hand)
    control.ask("fault", hang_decoder=True)
    until(lambda: hand.state == lib.GUARD_LINK_LOST)
    assert last_command_to(hand, lib.GUARD_STALE) < 150
    assert last_command_to(hand, lib.GUARD_LINK_LOST) < 350
    beats = hand.messages.count("HEARTBEAT")
    until(lambda: hand.messages.count("HEARTBEAT") > beats + 2)
    n = len(hand.commands)
    control.ask("fault", hang_decoder=False)
    more_samples(control, 50)
    assert len(hand.commands) == n and hand.state == lib.GUARD_LINK_LOST
    arm(control, hand)


def test_the_end_is_in_good_order(hand, place, tmp_path):
    recording = tmp_path / "rec" / "visit"
    control = start_control(settings(place, hand, recording=str(recording), arm=True))
    try:
        until(lambda: hand.state == lib.GUARD_ACTIVE)  # by the setting, once
        reader = control.feed()
        control.ask("prompt", label="close", target={"hand": 1})
        until(lambda: len(hand.commands) > 30)
        second = Control(settings(place, None))
        with pytest.raises(errors.SessionError, match="already running.*stop it first"):
            second.open()
        second.close()
        assert reader.alive
    finally:
        assert control.stop() == 0
    assert hand.state == lib.GUARD_DISARMED and hand.messages[-1] == "DISARM"
    assert not reader.alive
    with pytest.raises(errors.SessionError, match="start a session"):
        ask(place, "status")
    with pytest.raises(errors.SessionError):
        FeedReader(place / "feed")
    assert {p.name for p in place.iterdir()} <= {
        "lock", "control.log", "commands.bin", "applied.bin",
    }  # fmt: skip

    from endplate.live.recording import read_recording

    recorded = read_recording(recording.with_suffix(".bdf"))
    assert recorded.counts.shape[1] == 16 and len(recorded.counts) > 250
    assert any("close" in text for _, text in recorded.annotations)
    met = [json.loads(one["text"]) for one in recorded.meta["attachments"] if one["name"] == "hand"]
    assert [one["hand_hash"] for one in met] == [HAND.hash32] and met[0]["firmware"].count(".") == 2
    sent = np.fromfile(place / "commands.bin", COMMANDS)
    assert len(sent) > 30


def test_killed_it_leaves_a_safe_hand_and_a_usable_folder(hand, place, tmp_path):
    control = start_control(settings(place, hand, recording=str(tmp_path / "visit"), arm=True))
    try:
        until(lambda: hand.state == lib.GUARD_ACTIVE)
        reader = control.feed()
        control.process.kill()
        control.process.wait()
        assert not reader.alive
        until(lambda: hand.state == lib.GUARD_LINK_LOST)
        assert last_command_to(hand, lib.GUARD_LINK_LOST) < 350
    finally:
        control.stop()
    with start_control(settings(place, hand)) as again:
        until(lambda: status(again)["board"]["samples"] > 0)
        assert hand.state == lib.GUARD_LINK_LOST  # a new session arms nothing
        arm(again, hand)


def test_an_unplugged_hand_comes_back_disarmed(place, tmp_path):
    with HandStandIn(hand_hash=HAND.hash32) as hand:
        hand.link_as(tmp_path / "port")
        with start_control(settings(place, hand)) as control:
            arm(control, hand)
            hand.unplug()
            until(lambda: not status(control)["hand"]["connected"])
            shown = status(control)
            assert "port" in shown["hand"]["sentence"]
            assert any("plug" in sentence for sentence in shown["sentences"])
            with pytest.raises(errors.HandError, match="plug"):
                control.ask("arm")
            hand.plug()
            until(lambda: status(control)["hand"]["connected"])
            n = len(hand.commands)
            more_samples(control, 50)
            assert len(hand.commands) == n
            arm(control, hand)


class Cyton:
    """The emulated Cyton, which keeps sending while its reader is stopped."""

    def __init__(self, directory: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "endplate.sim.board", "--board", "cyton", "--patient",
             "tmr-transhumeral", "--seed", "1", "--directory", str(directory)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1,
        )  # fmt: skip
        self.port = json.loads(self.process.stdout.readline())["port"]

    def tell(self, **request) -> None:
        self.process.stdin.write(json.dumps(request) + "\n")

    def stop(self) -> None:
        self.process.kill()
        self.process.communicate()


@pytest.fixture
def cyton(tmp_path):
    (tmp_path / "board").mkdir()
    cyton = Cyton(tmp_path / "board")
    yield cyton
    cyton.stop()


def test_stopped_and_continued_it_sends_nothing_old(cyton, hand, place):
    with start_control(settings(place, hand, board="cyton", port=cyton.port)) as control:
        arm(control, hand)
        for pause_s in (0.2, 0.45, 1.2):
            time.sleep(1.0)  # the sample clock is sure again
            if hand.state != lib.GUARD_ACTIVE:
                arm(control, hand)
            before = len(hand.commands)
            os.kill(control.pid, signal.SIGSTOP)
            time.sleep(pause_s)
            stopped = len(hand.commands)
            assert stopped - before < 10
            os.kill(control.pid, signal.SIGCONT)
            more_samples(control, 250)
            if pause_s > 0.4:
                assert hand.state == lib.GUARD_LINK_LOST and not status(control)["hand"]["armed"]
        assert hand.refused == 0
    ages = ages_when_sent_ms(hand.commands, place)
    assert len(ages) > 50 and max(ages) < 151


def test_a_stalled_board_means_no_commands_and_no_arming_by_itself(cyton, hand, place):
    with start_control(settings(place, hand, board="cyton", port=cyton.port)) as control:
        arm(control, hand)
        cyton.tell(fault={"stall_s": 1.2})
        until(lambda: status(control)["board"]["health"] != "ok")
        assert "samples" in status(control)["board"]["sentence"]
        with pytest.raises(errors.HandError, match="without samples"):
            control.ask("arm")
        until(lambda: hand.state == lib.GUARD_LINK_LOST)
        assert last_command_to(hand, lib.GUARD_LINK_LOST) < 350
        until(lambda: status(control)["board"]["health"] == "ok")
        more_samples(control, 250)
        assert hand.state == lib.GUARD_LINK_LOST
        arm(control, hand)


def test_a_shadow_takes_over_from_a_driver_that_drives(place, hand, tmp_path):
    new = plain_profile(tmp_path / "new.json", name="new", still=True)
    with start_control(settings(place, hand, shadow=new)) as control:
        arm(control, hand)
        before = len(hand.commands)
        assert control.ask("promote")["waiting"]
        until(lambda: status(control)["beside"]["promoted"])
        until(lambda: len(hand.commands) > before + 150)
        assert status(control)["profile"]["name"] == "new"
        samples = np.array([command["sample"] for command in hand.commands])
        assert (np.diff(samples) > 0).all() and hand.refused == 0
        assert not any(any(command["target"]) for command in hand.commands)
        assert control.ask("demote")["name"] == "plain"
        until(lambda: status(control)["profile"]["name"] == "plain")
        with pytest.raises(errors.ProfileError, match="holds no direct control"):
            control.ask("direct")
