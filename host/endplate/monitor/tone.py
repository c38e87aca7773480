# SPDX-License-Identifier: GPL-3.0-or-later
"""Grip force as a tone: silent until a digit touches, then higher and louder with the force.

Sound is made here and handed to the player that the system has, as raw samples on its stdin; none
is brought along. Where there is none, or it finds no device, the sentence says so and nothing else
changes.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from typing import Any

import numpy as np

RATE_HZ = 16000
LOW_HZ, HIGH_HZ, FULL_N = 220.0, 880.0, 20.0  # two octaves, from touching to a firm grip
SOFT, LOUD = 0.08, 0.5  # of full scale
LONGEST_S = 0.1  # of sound that one call makes: a window that hung does not play its past
#: Programs that play raw samples, and how they are asked: 16 bits, one channel, little delay.
PLAYERS = (
    ("pw-cat", "-p", "--raw", "--format=s16", f"--rate={RATE_HZ}", "--channels=1", "-"),
    ("paplay", "--raw", "--format=s16le", f"--rate={RATE_HZ}", "--channels=1", "--latency-msec=60"),
    ("aplay", "-q", "-t", "raw", "-f", "S16_LE", "-r", str(RATE_HZ), "-c", "1", "-B", "80000"),
)


def tone(touch: Mapping[str, Any]) -> tuple[float, float]:
    """(frequency in Hz, loudness 0..1 of full scale) for what the fingertips feel."""
    if not any(touch.get("contact") or ()):
        return LOW_HZ, 0.0
    newton = sum(force for force in touch.get("force_n") or () if force)
    share = min(max(newton, 0.0) / FULL_N, 1.0)
    return LOW_HZ * (HIGH_HZ / LOW_HZ) ** share, SOFT + (LOUD - SOFT) * share


class Voice:
    """Samples that go on where the last ones ended, without a click."""

    def __init__(self) -> None:
        self._phase, self._hz, self._loud = 0.0, LOW_HZ, 0.0

    def samples(self, hz: float, loudness: float, seconds: float) -> np.ndarray:
        """int16 [n]; frequency and loudness run evenly from the last ones to these."""
        n = round(min(max(seconds, 0.0), LONGEST_S) * RATE_HZ)
        steps = np.arange(1, n + 1) / max(n, 1)
        phases = self._phase + np.cumsum(self._hz + (hz - self._hz) * steps) / RATE_HZ
        loud = self._loud + (loudness - self._loud) * steps
        if n:
            self._phase, self._hz, self._loud = float(phases[-1] % 1.0), hz, loudness
        return (32767 * loud * np.sin(2 * np.pi * phases)).astype("<i2")


class Tone:
    """The switch: `start`, `play` 30 times a second, `stop`. None of them waits or raises."""

    def __init__(self) -> None:
        self.sentence = ""
        self._voice = Voice()
        self._player: subprocess.Popen[bytes] | None = None

    @property
    def on(self) -> bool:
        """Whether a player takes the sound."""
        return self._player is not None

    def start(self) -> bool:
        """False when there is nothing to play with; `sentence` says why."""
        self.stop()
        found = next((command for command in PLAYERS if shutil.which(command[0])), None)
        if found is None:
            names = ", ".join(command[0] for command in PLAYERS)
            self.sentence = f"No tone: this computer has no sound player ({names}); install one."
            return False
        try:
            player = subprocess.Popen(
                found, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        except OSError as error:
            self.sentence = f"No tone: {found[0]} does not start ({error.strerror}); reinstall it."
            return False
        assert player.stdin is not None
        os.set_blocking(player.stdin.fileno(), False)
        self._voice, self._player = Voice(), player
        self.sentence = f"The tone plays through {found[0]}."
        return True

    def play(self, touch: Mapping[str, Any], seconds: float) -> None:
        """The sound of the last `seconds`. A player that ended is said once."""
        player = self._player
        if player is None or player.stdin is None:
            return
        sound = self._voice.samples(*tone(touch), seconds).tobytes()
        try:
            os.write(player.stdin.fileno(), sound)
        except BlockingIOError:
            pass  # it is behind: what does not fit is not played late
        except OSError:
            self._end()
            self.sentence = "No tone: the sound player found no audio device; plug one in."

    def stop(self) -> None:
        """Silence."""
        self._end()
        self.sentence = ""

    def _end(self) -> None:
        player, self._player = self._player, None
        if player is None:
            return
        if player.stdin is not None:
            try:
                player.stdin.close()
            except OSError:
                pass
        player.terminate()
        try:
            player.wait(0.2)
        except subprocess.TimeoutExpired:
            player.kill()
            player.wait()
