# SPDX-License-Identifier: GPL-3.0-or-later
"""Decoders beside the driver: they change nothing for the hand, and a switch never moves it."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest
from beside_rig import (
    MOST_STEP,
    SITES,
    Board,
    Link,
    Session,
    broken,
    emg,
    fail_after,
    senseless,
    slow,
    stuck,
    stuck_for_a_moment,
    two_profiles,
)
from plain_profile import plain_profile
from sessions import settings

from endplate import core
from endplate.errors import HandError, ProfileError, SessionError
from endplate.live import shadow as module
from endplate.live.control import Control
from endplate.live.decoded import compare
from endplate.live.decoder import Pool, finished
from endplate.live.profile import PLAIN_SHAPE
from endplate.live.recording import read_recording


@pytest.fixture
def paths(tmp_path):
    return two_profiles(tmp_path)


@pytest.fixture
def session(tmp_path, paths, monkeypatch):
    made = []
    monkeypatch.setattr("endplate.live.control.open_board", lambda *_, **__: Board())

    def make(armed=True, shadow=True, **more) -> Session:
        place = tmp_path / f"s{len(made)}"
        control = Control(
            settings(place, None, profile=paths[0], shadow=paths[1] if shadow else None,
                     recording=str(place / "r"), **more)
        )  # fmt: skip
        made.append(control)
        control.open()
        return Session(control, Link(armed))

    yield make
    for each in made:
        each.close()


def test_the_hand_gets_the_same_bytes_with_and_without(session):
    counts = emg(1500)
    alone = session(shadow=False)
    alone.control.beside.fallback = None
    alone.feed(counts)
    assert len(alone.link.bytes) == 300 and np.ptp(alone.link.targets, axis=0)[0] > 5000
    for wrong in (None, broken, slow, stuck_for_a_moment, senseless):
        both = session()
        both.ns = alone.ns
        if wrong:
            fail_after(both.control.beside.shadow, 30, wrong)
        both.feed(counts)
        assert both.link.bytes == alone.link.bytes, wrong
        gone = both.control.beside.shadow is None
        assert gone == (wrong is not None), wrong
        if gone:
            said = [note for note in both.control.notes if "was switched off" in note]
            assert len(said) == 1 and "what drives goes on" in said[0]
    assert len(stuck) == 1, "the first time was the last"


def test_the_shadow_moves_the_virtual_hand_only(session):
    here = session()
    here.feed(emg(800))
    shown = here.status["shadow"]
    assert shown["name"] == "new" and here.status["drives"] == "old"
    assert shown["velocity"][0] < -0.3 < 0.3 < here.link.targets[-1][0] / core.TARGET_UNIT
    elbow = [joint.name for joint in here.control.hand.joints].index("elbow")
    assert shown["joints_deg"][elbow] > 5
    marks = read_recording(closed(here)).annotations
    assert any("runs as a shadow" in text for _, text in marks)


def fastest_rise(here: Session) -> int:
    """Of any DoF from one COMMAND to the next."""
    return int(np.diff(np.abs(np.array(here.link.targets)), axis=0).max())


def closed(here: Session) -> Path:
    assert here.control.close() == []
    return Path(here.control.recording)


def test_it_drives_only_after_a_rest_and_nothing_jumps(session, tmp_path):
    here = session()
    here.rest(1)
    here.feed(emg(500, ((1, 0, 500),)))
    assert here.ask("promote") == {"ok": True, "waiting": True, "name": "new"}
    before = len(here.link.targets)
    here.feed(emg(500, ((1, 0, 500),), seed=6))  # the hand moves on: the first one drives
    assert (here.status["waiting"], here.status["next"]) == ("promote", "new")
    assert here.status["drives"] == "old"
    assert min(t[0] for t in here.link.targets[before + 3 :]) > 3000
    here.rest(2)
    assert here.status["drives"] == "new" and here.status["promoted"]
    here.feed(emg(500, ((1, 0, 500),), seed=7))
    assert min(t[0] for t in here.link.targets) < -3000
    assert fastest_rise(here) <= MOST_STEP
    assert here.status["shadow"]["name"] == "old", "the one that drove goes on beside it"
    here.ask("demote")
    here.rest(3)
    assert here.status["drives"] == "old" and not here.status["promoted"]
    here.feed(emg(300, ((1, 0, 300),), seed=8))
    path = closed(here)
    results = compare(read_recording(path), tmp_path)
    assert [r.profile for r in results] == ["old", "new", "old"]
    assert all(r.identical and r.hops > 60 for r in results), results


def test_a_disarmed_hand_is_switched_at_once(session):
    here = session(armed=False)
    here.rest(0.1)
    assert here.ask("promote") == {"ok": True, "waiting": False, "name": "new"}
    assert here.ask("demote")["name"] == "old"


def test_a_stop_cancels_the_switch(session):
    for stop in ("cancel", "disarm"):
        here = session()
        here.rest(3)
        here.feed(emg(100, ((1, 0, 100),)))
        here.ask("promote")
        if stop == "cancel":
            here.control.beside.cancel()
        else:
            here.link.armed = False
        here.rest(3)
        assert here.status["drives"] == "old" and not here.status["waiting"]
        assert here.control.notes[-1].startswith("The hand was stopped before the switch")


def test_without_a_rest_it_ends_with_a_sentence(session, monkeypatch):
    monkeypatch.setattr(module, "WAIT_S", 0.05)
    here = session()
    here.rest(3)
    here.feed(emg(50, ((1, 0, 50),)))
    here.ask("promote")
    time.sleep(0.06)
    here.feed(emg(50, ((1, 0, 50),)))
    assert here.status["waiting"] == "" and here.status["drives"] == "old"
    assert here.control.notes[-1].startswith("No rest came within")


def test_only_warm_chains_drive_an_armed_hand(session, paths):
    here = session(armed=False, shadow=False)
    here.rest(3)
    here.ask("shadow", path=paths[1])
    here.link.armed = True
    here.ask("promote")
    here.rest(module.WARM_S - 0.2)
    assert here.status["drives"] == "old"
    here.rest(0.6)
    assert here.status["drives"] == "new"


def test_direct_control_and_back(session, tmp_path):
    here = session()
    here.rest(3)
    here.feed(emg(300, ((3, 0, 300),)))
    assert here.link.targets[-1][0] < -3000, "the decoder opens the hand"
    assert here.ask("direct")["waiting"]
    here.rest(2)
    assert here.status["direct"] and here.status["drives"] == "old, direct control"
    here.feed(emg(300, ((3, 0, 300),), seed=9))
    assert here.link.targets[-1][0] > 3000, "direct control closes it"
    assert fastest_rise(here) <= MOST_STEP
    with pytest.raises(SessionError, match="Direct control drives"):
        here.ask("promote")
    assert here.ask("direct", on=True) == {
        "ok": True, "waiting": False, "name": "old, direct control"
    }  # fmt: skip
    here.ask("direct", on=False)
    here.rest(2)
    assert not here.status["direct"] and here.status["drives"] == "old"
    results = compare(read_recording(closed(here)), tmp_path)
    assert [r.profile for r in results] == ["old", "old, direct control", "old"]
    assert all(r.identical for r in results)


def test_one_pair_for_all_says_what_it_moves(session, paths):
    side = {"threshold": 0.2, "gain": 1.25}
    pair = {"positive": {"site": 1, **side}, "negative": {"site": 3, **side}, "dofs": 0b11}
    part = {"pairs": 1, "switch_level": 0.6, "switch_hops": 15, "pair": [pair]}
    direct = {
        "decoder": finished("direct", inputs=SITES, dofs=2, pool=Pool(), direct=part),
        "needs": [[1, 3], [1, 3]], "shape": {dof: PLAIN_SHAPE for dof in ("hand", "elbow")},
    }  # fmt: skip
    plain_profile(Path(paths[0]), name="old", direct=direct)
    here = session()
    here.rest(3)
    here.ask("direct")
    here.rest(2)
    assert here.status["moves"] == ["hand"]
    here.feed(emg(100, ((1, 0, 100), (3, 0, 100)), loud_uv=150.0))
    here.rest(1)
    assert here.status["moves"] == ["elbow"], "a co-contraction has switched it"
    here.feed(emg(200, ((1, 0, 200),)))
    elbow = [dof.name for dof in here.control.hand.dofs].index("elbow")
    assert here.link.targets[-1][elbow] > 3000 and here.link.targets[-1][0] == 0


def test_direct_control_is_offered_not_taken(session, monkeypatch):
    here = session()
    here.rest(3)
    real = here.control.driver.process

    def novel(*given):
        hops = real(*given).copy()
        hops["gate"], hops["target"] = core.lib.GATE_NOVEL, 0
        return hops

    monkeypatch.setattr(here.control.driver, "process", novel)
    here.rest(2)
    assert here.status["offer"] == "", "not for a moment"
    here.rest(3)
    assert here.status["offer"].startswith("For seconds the signals have been unlike")
    assert "Direct control still works" in here.status["offer"]
    assert not here.status["direct"] and not here.status["waiting"]
    assert here.control.notes[-1] == here.status["offer"]
    monkeypatch.undo()
    here.rest(15)
    assert here.status["offer"] == ""


@pytest.mark.parametrize(
    ("verb", "fields", "kind", "says"),
    [
        ("promote", {}, SessionError, "No shadow runs: start with --shadow"),
        ("demote", {}, SessionError, "No shadow has been promoted"),
        ("shadow", {"path": "nobody.json"}, ProfileError, "There is no profile at nobody.json"),
        ("shadow", {"path": 3}, ProfileError, "named by its profile's path"),
    ],
)
def test_refusals_say_what_to_do(session, verb, fields, kind, says):
    here = session(armed=False, shadow=False)
    with pytest.raises(kind, match=says):
        here.ask(verb, **fields)


def test_what_does_not_fit_is_refused_and_nothing_changes(session, tmp_path):
    other = plain_profile(tmp_path / "p.json", hand="claw")
    here = session(armed=False)
    with pytest.raises(ProfileError, match="made for the hand claw"):
        here.ask("shadow", path=other)
    assert here.status["shadow"]["name"] == "new"
    here.link.armed = True
    with pytest.raises(HandError, match="only while the hand is disarmed"):
        here.ask("shadow", path=None)
    here.link.armed = False
    here.ask("promote")
    with pytest.raises(SessionError, match="The shadow new drives already"):
        here.ask("promote")
    with pytest.raises(ProfileError, match="holds no direct control: calibrate"):
        here.ask("direct")


def test_a_shadow_that_does_not_fit_is_one_sentence_before_anything_runs(session, paths, tmp_path):
    plain_profile(Path(paths[1]), montage="transradial-4")
    with pytest.raises(ProfileError, match="belongs to the montage transradial-4"):
        session()


def test_a_hand_that_decodes_by_itself_is_not_switched(session, monkeypatch):
    here = session(armed=False)
    monkeypatch.setattr(type(here.control.decoding), "mode", "hand")
    with pytest.raises(HandError, match="The hand decodes by itself: upload"):
        here.ask("promote")
    with pytest.raises(HandError, match="The hand decodes by itself: upload"):
        here.ask("direct")


def test_the_hands_own_decoding_hears_of_a_switch_once_disarmed(session, monkeypatch):
    here, told = session(), []
    monkeypatch.setattr(here.control.decoding, "use", lambda profile: told.append(profile.name))
    here.rest(3)
    here.ask("promote")
    here.rest(2)
    assert here.status["drives"] == "new" and told == []
    here.link.armed = False
    here.rest(0.2)
    assert told == ["new"]


def test_a_switch_that_fails_leaves_the_first_one_driving(session, monkeypatch):
    here = session()
    here.rest(3)
    here.ask("promote")
    monkeypatch.setattr(here.control.beside, "_switch", lambda *_: 1 / 0)
    here.rest(2)
    assert here.status["drives"] == "old" and not here.status["waiting"]
    assert here.control.notes[-1].startswith("The switch failed (division by zero)")
    assert len(here.link.bytes) == 250


def test_what_it_costs_is_measured(session):
    here = session()
    here.feed(emg(1500))
    cost = here.control.latency.summary()["beside"]
    print(f"processor time of a decoder beside the driver, a block: {cost}")
    assert cost["n"] > 100 and cost["p50"] < 1.0
