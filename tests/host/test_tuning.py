# SPDX-License-Identifier: GPL-3.0-or-later
"""Dead-band and gain changed while it drives: from the next sample on, within bounds, and in the
recording to the bit."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from beside_rig import MOST_STEP, Board, Link, Session, emg, two_profiles
from sessions import settings

from endplate.errors import HandError, ProfileError
from endplate.live.control import Control
from endplate.live.decoded import compare
from endplate.live.recording import read_recording

USUAL = {"dead_band": 0.1, "negative": 1.0, "positive": 1.0}


@pytest.fixture
def session(tmp_path, monkeypatch):
    monkeypatch.setattr("endplate.live.control.open_board", lambda *_, **__: Board())
    old, new = two_profiles(tmp_path)
    control = Control(
        settings(tmp_path / "s", None, profile=old, shadow=new, recording=str(tmp_path / "r"))
    )
    control.open()
    made = Session(control, Link(False))
    yield made
    made.link.phase = "gone"
    control.close()


def shape(session, dof="hand"):
    from endplate.live.tuning import shown

    return shown(session.control.driver)[dof]


def test_a_gain_is_in_force_from_the_next_sample_on(session):
    session.link.armed = True
    session.feed(emg(400, ((1, 50, 400),), loud_uv=55))
    before = np.array(session.link.targets[-20:])[:, 0]
    assert shape(session) == USUAL
    reply = session.ask("tune", dof="hand", **{**USUAL, "positive": 0.4})
    assert reply == {"ok": True, "dof": "hand", **USUAL, "positive": 0.4}
    assert shape(session) == {**USUAL, "positive": 0.4}
    session.feed(emg(400, ((1, 0, 400),), loud_uv=55, seed=6))
    after = np.array(session.link.targets[-20:])[:, 0]
    assert after.mean() == pytest.approx(0.4 * before.mean(), rel=0.15)
    # Turned up again, it speeds up no faster than the slew lets it.
    session.ask("tune", dof="hand", **{**USUAL, "positive": 4.0})
    session.feed(emg(100, ((1, 0, 100),), loud_uv=55, seed=7))
    steps = np.diff(np.array(session.link.targets[-21:])[:, 0])
    assert 0 < steps.max() <= MOST_STEP


def test_a_dead_band_holds_what_is_below_it(session):
    session.link.armed = True
    session.ask("tune", dof="hand", **{**USUAL, "dead_band": 0.6})
    session.feed(emg(500, ((1, 50, 500),), loud_uv=35))
    assert not np.array(session.link.targets)[:, 0].any()
    session.ask("tune", dof="hand", **USUAL)
    session.feed(emg(500, ((1, 0, 500),), loud_uv=35, seed=8))
    assert np.array(session.link.targets)[-20:, 0].min() > 0


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"dof": "wrist"}, "so wrist cannot be tuned"),
        ({"dead_band": 0.0}, "A dead-band lies between 0.03 and 0.6"),
        ({"dead_band": float("nan")}, "A dead-band lies between"),
        ({"positive": 9.0}, "A gain lies between 0.1 and 8"),
        ({"negative": float("inf")}, "A gain lies between"),
    ],
)
def test_what_cannot_be_is_refused_and_changes_nothing(session, fields, sentence):
    with pytest.raises(ProfileError, match=sentence):
        session.ask("tune", **{"dof": "hand", **USUAL, **fields})
    assert shape(session) == USUAL
    assert session.control.driver.chain.config.shape.dof[0].dead_band == pytest.approx(0.1)


def test_a_hand_that_decodes_by_itself_is_not_tuned_from_here(session, monkeypatch):
    kind = type(session.control.decoding)
    monkeypatch.setattr(kind, "mode", property(lambda self: "hand"))
    with pytest.raises(HandError, match="The hand decodes by itself"):
        session.ask("tune", dof="hand", **USUAL)


def test_the_recording_replays_to_the_same_bytes_with_every_tune_in_it(session, tmp_path):
    busy = ((1, 50, 300), (2, 100, 260))
    session.feed(emg(300, busy, loud_uv=60))
    session.ask("tune", dof="hand", **{**USUAL, "positive": 0.5, "dead_band": 0.2})
    session.feed(emg(333, busy, loud_uv=60, seed=6))
    session.ask("tune", dof="elbow", **{**USUAL, "positive": 2.5})
    session.ask("promote")
    session.feed(emg(200, busy, loud_uv=60, seed=7))
    session.ask("tune", dof="hand", **{**USUAL, "negative": 0.3})
    session.feed(emg(301, busy, loud_uv=60, seed=8))
    session.ask("demote")
    session.feed(emg(200, busy, loud_uv=60, seed=9))
    session.ask("direct", on=True)
    session.ask("tune", dof="hand", **{**USUAL, "dead_band": 0.3})
    session.feed(emg(200, ((3, 50, 180),), loud_uv=60, seed=10))
    assert session.control.close() == []
    recording = read_recording(Path(session.control.recording))
    found = compare(recording, tmp_path)
    assert [one.profile for one in found] == ["old", "new", "old", "old, direct control"]
    assert all(one.identical and one.hops for one in found), [one.sentence for one in found]
    recording.meta["attachments"] = [
        one for one in recording.meta["attachments"] if one["name"] != "tune"
    ]
    assert sum(not one.identical for one in compare(recording, tmp_path)) >= 3


def test_a_hand_that_shall_decode_by_itself_needs_the_tuned_decoder(session, monkeypatch):
    told = []
    monkeypatch.setattr(session.control.decoding, "use", lambda profile: told.append(profile))
    session.link.armed = True
    session.ask("tune", dof="hand", **{**USUAL, "dead_band": 0.4})
    session.rest(0.2)
    assert not told, "not under a hand that is driven"
    session.link.armed = False
    session.rest(0.2)
    (profile,) = told
    assert profile.shape["hand"]["dead_band"] == 0.4


def test_a_profile_and_its_direct_control_are_one_file(session):
    control = session.control
    session.ask("direct", on=True)
    session.ask("named", path="/today/profile.json")
    assert control.profile_path == "/today/profile.json"
    session.ask("direct", on=False)
    assert control.profile_path == "/today/profile.json"
    session.ask("promote")
    assert control.profile_path != "/today/profile.json", "the shadow's is another"


def test_where_it_is_kept_from_now_on_is_shown(session):
    session.ask("named", path="/somewhere/else.json")
    assert session.control.profile_path == "/somewhere/else.json"
