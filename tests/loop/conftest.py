# SPDX-License-Identifier: GPL-3.0-or-later
"""The whole rig for tests: the firmware built, a profile made offline from the same simulated
patient."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import numpy as np
import pytest

from endplate.sim import firmware

from .builds import built
from .hand_link import linked
from .servo_standin import ServoStandin
from .wire_host import connected

ROOT = Path(__file__).resolve().parents[2]
PATIENT = "tmr-transhumeral"


@pytest.fixture(scope="session")
def pc_firmware() -> Path:
    """The hand's program for Linux, built from the sources as they are."""
    if shutil.which("make") is None or shutil.which("gcc") is None:
        pytest.skip("gcc and make are needed to build the hand's program")
    built("pc")
    return ROOT / "firmware" / "build" / "pc" / "endplate-hand"


@pytest.fixture(scope="session")
def offline_profile(tmp_path_factory) -> Path:
    """A calibration of the default patient without waiting for the clock: the same muscles, the
    same cues."""
    from endplate.fit.calibration import calibrate
    from endplate.fit.guided.protocol import calibration_protocol
    from endplate.hardware import load_hand, load_montage
    from endplate.live.profile_file import save_profile
    from endplate.sim.patient import Patient, simulate
    from endplate.sim.prompts import Prompt

    patient = Patient(PATIENT, seed=1)
    cues, prompts, at = [], [], 0.0
    for cue in calibration_protocol(["hand", "elbow"], repetitions=2):
        prompts.append((at, Prompt.from_request(cue.prompt())))
        cues.append((round(at * 250), cue))
        at += cue.duration_s
    chunk = simulate(patient, at, prompts)
    scale = 4.5 / (2**23 - 1) / 24 * 1e6
    counts = np.rint(chunk.uv / scale).astype(np.int32)
    profile = calibrate(
        counts, 250.0, scale, 187_500.0, cues, montage=load_montage("free-8"),
        hand=load_hand("test-hand"), board="cyton", mains_hz=50, simulated=True, name="offline",
    )  # fmt: skip
    path = tmp_path_factory.mktemp("profile") / "offline.json"
    save_profile(profile, path)
    return path


@pytest.fixture(scope="session")
def runs() -> int:
    """How often a fault is repeated: few in the suite, ENDPLATE_RUNS=20 for the campaign."""
    return int(os.environ.get("ENDPLATE_RUNS", "3"))


# ---- the hand alone, between a bare host and a bare motor bus ----


@pytest.fixture
def bus():
    with ServoStandin() as standin:
        yield standin


@pytest.fixture
def hand(pc_firmware, bus, tmp_path):
    with firmware.start("pc", bus.port, tmp_path, trace=True) as running:
        yield running


@pytest.fixture
def host(hand):
    with connected(hand.port) as talking:
        yield talking


@pytest.fixture
def link(hand):
    with linked(hand.port) as held:
        yield held
