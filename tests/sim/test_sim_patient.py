# SPDX-License-Identifier: GPL-3.0-or-later
"""The simulated person: follows prompts as people do, and sounds as the site test expects."""

from __future__ import annotations

import time
from functools import lru_cache

import numpy as np
import pytest
from scipy.signal import butter, find_peaks, freqz, sosfilt, welch

from endplate.errors import BoardError, RecordingError
from endplate.sim.front_end import BOARD_HZ, DECIMATION, FrontEnd, taps
from endplate.sim.muscle import RATE_HZ
from endplate.sim.patient import BLOCK, Patient, find_preset, simulate
from endplate.sim.playback import Recording
from endplate.sim.presets import PRESETS
from endplate.sim.prompts import DOFS, STEP_S, Follower, Prompt

BAND = butter(4, [20.0, 45.0], "bandpass", fs=BOARD_HZ, output="sos")  # below the mains


def prompt(
    hold_s: float = 3.0, rise_s: float = 0.5, fall_s: float = 0.5, **target: float
) -> Prompt:
    return Prompt(tuple(target.get(dof, 0.0) for dof in DOFS), rise_s, hold_s, fall_s)


def rms(uv: np.ndarray) -> np.ndarray:
    clean = sosfilt(BAND, uv - uv[0], axis=0)[BOARD_HZ // 2 :]
    return np.sqrt(np.mean(clean**2, axis=0))


@lru_cache
def sequence(name: str, tasks: tuple[tuple[str, float], ...]) -> np.ndarray:
    """RMS [tasks, sites] of 2 s of each task held, one after the other; the first row is rest."""
    length = 4.0
    script = [
        ((k + 1) * length, prompt(rise_s=0.3, hold_s=length - 0.9, fall_s=0.3, **{dof: effort}))
        for k, (dof, effort) in enumerate(tasks)
    ]
    made = simulate(Patient(name, 1), (len(tasks) + 1) * length, script)
    starts = [int((k * length + 1.1) * BOARD_HZ) for k in range(len(tasks) + 1)]
    return np.array([rms(made.uv[start : start + int(2.5 * BOARD_HZ)]) for start in starts])


# ---- sameness ----


def test_same_seed_and_prompts_give_the_same_samples():
    script = [(0.5, prompt(hand=0.8)), (2.0, prompt(hand=-0.5, elbow=0.7))]
    one, two = (simulate(Patient("tmr-transhumeral", 5), 4.0, script) for _ in range(2))
    assert np.array_equal(one.uv, two.uv) and np.array_equal(one.intent, two.intent)
    other = simulate(Patient("tmr-transhumeral", 6), 4.0, script)
    assert not np.allclose(one.uv, other.uv)


def test_generation_never_looks_at_a_clock(monkeypatch):
    patient = Patient("difficult", 2)
    patient.prompt(prompt(hand=1.0))

    def clock(*_: object) -> float:
        raise AssertionError("the patient looked at a clock")

    for name in ("time", "time_ns", "monotonic", "monotonic_ns", "perf_counter", "perf_counter_ns"):
        monkeypatch.setattr(time, name, clock)
    assert len(simulate(patient, 0.5).uv) == BOARD_HZ // 2


def test_a_prompt_changes_nothing_before_it_and_no_noise_after_it():
    still = simulate(Patient("tmr-transhumeral", 3), 3.0)
    moved = simulate(Patient("tmr-transhumeral", 3), 3.0, [(1.0, prompt(hand=1.0))])
    assert np.array_equal(still.uv[:BOARD_HZ], moved.uv[:BOARD_HZ])
    assert not np.array_equal(still.uv[2 * BOARD_HZ :], moved.uv[2 * BOARD_HZ :])
    far = np.abs(still.uv - moved.uv)[2 * BOARD_HZ :]
    assert (
        far[:, 1].std() > 10 * far[:, 6].std()
    )  # medial biceps acts, the triceps' gap hardly hears


# ---- following prompts ----


def test_reaction_takes_a_quarter_to_four_tenths_of_a_second():
    onsets = []
    for seed in range(40):
        follower = Follower(np.random.default_rng(seed))
        follower.steps(25)
        follower.prompt(prompt(rise_s=0.0, hand=1.0))
        intent, _ = follower.steps(200)
        onsets.append(np.flatnonzero(intent[:, 0] > 0.02)[0] * STEP_S)
    assert (
        min(onsets) >= 0.25 and max(onsets) <= 0.43
    )  # the onset of a smooth rise shows a bit late
    assert np.ptp(onsets) > 0.08


def test_trapezoid_is_tracked_smoothly_and_nearly_right():
    heights = []
    for seed in range(12):
        follower = Follower(np.random.default_rng(seed))
        asked = prompt(rise_s=1.0, hold_s=2.0, fall_s=1.0, elbow=-0.6)
        follower.prompt(asked)
        intent, _ = follower.steps(1500)
        heights.append(-intent[int(1.6 / STEP_S) : int(3.0 / STEP_S), 3].mean())
        assert np.abs(np.diff(intent[:, 3])).max() < 0.012  # 3 units a second at most
        assert np.all(intent[int(5.2 / STEP_S) :] == 0.0)  # rest is rest
        assert np.all(intent[:, :3] == 0.0)
    assert np.mean(heights) == pytest.approx(0.6, abs=0.03)
    assert 0.005 < np.std(heights) < 0.08  # nobody hits the line exactly


def test_directions_combine_and_a_new_prompt_starts_where_the_person_is():
    follower = Follower(np.random.default_rng(1))
    follower.prompt(prompt(hold_s=30.0, hand=1.0, elbow=-0.5))
    first, _ = follower.steps(500)
    assert first[-1, 0] > 0.8 and first[-1, 3] < -0.35
    follower.prompt(prompt(hold_s=30.0, rise_s=1.0, hand=0.4, elbow=-0.5))
    second, _ = follower.steps(500)
    assert second[:300, 0].min() > 0.3  # no detour through rest
    assert second[-1, 0] == pytest.approx(0.4, abs=0.1)


def test_arm_motion_moves_electrodes_and_means_nothing():
    shake = Prompt((0.0,) * 4, 0.2, 4.0, 0.2, kind="motion")
    made = simulate(Patient("tmr-transhumeral", 1), 4.0, [(0.0, shake)])
    assert np.all(made.intent == 0.0)
    frequency, power = welch(made.uv[BOARD_HZ:], BOARD_HZ, nperseg=256, axis=0)
    slow, fast = (frequency > 0) & (frequency < 15), (frequency >= 20) & (frequency < 45)
    assert np.all(power[slow].sum(axis=0) > 10 * power[fast].sum(axis=0))


@pytest.mark.parametrize(
    "request_",
    [
        {"target": {"thumb": 1.0}},
        {"target": {"hand": "strong"}},
        {"target": {"hand": float("nan")}},
        {"target": {"hand": 9.0}},
        {"target": ["hand"]},
        {"target": {"hand": 1.0}, "rise_s": -1.0},
        {"target": {"hand": True}},
    ],
)
def test_senseless_prompts_are_refused(request_):
    with pytest.raises(ValueError, match="prompt"):
        Prompt.from_request(request_)


def test_prompt_may_last_for_ever():
    assert Prompt.from_request({"target": {"hand": 1.0}, "hold_s": None}).share(1e6) == 1.0


# ---- what the sites hear ----


def test_each_task_has_its_own_site_in_the_order_of_the_montage():
    tasks = (("elbow", 1.0), ("hand", 1.0), ("elbow", -1.0), ("hand", -1.0))
    heard = sequence("tmr-transhumeral", tasks)[1:, :4]
    assert np.array_equal(np.argmax(heard, axis=1), np.arange(4))
    others = heard - np.diag(np.diag(heard))
    isolation_db = 20 * np.log10(np.diag(heard) / others.max(axis=1))
    assert np.all(isolation_db > 6.0) and np.all(isolation_db < 40.0)  # good, yet never perfect


SHOULDER = (("elbow", 1.0), ("hand", 1.0), ("wrist_rotation", 1.0), ("wrist_flexion", 1.0),
            ("hand", -1.0), ("elbow", -1.0))  # fmt: skip
FOREARM = (("hand", 1.0), ("hand", -1.0), ("wrist_rotation", 1.0), ("wrist_rotation", -1.0),
           ("wrist_flexion", 1.0), ("wrist_flexion", -1.0))  # fmt: skip


@pytest.mark.parametrize(
    ("name", "tasks"),
    [("tmr-shoulder", SHOULDER), ("transradial", FOREARM), ("able-bodied", FOREARM)],
)
def test_sites_of_other_levels_follow_their_montages(name, tasks):
    heard = sequence(name, tasks)[1:, : len(tasks)]
    assert np.array_equal(np.argmax(heard, axis=1), np.arange(len(tasks)))


@pytest.mark.parametrize(
    ("name", "tasks", "best_db"),
    [
        ("tmr-transhumeral", (("hand", 1.0), ("elbow", -1.0)), (20.0, 40.0)),
        ("able-bodied", FOREARM, (24.0, 45.0)),
        ("tmr-shoulder", SHOULDER, (8.0, 30.0)),  # the heart beats in the rest segment
        ("difficult", (("hand", 1.0), ("elbow", -1.0)), (5.0, 20.0)),
    ],
)
def test_signal_over_rest(name, tasks, best_db):
    heard = sequence(name, tasks)
    ratio = np.max((heard[1:] / heard[0]) ** 2, axis=1)
    snr_db = 10 * np.log10(ratio - 1)
    assert best_db[0] < snr_db.min() and snr_db.max() < best_db[1]


@pytest.mark.parametrize("name", PRESETS)
def test_rest_noise_without_mains_and_heart(name):
    patient = Patient(name, 1, mains_hz=50.0)
    patient.electrodes.mains_uv[:] = 0.0
    rest = sosfilt(
        butter(2, 20.0, "highpass", fs=RATE_HZ, output="sos"),
        np.concatenate([patient.raw_block()[0] for _ in range(300)]),
        axis=0,
    )[int(RATE_HZ) :]
    noise = 1.4826 * np.median(np.abs(rest), axis=0)
    assert np.all(noise > 2.5) and np.all(
        noise < (14.0 if name == "difficult" else 8.0)
    )  # it never quite rests


def test_effort_shows_in_proportion():
    efforts = (0.25, 0.5, 0.75, 1.0)
    heard = sequence("tmr-transhumeral", tuple(("hand", effort) for effort in efforts))[1:, 1]
    assert np.all(np.diff(heard) > 0)
    slope = np.polyfit(np.log(efforts), np.log(heard), 1)[0]
    assert 0.75 < slope < 1.4


def test_antagonists_tense_together():
    heard = sequence("transradial", FOREARM)
    assert 1.5 * heard[0, 1] < heard[1, 1] < 0.5 * heard[1, 0]


def test_hearts_beat_in_pectoral_sites():
    made = simulate(Patient("tmr-shoulder", 1), 20.0)
    wave = sosfilt(butter(2, [8.0, 30.0], "bandpass", fs=BOARD_HZ, output="sos"), made.uv[:, 2])
    beats, _ = find_peaks(wave[BOARD_HZ:], height=40.0, distance=int(0.35 * BOARD_HZ))
    interval = np.diff(beats) / BOARD_HZ
    assert 15 <= len(beats) <= 40 and 0.7 < interval.mean() < 0.95
    assert interval.min() >= 0.4 and interval.max() <= 1.25


def test_mains_and_its_third_harmonic_before_the_board():
    patient = Patient("difficult", 1, mains_hz=60.0)
    uv = np.concatenate([patient.raw_block()[0] for _ in range(400)])
    frequency, power = welch(uv, RATE_HZ, nperseg=4000, axis=0)
    power = power.mean(axis=1)

    def line(hz: float) -> float:
        near = np.abs(frequency - hz) < 1.5
        return power[near].sum() - np.median(power[np.abs(frequency - hz) < 8.0]) * near.sum()

    assert line(60.0) > 100 * abs(line(90.0))
    assert line(180.0) / line(60.0) == pytest.approx(0.04, rel=0.5)
    amplitude = np.sqrt(line(60.0) * (frequency[1] - frequency[0]))
    assert 25.0 * 0.9 < amplitude < 50.0 * 1.1


def test_lifted_pair_loses_the_muscle_and_gains_mains():
    patient = Patient("tmr-transhumeral", 1)
    patient.prompt(prompt(hold_s=60.0, hand=1.0))
    held = simulate(patient, 4.0)
    patient.electrodes.lifted[1] = True
    lifted = simulate(patient, 4.0)
    frequency, before = welch(held.uv[2 * BOARD_HZ :, 1], BOARD_HZ, nperseg=250)
    _, after = welch(lifted.uv[BOARD_HZ:, 1], BOARD_HZ, nperseg=250)
    mains = np.abs(frequency - 50.0) <= 2.0
    assert after[mains].sum() > 100 * before[mains].sum()
    assert after[mains].sum() > after[~mains & (frequency > 20)].sum()


# ---- the converter's filter ----


def test_front_end_is_3_db_down_near_65_hz():
    response = taps()
    assert response.sum() == pytest.approx(1.0)
    frequency, gain = freqz(response, worN=8192, fs=RATE_HZ)
    corner = frequency[np.argmax(np.abs(gain) < np.sqrt(0.5))]
    assert corner == pytest.approx(65.0, abs=1.5)
    assert np.abs(gain[np.argmin(np.abs(frequency - BOARD_HZ))]) < 1e-3


def test_front_end_in_blocks_equals_one_convolution():
    signal = np.random.default_rng(1).standard_normal((4 * BLOCK, 3))
    signal[: len(taps())] = signal[0]  # both start in the same state
    front_end = FrontEnd(3, BLOCK)
    got = np.concatenate([front_end.block(part) for part in np.split(signal, 4)])
    padded = np.concatenate([np.repeat(signal[:1], len(taps()) - 1, axis=0), signal])
    whole = np.array([np.convolve(padded[:, c], taps(), "valid") for c in range(3)]).T
    assert got == pytest.approx(whole[DECIMATION - 1 :: DECIMATION])


# ---- the rest ----


def test_generation_costs_less_than_a_fifth_of_a_core():
    patient = Patient("tmr-transhumeral", 1)
    patient.prompt(prompt(hold_s=1e6, hand=1.0, elbow=1.0))
    simulate(patient, 1.0)
    cost = []
    for _ in range(5):
        before = time.process_time()
        simulate(patient, 1.0)
        cost.append(time.process_time() - before)
    assert min(cost) < 0.2


def test_unknown_patient_is_one_sentence():
    with pytest.raises(BoardError, match=r"no simulated patient 'nobody'.*tmr-transhumeral"):
        find_preset("nobody")


def test_recording_plays_once_or_for_ever(tmp_path):
    path = tmp_path / "play.npz"
    uv = np.arange(24.0).reshape(12, 2)
    np.savez(path, uv=uv, rate_hz=250)
    once = Recording(path, 250.0)
    assert np.array_equal(np.concatenate([once.chunk().uv for _ in range(3)]), uv)
    assert once.chunk() is None
    ever = Recording(path, 250.0, loop=True)
    assert len(np.concatenate([ever.chunk().uv for _ in range(6)])) == 24


def test_unplayable_recordings_are_one_sentence(tmp_path):
    path = tmp_path / "play.npz"
    np.savez(path, uv=np.zeros((9, 2)), rate_hz=1000)
    with pytest.raises(BoardError, match="1000 samples a second"):
        Recording(path, 250.0)
    np.savez(path, uv=np.full((9, 2), np.nan), rate_hz=250)
    with pytest.raises(RecordingError, match="finite"):
        Recording(path, 250.0)
    path.write_bytes(b"not a recording")
    with pytest.raises(RecordingError, match="cannot be played"):
        Recording(path, 250.0)
    with pytest.raises(RecordingError, match="cannot be played"):
        Recording(tmp_path / "none.npz", 250.0)
