# SPDX-License-Identifier: GPL-3.0-or-later
"""Real people's EMG through the whole path: brainflow's playback, the emulated Cyton, the chain,
the hand."""

from __future__ import annotations

import numpy as np
import pytest

from endplate.fit.features import hops_of
from endplate.fit.sites.quality import find_contractions
from endplate.hardware import load_hand, load_montage
from endplate.live.profile_file import save_profile
from endplate.live.recording import read_recording
from endplate.live.session import start_control
from endplate.sim.rig import Rig
from real_emg import FULL_SCALE_UV, TURN_S, UV_PER_COUNT, calibrated, jaw_clench, recording

from .driving import Driving, until

FROM_S, FOR_S = 78, 12  # of the jaw clench's file: the clench at 86-88.5 s in it


def clench_part(recordings) -> np.ndarray:
    return jaw_clench(recordings)[FROM_S * 250 : (FROM_S + FOR_S) * 250]


def record(settings: dict, seconds: float, tmp_path):
    """Records through the control process and reads the BDF+ back."""
    control = start_control(
        {"directory": str(tmp_path / "session"), "mains_hz": 60, "montage": "free-8",
         "recording": str(tmp_path / "real"), **settings}
    )  # fmt: skip
    try:
        feed = control.feed()
        until(lambda: feed.newest >= seconds * 250, seconds + 10, "the recording was played")
    finally:
        control.stop()
    return read_recording(tmp_path / "real.bdf")


def assert_clench_found(found_recording) -> None:
    counts = np.ascontiguousarray(found_recording.counts[:, :8])
    hops = hops_of(counts, 250, UV_PER_COUNT, FULL_SCALE_UV, 60)
    found = find_contractions(hops.power, hops.time_s + FROM_S)
    assert len(found) == 1, found
    assert found[0].start_s == pytest.approx(86.2, abs=0.3)
    assert found[0].stop_s == pytest.approx(88.5, abs=0.3)
    span = f"{found[0].start_s:.1f}-{found[0].stop_s:.1f} s"
    print(f"\nclench {span}, SNR {found[0].snr_db.max():.1f} dB")
    assert 15 < found[0].snr_db.max() < 22


@pytest.mark.timeout(120)
def test_jaw_clench_through_the_emulated_cyton(recordings, pc_firmware, tmp_path):
    uv = clench_part(recordings)
    np.savez(tmp_path / "clench.npz", uv=uv, rate_hz=250)
    with Rig(tmp_path / "rig", play=tmp_path / "clench.npz") as rig:
        whole = record({"board": "cyton", "port": rig.board_port}, FOR_S - 0.1, tmp_path)
    n = min(len(whole.counts), len(uv))
    expected = np.rint(uv[:n] / UV_PER_COUNT).astype(np.int32)
    assert np.abs(whole.counts[:n, :8] - expected).max() <= 1, (
        "counts came through to the last bit or so"
    )
    assert_clench_found(whole)


@pytest.mark.timeout(120)
def test_jaw_clench_through_brainflows_playback(recordings, tmp_path):
    uv = clench_part(recordings)
    rows = np.zeros((len(uv), 24))
    rows[:, 0] = np.arange(len(uv)) % 256
    rows[:, 1:9] = uv
    rows[:, 22] = 1.7e9 + np.arange(len(uv)) / 250
    np.savetxt(tmp_path / "clench.tsv", rows, fmt="%.17g", delimiter="\t")
    params = {"file": str(tmp_path / "clench.tsv"), "master_board": "cyton"}
    whole = record({"board": "playback", "board_params": params}, FOR_S - 0.1, tmp_path)
    assert_clench_found(whole)


@pytest.mark.timeout(180)
def test_a_person_calibrated_on_two_repetitions_moves_the_hand_on_the_third(
    recordings, pc_firmware, tmp_path
):
    """biopatrec10, person 4: four untargeted sites at 250/s, hand and wrist flexion."""
    dofs = ("hand", "wrist_flexion")
    names, uv = recording(recordings, 4, 250)
    profile, _ = calibrated(
        names, uv, dofs, load_montage("free-4"), load_hand("test-hand"), board="cyton"
    )
    save_profile(profile, tmp_path / "person.json")
    turn = TURN_S * 250
    order = ["Close Hand", "Open Hand", "Flex Hand", "Extend Hand"]
    third = [uv[2 * turn :, :, names.index(name)] for name in order]
    rest = uv[turn - 2 * 250 : turn, :, names.index("Open Hand")]
    lead_s = 10
    play = np.concatenate([np.tile(rest, (lead_s // 2, 1)), *third])
    np.savez(tmp_path / "third.npz", uv=np.hstack([play, np.zeros((len(play), 4))]), rate_hz=250)
    with Rig(tmp_path / "rig", trace=True, play=tmp_path / "third.npz") as rig:
        driving = Driving(rig, tmp_path / "session", tmp_path / "person.json", montage="free-4")
        try:
            driving.ask("arm")
            feed = driving.control.feed()
            assert feed.newest < lead_s * 250, "armed too late for the first movement"
            until(lambda: feed.newest >= (lead_s + 4 * TURN_S) * 250 - 10, 60, "it was played")
            truth, motion = rig.truth(), rig.motion()
        finally:
            driving.control.stop()
    joints = [joint.name for joint in load_hand("test-hand").joints]
    at = [int(truth["write_ns"][(lead_s + k * TURN_S) * 250]) for k in range(4)]
    rows = [*np.searchsorted(motion["t_ns"], at), len(motion) - 1]
    degrees = motion["position_deg"][rows]

    def moved(joint: str, movement: int) -> float:
        column = joints.index(joint)
        return float(degrees[movement + 1, column] - degrees[movement, column])

    print(
        "\n",
        {
            name: (round(moved("index", k)), round(moved("wrist_flexion", k)))
            for k, name in enumerate(order)
        },
    )
    assert moved("index", 0) > 30, "Close Hand closed the fingers"
    assert moved("index", 1) < -30, "Open Hand opened them"
    assert moved("wrist_flexion", 2) > 15, "Flex Hand bent the wrist"
    assert moved("wrist_flexion", 3) < -15, "Extend Hand extended it"
