# SPDX-License-Identifier: GPL-3.0-or-later
"""Two windows on one session: one guides the patient at a time, whoever stops stops."""

from __future__ import annotations

import json
import subprocess
import sys
from types import SimpleNamespace

import pytest

from endplate.errors import SessionError
from endplate.live.guidance import own_name
from endplate.live.verbs import Verbs


@pytest.fixture
def session():
    marks = []

    def mark(text):
        marks.append(text)
        return len(marks)

    control = SimpleNamespace(prompt=None, mark=mark, marks=marks)
    verbs = Verbs(control)
    return SimpleNamespace(
        control=control,
        prompt=lambda guide="", **more: verbs.handle("prompt", {"guide": guide, **more}, None),
    )


def test_the_first_one_guides_until_it_lets_go(session):
    mine, theirs = own_name(), own_name()
    session.prompt(mine, label="close")
    with pytest.raises(SessionError, match="is being guided by process .*: end that there"):
        session.prompt(theirs, label="open")
    with pytest.raises(SessionError):
        session.prompt(label="of one that says nothing of itself")
    with pytest.raises(SessionError):
        session.prompt(theirs)
    assert session.control.prompt["label"] == "close" and len(session.control.marks) == 1
    session.prompt(mine, label="relax")
    session.prompt(mine)
    assert session.control.prompt is None
    session.prompt(theirs, label="open")
    assert session.control.prompt["label"] == "open"


def test_one_whose_process_is_gone_holds_nobody_up(session):
    code = "from endplate.live.guidance import own_name; print(own_name())"
    gone = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    session.prompt(gone.stdout.strip(), label="close")
    session.prompt(own_name(), label="open")
    assert session.control.prompt["label"] == "open"


def test_who_guides_is_not_in_the_recording(session):
    session.prompt(own_name(), label="close", target={"hand": 1})
    (text,) = session.control.marks
    assert json.loads(text.removeprefix("prompt ")) == {"label": "close", "target": {"hand": 1}}


@pytest.mark.parametrize("name", ["me", "1 2", "1 2 3; x", 7])
def test_a_name_that_is_none_is_refused(session, name):
    with pytest.raises(SessionError, match="lacks a field, or has a wrong one"):
        session.prompt(name, label="close")
