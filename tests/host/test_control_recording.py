# SPDX-License-Identifier: GPL-3.0-or-later
"""What one control process, run step by step in this one, records and says of its recording."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from plain_profile import plain_profile
from sessions import settings

from endplate.live.control import Control
from endplate.live.recording import read_recording
from endplate.live.running import start

pytest.importorskip("brainflow", reason="brainflow is not installed")


@pytest.fixture
def control(tmp_path):
    made = []

    def make(**more) -> Control:
        control = Control(settings(tmp_path / "s", None, recording=str(tmp_path / "r"), **more))
        made.append(control)
        control.open()
        return control

    yield make
    for each in made:
        each.close()


def take(control: Control, n: int) -> None:
    """Samples until there are `n` more."""
    until, deadline = control.next_sample + n, time.monotonic() + 10
    while control.next_sample < until:
        assert time.monotonic() < deadline, "no samples came"
        block = control.source.poll()
        if block is not None:
            control._take(block)
        time.sleep(0.001)


def test_the_seconds_end_with_a_recording_that_failed(control, tmp_path):
    control = control()
    take(control, 100)
    before = control._status._recording()
    assert before["seconds"] >= 0.4
    control.journal._fail("No space left on device")
    take(control, 100)
    after = control._status._recording()
    assert after["health"] == "failed" and after["seconds"] == before["seconds"]
    problems = control.close()
    assert len(problems) == 1 and "The recording stopped (No space" in problems[0]
    assert control.recording == str(tmp_path / "r.bdf")  # what there was is kept


def test_a_profile_made_for_60_hz_gets_its_notches(control, tmp_path):
    path = plain_profile(tmp_path / "p60.json", mains_hz=60, still=True)
    control = control(profile=path, mains_hz=50.0)
    take(control, 10)
    sixty = control.chain.config.notch.section[0].a1
    control.settings.mains_hz = 60.0
    assert start(control, None, None).chain.config.notch.section[0].a1 == sixty
    control.settings.mains_hz = 50.0
    assert start(control, None, None).chain.config.notch.section[0].a1 != sixty
    control.close()
    assert read_recording(Path(control.recording)).meta["mains_hz"] == 60
