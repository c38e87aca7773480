# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults of board, electrodes, hand and disk while the hand is being driven: the hand safe, a
sentence, the recording kept."""

from __future__ import annotations

import resource
import time

import numpy as np
import pytest

from endplate.errors import HandError
from endplate.live.recording import read_recording
from endplate.monitor import words
from endplate.sim.rig import Rig

from .driving import STATE, STOPPED_MS, Driving, pause_until, until


@pytest.fixture
def driving(pc_firmware, offline_profile, tmp_path):
    with Rig(tmp_path / "rig", trace=True) as rig:
        made = Driving(rig, tmp_path / "session", offline_profile, recording=str(tmp_path / "kept"))
        try:
            yield made
        finally:
            made.control.stop()


def status(driving: Driving) -> dict:
    return driving.control.feed().status()


@pytest.mark.timeout(120)
def test_board_unplugged_and_plugged_again(driving, tmp_path):
    driving.arm()
    driving.close_hand()
    driving.rig.fault(unplug_s=2.0)
    until(lambda: driving.state() == STATE["link lost"], 5, "LINK LOST")
    said = until(
        lambda: status(driving)["board"]["health"] != "ok" and status(driving), 5, "a word"
    )
    assert said["board"]["sentence"].endswith(".")
    last_ns = driving.last_fresh_ns()
    assert driving.still_ms(last_ns) <= 150
    until(lambda: status(driving)["board"]["health"] == "ok", 20, "the board came back by itself")
    before = driving.rig.motion()["position_deg"][-1].copy()
    pause_until(int(driving.rig.motion()["t_ns"][-1]) + 500_000_000)
    assert driving.state() == STATE["link lost"], "nothing arms by itself"
    assert np.abs(driving.rig.motion()["position_deg"][-1] - before).max() < 0.5
    driving.arm()
    driving.control.stop()
    recording = read_recording(tmp_path / "kept.bdf")
    assert any("gap" in text for _, text in recording.annotations), recording.annotations


@pytest.mark.timeout(120)
@pytest.mark.parametrize(("fault", "bit"), [("rail", 2), ("lift", 32)])
def test_railed_site_freezes_the_dof_that_needs_it(driving, fault, bit):
    """Or a lifted one."""
    driving.arm()
    driving.close_hand()
    site = driving_site(driving)
    driving.rig.fault(**{fault: site})
    until(lambda: "site" in status(driving)["hand"]["limits"], 3, "the DoF froze")
    until(lambda: driving.finger_speed() < 1.0, 3, "the fingers stood")
    assert driving.state() == STATE["active"], "only what needs the site is frozen"
    until(lambda: status(driving)["quality"][site - 1]["bits"] & bit, 2, f"it is said: {fault}")
    now = status(driving)
    info = driving.control.feed().info
    said = words.limits(now, info.dofs, info.site_labels)[info.dofs.index("hand")]
    assert said.startswith(f"frozen: {info.site_labels[site - 1]} "), said
    driving.rig.fault(restore=0)
    driving.rig.prompt({}, rise_s=0, hold_s=0.1, fall_s=0, label="rest")
    until(
        lambda: status(driving)["hand"]["limits"][0] != "site",
        6,
        "it thawed once the site was good",
    )


def driving_site(driving: Driving) -> int:
    """Number (from 1) of a site that the hand needs."""
    import json

    profile = json.loads(driving.profile.read_text())
    return profile["channels"][profile["needs"][profile["dofs"].index("hand")][0]]


@pytest.mark.timeout(120)
def test_hand_that_reboots_stays_still_until_armed(driving):
    driving.arm()
    driving.close_hand()
    reset_ns = time.monotonic_ns()
    driving.rig.firmware.reset()
    until(lambda: driving.state() == STATE["disarmed"], 5, "the hand is up again and disarmed")
    until(lambda: status(driving)["hand"]["connected"], 5, "the link is back")
    pause_until(reset_ns + 1_000_000_000)
    took_ms = driving.still_ms(reset_ns)
    print(f"\nfingers still {took_ms:.0f} ms after the reset")
    assert took_ms < STOPPED_MS
    until(lambda: status(driving)["hand"]["counters"]["reboots"] == 1, 5, "the reboot was noticed")
    driving.arm()
    driving.close_hand()


@pytest.mark.timeout(120)
def test_disk_full_keeps_control_and_what_was_recorded(driving, tmp_path):
    driving.arm()
    driving.open_hand()
    journal = tmp_path / "kept.journal"
    until(lambda: status(driving)["recording"]["seconds"] > 2.0, 8, "two seconds were recorded")
    size = journal.stat().st_size
    limit = size + 4096
    resource.prlimit(driving.control.pid, resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
    until(lambda: status(driving)["recording"]["health"] != "ok", 10, "the recording gave up")
    assert status(driving)["recording"]["sentence"]
    driving.close_hand()
    assert driving.state() == STATE["active"], "control goes on"
    resource.prlimit(driving.control.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)
    driving.control.stop()
    recording = read_recording(tmp_path / "kept.bdf")
    assert len(recording.counts) >= 400, "what was on the disk before it was full"


@pytest.mark.timeout(120)
def test_kill_loses_at_most_the_last_second_of_the_recording(driving, tmp_path):
    from endplate.live.recording import recover

    driving.arm()
    driving.open_hand()
    known = status(driving)["board"]["samples"]
    driving.control.process.kill()
    driving.control.process.wait()
    made = recover(tmp_path)
    assert len(made) == 1
    recording = read_recording(made[0])
    assert recording.first + len(recording.counts) >= known - 250


@pytest.mark.timeout(60)
def test_hand_of_another_schema_is_refused_with_a_sentence(pc_firmware, offline_profile, tmp_path):
    with Rig(tmp_path / "rig", schema=0xDEADBEEF) as rig:
        with pytest.raises(HandError) as refused:
            Driving(rig, tmp_path / "session", offline_profile)
    said = str(refused.value)
    assert "version" in said or "schema" in said or "differ" in said, said
    assert said.count(".") >= 1 and "\n" not in said
