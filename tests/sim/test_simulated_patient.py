# SPDX-License-Identifier: GPL-3.0-or-later
"""The simulated patient in the room: what a session shows becomes what their body is told."""

from __future__ import annotations

import numpy as np
import pytest

from endplate import core
from endplate.cli.simulated_patient import GIVES_UP_S, RAISED, RELAX, SimulatedPatient
from endplate.live.feed import FeedInfo, FeedWriter

RULES = '{"limit_s":15.0,"dwell_s":1.0,"speed_per_s":0.8}'
FITTS = f'test fitts begins {{"dofs":["hand","elbow"],"trials":4,"seed":5,"rules":{RULES}}}'
TARGET = 'test fitts 1/4 begins {"centre":[0.5,0.0],"width":0.2}'
TAC = (
    'test tac begins {"dofs":["elbow"],"trials":4,"seed":5,"rules":{"limit_s":15.0,"dwell_s":2,'
    '"tolerance_deg":5.0,"distance":0.4,"grain_deg":0.5,"on":"screen"}}'
)
POSTURE = 'test tac 1/4 begins {"target_deg":[100.0],"start_deg":[70.0]}'
MOTION = 'test motion begins {"dofs":["hand","elbow"],"trials":4,"seed":1,"rules":{"limit_s":5.0}}'
MOVEMENT = 'test motion 1/4 begins {"movement":"Close hand","directions":[1,0]}'


class Body:
    """Keeps what it is told, as the rig would do it."""

    preset = "tmr-transhumeral"

    def __init__(self):
        self.told = []

    def __getattr__(self, verb):
        return lambda *what, **more: self.told.append((verb, *what, *more.values()))

    @property
    def plays(self):
        """By eye."""
        played = [one[1] for one in self.told if one[0] == "play"]
        return bool(played) and played[-1] is not None


class Session:
    """A feed, hop by hop; `patient` looks at it after each."""

    def __init__(self, folder):
        info = FeedInfo(
            rate_hz=250.0, channels=4, site_labels=("a", "b", "c", "d"), dofs=("hand", "elbow"),
            joints=("index", "elbow"), hop_samples=5, simulated=True, board="cyton",
            montage="free-4", hand="test-hand", montage_channels=(1, 2, 3, 4), grips=("power",),
        )  # fmt: skip
        self.folder, self.sample = folder, 0
        self.feed = FeedWriter(folder / "feed", info)
        self.body = Body()
        self.patient = SimulatedPatient(self.body)
        self.status = {}
        self.hops(1)

    def hops(self, count, velocity=(0.0, 0.0)):
        for _ in range(count):
            self.sample += 5
            hop = np.zeros(1, core.HOP)[0]
            hop["target"][:2] = np.round(np.array(velocity) * core.TARGET_UNIT)
            self.feed.hop(hop, 0, True, self.sample)
            self.feed.status(self.status)
            self.patient(self.folder)

    def mark(self, text):
        self.status = {**self.status, "mark": {"text": text, "sample": self.sample}}
        self.hops(1)


@pytest.fixture
def session(tmp_path):
    made = Session(tmp_path)
    yield made
    made.feed.close()


def test_a_dot_is_seen_where_the_velocities_bring_it(session):
    session.mark(FITTS)
    assert session.body.told[-1] == ("play", ["hand", "elbow"], 0.8, 5)
    session.mark(TARGET)
    assert ("show", (0.5, 0.0), 0.1) in session.body.told
    session.hops(25, (1.0, -0.5))  # half a second
    verb, seen = session.body.told[-1]
    assert verb == "look" and seen == pytest.approx([0.4, -0.2], abs=1e-3)
    session.mark('test fitts 1/4 ends {"completed":true}')
    assert session.body.told[-1] == ("show", None)
    session.mark("test fitts ends")
    assert not session.body.plays


def test_a_posture_goes_as_fast_as_a_dot(session):
    session.mark(TAC)
    session.mark(POSTURE)
    (target,) = next(one[1] for one in session.body.told if one[0] == "show")
    assert target > 0
    session.hops(10, (0.0, 0.5))
    assert session.body.told[-1][1] == pytest.approx([0.5 * 0.8 * 0.2], abs=1e-3)


def test_movements_are_made_and_end(session):
    session.mark(MOTION)
    session.mark(MOVEMENT)
    verb, target, label, *_ = session.body.told[-1]
    assert (verb, target, label) == ("prompt", {"hand": 1.0}, "Close hand")
    session.mark("test motion 1/4 ends")
    assert session.body.told[-1] == ("prompt", *RELAX.values())
    assert not session.body.plays


def test_a_site_is_raised_by_the_muscle_under_it(session):
    wanted = {"1 Lateral biceps": {"elbow": RAISED}, "4 Lateral triceps": {"hand": -RAISED}}
    for site, target in wanted.items():
        session.mark(f"separation: raise {site}")
        assert session.body.told[-1][:2] == ("prompt", target)
        session.mark(f"separation: hit {site}")
        assert session.body.told[-1] == ("prompt", *RELAX.values())


@pytest.mark.parametrize("then", ["cue", "movement", "other session", "no session", "nothing"])
def test_nobody_goes_on_playing_what_the_window_left(session, tmp_path, then):
    """The window crashed in a trial: no mark says that it is over."""
    session.mark(TAC)
    session.mark(POSTURE)
    assert session.body.plays
    if then == "cue":
        session.status = {"prompt": {"sample": 7, "target": {"hand": 1.0}}}
        session.hops(1)
        assert session.body.told[-1] == ("prompt", {"hand": 1.0})
    elif then == "movement":
        session.mark(MOTION)
        session.mark(MOVEMENT)
    elif then == "nothing":
        session.hops(round(GIVES_UP_S * 50) + 2)
    else:
        session.patient(None if then == "no session" else tmp_path / "other")
    assert not session.body.plays
    shown = [one[1] for one in session.body.told if one[0] == "show"]
    assert shown[-1] is None


def test_another_test_is_played_by_its_own_dofs(session):
    session.mark(TAC)
    session.mark(POSTURE)
    session.mark(FITTS)
    session.mark(TARGET)
    session.hops(5, (1.0, 0.0))
    assert len(session.body.told[-1][1]) == 2


@pytest.mark.parametrize("text", [
    "test fitts begins {x}", 'test fitts begins {"rules":{}}', TARGET, "test fitts 1/4 begins",
    "test", "a note", 'test fitts begins {"dofs":["tail"],"seed":1,"rules":{"speed_per_s":0.8}}',
])  # fmt: skip
def test_a_mark_that_is_no_tests_disturbs_nobody(session, text):
    session.mark(text)
    session.mark(TARGET)
    session.hops(2)
    session.mark(FITTS)
    session.mark(TARGET)
    session.hops(1)
    assert session.body.told[-1][0] == "look"
