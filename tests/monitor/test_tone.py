# SPDX-License-Identifier: GPL-3.0-or-later
"""Grip force as a tone: pitch and loudness, no clicks, and computers that have no sound."""

from __future__ import annotations

import stat
import time

import numpy as np
import pytest

from endplate.monitor import tone as module
from endplate.monitor.tone import RATE_HZ, Tone, Voice, tone


def touch(*force_n, contact=True):
    return {"force_n": list(force_n), "contact": [contact] * 5, "slip": [False] * 5}


@pytest.mark.parametrize("said", [{}, touch(3.0, contact=False), {"force_n": [3.0], "contact": []}])
def test_nothing_touched_is_silent(said):
    assert tone(said)[1] == 0.0


def test_more_force_is_higher_and_louder():
    assert tone(touch(0.0)) == pytest.approx((220.0, 0.08))
    assert tone(touch(5.0, 5.0, None)) == pytest.approx((440.0, 0.29)), "half: an octave"
    assert tone(touch(20.0)) == tone(touch(15.0, 40.0)) == pytest.approx((880.0, 0.5))
    told = [tone(touch(force)) for force in np.linspace(0, 20, 41)]
    assert all(b > a for a, b in zip(told, told[1:], strict=False))


def test_the_sound_has_the_pitch_and_loudness_asked_for():
    voice = Voice()
    voice.samples(440.0, 0.3, 0.1)
    sound = np.concatenate([voice.samples(440.0, 0.3, 1 / 30) for _ in range(60)]) / 32767
    spectrum = np.abs(np.fft.rfft(sound * np.hanning(len(sound))))
    assert np.argmax(spectrum) * RATE_HZ / len(sound) == pytest.approx(440, abs=1)
    assert np.sqrt(np.mean(sound**2)) == pytest.approx(0.3 / np.sqrt(2), rel=0.01)


def test_no_click_where_pieces_meet():
    voice, chance = Voice(), np.random.default_rng(1)
    sound = np.concatenate([
        voice.samples(*tone(touch(force)), 1 / 30) for force in chance.uniform(0, 20, 90)])
    fastest = 2 * np.pi * 880 / RATE_HZ * 0.5 * 32767
    assert np.abs(np.diff(sound.astype(float))).max() < 1.2 * fastest


@pytest.mark.parametrize(("seconds", "most"), [(-1.0, 0), (0.0, 0), (5.0, 1600)])
def test_a_window_that_hung_plays_no_past(seconds, most):
    assert len(Voice().samples(440.0, 0.3, seconds)) == most


@pytest.fixture
def system(tmp_path, monkeypatch):
    """Only the players put there exist: `system(name, script)`."""
    monkeypatch.setenv("PATH", f"{tmp_path}")

    def put(name, script):
        path = tmp_path / name
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)

    return put


def test_a_computer_without_player_says_so(system):
    switch = Tone()
    assert not switch.start()
    assert switch.sentence == (
        "No tone: this computer has no sound player (pw-cat, paplay, aplay); install one.")
    switch.play(touch(5.0), 0.03)
    switch.stop()


def test_a_player_without_device_is_said_and_switched_off(system):
    system("aplay", "exit 1")
    switch = Tone()
    assert switch.start()
    end = time.monotonic() + 5
    while switch.on and time.monotonic() < end:
        switch.play(touch(5.0), 0.03)
        time.sleep(0.02)
    assert not switch.on
    assert "no audio device" in switch.sentence


def test_a_player_gets_the_sound_and_ends_with_the_switch(system, tmp_path):
    system("paplay", f"exec /bin/cat > {tmp_path}/sound")
    switch = Tone()
    assert switch.start()
    player = switch._player
    for _ in range(20):
        switch.play(touch(5.0, 5.0), 0.03)
        time.sleep(0.01)
    end = time.monotonic() + 5
    while (tmp_path / "sound").stat().st_size < 20 * 960 and time.monotonic() < end:
        time.sleep(0.01)
    sound = np.frombuffer((tmp_path / "sound").read_bytes(), "<i2")
    assert len(sound) == 20 * 480
    assert np.abs(sound).max() == pytest.approx(0.29 * 32767, rel=0.02)
    switch.stop()
    assert player.poll() is not None and not switch.on and switch.sentence == ""


def test_a_player_that_takes_nothing_holds_nobody_up(system):
    system("pw-cat", "exec /bin/sleep 30")
    switch = Tone()
    assert switch.start()
    began = time.monotonic()
    for _ in range(300):
        switch.play(touch(5.0), 0.1)
    switch.stop()
    assert time.monotonic() - began < 2.0


def test_every_player_is_asked_for_what_is_made():
    for command in module.PLAYERS:
        assert str(RATE_HZ) in " ".join(command)
