# SPDX-License-Identifier: GPL-3.0-or-later
"""The separation task on the rig: a patient who raises one site after the other, as the page Sites
asks for it, with efforts as it shows them."""

from __future__ import annotations

import time

import pytest

pytest.importorskip("brainflow")

from endplate.cli.simulated_patient import SimulatedPatient
from endplate.clinic.effort import Scale
from endplate.clinic.frames import Frames
from endplate.clinic.trials.separation import SeparationRun
from endplate.live.requests import ask
from endplate.live.session import start_control
from endplate.sim.rig import Rig

TARGETS = 4


@pytest.mark.timeout(120)
def test_a_patient_raises_each_site_alone(pc_firmware, offline_profile, tmp_path):
    session = tmp_path / "session"
    with Rig(tmp_path / "rig") as rig:
        control = start_control({
            "directory": str(session), "board": "cyton", "port": rig.board_port, "mains_hz": 50,
            "montage": "free-8", "profile": str(offline_profile),
        })  # fmt: skip
        try:
            patient, feed = SimulatedPatient(rig), control.feed()
            frames, scale = Frames(feed, past_s=0.0), Scale(range(4))
            scale.take_profile(offline_profile)
            run = SeparationRun(tuple(f"{k + 1} site" for k in range(4)), TARGETS, seed=2)
            hop_s = feed.info.hop_samples / feed.info.rate_hz
            end = time.monotonic() + 60
            while not run.over and time.monotonic() < end:
                time.sleep(0.02)
                patient(session)
                for hop in frames.look().hops:
                    if not run.over and (mark := run.step(scale.efforts(hop["power"]), hop_s)):
                        ask(session, "mark", text=mark)
        finally:
            control.stop()
    figures = run.record()["figures"]
    print(figures)
    assert figures["n"] == TARGETS and figures["hits"] >= TARGETS // 2
    assert figures["apart_db"] > 6
