# SPDX-License-Identifier: GPL-3.0-or-later
"""Each knob of the simulated person does what it says, to what it says, and nothing else."""

from __future__ import annotations

import time
from functools import cache
from types import SimpleNamespace

import numpy as np
import pytest
from scipy.signal import butter, find_peaks, freqz, sosfilt, welch

from endplate.errors import BoardError
from endplate.fit.guided import protocol
from endplate.sim.board_faults import LIFTED_OHM, Faults
from endplate.sim.body import RENEWED
from endplate.sim.cyton import SKIN_OHM, Cyton
from endplate.sim.electrodes import impedance_share
from endplate.sim.front_end import taps
from endplate.sim.generator import Generator
from endplate.sim.knobs import KNOBS, checked
from endplate.sim.motor_units import Pool
from endplate.sim.muscle import HOME, RATE_HZ, REINNERVATED, Pose, Tissue, Units
from endplate.sim.patient import Patient, simulate
from endplate.sim.prompts import POSTURES, Prompt

NAME = "tmr-transhumeral"
HAND, ELBOW = Prompt((1.0, 0, 0, 0), 0.3, 1e6), Prompt((0, 0, 0, 1.0), 0.3, 1e6)
BAND = butter(2, [20.0, 400.0], "bandpass", fs=RATE_HZ, output="sos")


def raw(patient: Patient, seconds: float) -> np.ndarray:
    """At the amplifier's inputs, 2 kHz, 20-400 Hz, without mains."""
    patient.electrodes.mains_uv[:] = 0.0
    uv = np.concatenate([patient.raw_block()[0] for _ in range(round(seconds * 50))])
    return sosfilt(BAND, uv - uv[0], axis=0)


def rms(uv: np.ndarray) -> np.ndarray:
    return np.sqrt(np.mean(uv**2, axis=0))


def median_hz(uv: np.ndarray) -> float:
    frequency, power = welch(uv, RATE_HZ, nperseg=1000)
    return float(frequency[np.searchsorted(np.cumsum(power), power.sum() / 2)])


def held(prompt: Prompt = HAND, seconds: float = 3.0, **knobs: float) -> np.ndarray:
    patient = Patient(NAME, 4, knobs=knobs)
    patient.prompt(prompt)
    return raw(patient, seconds)[2000:]


# ---- all of them ----


def scripted(preset: str, **knobs: float) -> np.ndarray:
    script = [(0.0, HAND), (0.6, Prompt((0.0,) * 4, 0, 0.2, 0, kind="motion"))]
    return simulate(Patient(preset, 4, knobs=knobs), 1.6, script).uv


@cache
def plain_of(preset: str) -> np.ndarray:
    return scripted(preset)


@pytest.mark.parametrize("name", KNOBS)
def test_off_changes_nothing_and_on_changes_something(name):
    knob = KNOBS[name]
    preset = "tmr-shoulder" if name in ("heart_uv", "beat_s") else NAME
    plain = plain_of(preset)
    if knob.off is not None:
        assert np.array_equal(plain, scripted(preset, **{name: knob.off}))
    turned = scripted(preset, **{name: knob.high})
    assert not np.array_equal(plain, turned)
    assert np.array_equal(turned, scripted(preset, **{name: knob.high}))


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("sweaty", 1.0, "There is no knob 'sweaty'; there are fatigue, "),
        ("sweat", 1.5, "must lie between 0 and 1, not 1.5"),
        ("shift_mm", float("nan"), "needs a number"),
        ("posture", "up", "needs a number"),
        ("beat_s", 2.0, "between 0.4 and 1.25"),
    ],
)
def test_senseless_knobs_are_refused(name, value, says):
    with pytest.raises(ValueError, match=says):
        checked(name, value)


# ---- electrodes that move ----


@pytest.mark.parametrize("shift_mm", [10.0, -10.0])
def test_a_shift_round_the_limb_is_heard_where_the_pairs_are_now(shift_mm):
    """The same potentials as of a person whose pairs sat there from the first day."""
    tissue, pool = REINNERVATED, Pool.of(20)
    units = Units.drawn(tissue, pool, 0.0, np.random.default_rng(1))
    sites = np.array([0.0, 25.0, 60.0])
    moved = units.templates(sites, np.inf, Pose(round_mm=shift_mm))
    assert np.array_equal(moved, units.templates(sites + shift_mm, np.inf, HOME))


def test_a_shift_changes_the_mixing_not_a_gain():
    before = np.array([rms(held(HAND)), rms(held(ELBOW))])
    after = np.array([rms(held(HAND, shift_mm=15.0)), rms(held(ELBOW, shift_mm=15.0))])
    times = after / before
    assert times[0, 1] < 0.8 and times[1, 1] > 1.2 * times[0, 1]  # not one gain for the site
    assert np.abs(times - 1).max() > 0.3


def test_a_shift_along_the_fibres_changes_size_and_shape():
    units = Units.drawn(Tissue(), Pool.of(12), 0.0, np.random.default_rng(1))
    here, zone = (
        units.templates(np.array([0.0]), np.inf, Pose(along_mm=mm))[:, :, 0] for mm in (0.0, -20.0)
    )
    size = rms(zone.T) / rms(here.T)  # over the end plates the two directions cancel
    assert size.mean() < 0.75 and size.min() < 0.3
    alike = [abs(np.corrcoef(a, b)[0, 1]) for a, b in zip(here, zone, strict=True)]
    assert max(alike) < 0.9


def test_a_shift_while_running_takes_half_a_second_and_ends_where_it_should():
    patient = Patient(NAME, 4)
    patient.turn("shift_mm", 10.0)
    there = Patient(NAME, 4, knobs={"shift_mm": 10.0})
    units = len(patient.muscles._sum.templates)
    blocks = -(-units // RENEWED)
    assert 0.2 < blocks * 0.02 < 1.0
    for block in range(blocks):
        same = np.array_equal(patient.muscles._sum.templates, there.muscles._sum.templates)
        assert not same, f"all at once, in block {block}"
        patient.chunk()
    assert np.array_equal(patient.muscles._sum.templates, there.muscles._sum.templates)
    patient.turn("shift_mm", 0.0)
    for _ in range(blocks):
        patient.chunk()
    assert np.array_equal(patient.muscles._sum.templates, Patient(NAME, 4).muscles._sum.templates)


def test_posture_moves_each_muscle_otherwise_and_holding_the_arm_up_is_work():
    before = np.array([rms(held(HAND)), rms(held(ELBOW))])
    after = np.array([rms(held(HAND, posture=1.0)), rms(held(ELBOW, posture=1.0))])
    times = np.diag((after / before)[:, [1, 0]])
    assert np.abs(times - 1).max() > 0.05 and not np.isclose(*times, rtol=0.05)
    still = Prompt((0.0,) * 4)
    assert (rms(held(still, posture=1.0))[:4] > 1.1 * rms(held(still))[:4]).any()


def test_an_arm_is_held_as_the_cue_says_and_else_as_the_knob_says():
    assert set(POSTURES) == {"", *protocol.POSTURES}
    patient = Patient(NAME, 4)
    for cue in protocol.posture_cues(["hand"]):
        patient.prompt(Prompt.from_request(cue.prompt()))
        assert patient.muscles.posture == POSTURES[cue.posture] > 0
    patient.prompt(HAND)
    assert patient.muscles.posture == 0.0
    patient.turn("posture", -0.5)
    patient.prompt(HAND)
    assert patient.muscles.posture == -0.5


# ---- muscles that tire ----


def test_fatigue_lowers_the_spectrum_raises_the_amplitude_and_recovers():
    patient = Patient(NAME, 4, knobs={"fatigue": 8.0})  # as people do, in an eighth of the time
    patient.prompt(HAND)
    fresh = raw(patient, 2.0)[1000:, 1]
    raw(patient, 14.0)
    tired = raw(patient, 2.0)[1000:, 1]
    level = patient.muscles.fatigue.level.copy()
    patient.muscles.fatigue.step(np.zeros(8), 60.0)
    rested = patient.muscles.fatigue.level.copy()
    assert 0.6 < median_hz(tired) / median_hz(fresh) < 0.9
    assert 1.05 < rms(tired) / rms(fresh) < 2.0
    assert level.argmax() in (2, 3) and level.max() > 0.3  # the pools of the hand's closing
    assert (rested < 0.8 * level)[level > 0.1].all()
    patient.turn("fatigue", 0.0)
    patient.muscles.fatigue.step(np.zeros(8), 1000.0)
    assert median_hz(raw(patient, 2.5)[2000:, 1]) > 0.93 * median_hz(fresh)


def test_potentials_of_tired_fibres_still_end_inside_their_template():
    tired = Pose(slower=0.65)
    for tissue in (Tissue(), REINNERVATED):
        units = Units.drawn(tissue, Pool.of(), 0.0, np.random.default_rng(1))
        made = units.templates(np.array([0.0]), np.inf, tired)[:, :, 0]
        assert (np.abs(made[:, -1]) < 0.02 * np.ptp(made, axis=1)).all()


# ---- the skin ----


def test_sweat_takes_emg_and_brings_drift_and_noise():
    dry_day, wet = held(), held(sweat=1.0)
    assert 0.5 < rms(wet)[1] / rms(dry_day)[1] < 0.8
    still = Prompt((0.0,) * 4)
    assert (rms(held(still, sweat=1.0)) > 1.3 * rms(held(still))).all()
    slow = [
        np.diff(simulate(Patient(NAME, 4, knobs={"sweat": s}), 12.0).uv[::250], axis=0).std()
        for s in (0.0, 1.0)
    ]
    assert slow[1] > 2 * slow[0]
    assert impedance_share(1.0, 0.0) == pytest.approx(0.2)


def test_dried_contacts_are_noisy_and_turn_mains_into_a_difference():
    still = Prompt((0.0,) * 4)
    assert (rms(held(still, dry=1.0)) > 2 * rms(held(still))).all()
    made = [simulate(Patient(NAME, 4, knobs={"dry": d}), 4.0).uv for d in (0.0, 1.0)]
    line = []
    for uv in made:
        frequency, power = welch(uv, 250, nperseg=250, axis=0)
        line.append(power[np.abs(frequency - 50) < 2].sum(axis=0))
    assert (line[1] > 10 * line[0]).all()
    assert impedance_share(0.0, 1.0) == pytest.approx(30.0)


def test_a_heart_can_be_given_to_anyone_and_its_pace_set():
    uv = simulate(Patient(NAME, 4, knobs={"heart_uv": 400.0, "beat_s": 0.5}), 12.0).uv
    wave = sosfilt(butter(2, [8.0, 30.0], "bandpass", fs=250, output="sos"), uv[:, 5])[250:]
    beats, _ = find_peaks(wave, height=100.0, distance=80)
    assert np.diff(beats).mean() / 250 == pytest.approx(0.5, abs=0.03)
    beating, quiet = (
        simulate(Patient("tmr-shoulder", 4, knobs=knobs), 4.0).uv[:, 2]
        for knobs in ({}, {"heart_uv": 0.0})
    )
    assert np.ptp(beating - quiet) > 150.0


def test_bursts_of_motion_come_now_and_then_below_15_hz():
    calm = simulate(Patient(NAME, 4), 30.0).uv
    shaken = simulate(Patient(NAME, 4, knobs={"bursts_per_min": 20.0, "motion_uv": 400.0}), 30.0).uv
    added = (shaken - calm)[:, 0]
    frequency, power = welch(added, 250, nperseg=1000)
    assert power[frequency < 15].sum() > 0.95 * power.sum()
    on = np.abs(added) > 1.0
    assert 0.05 < on.mean() < 0.6
    begins = np.count_nonzero(np.diff(np.convolve(on, np.ones(150), "same") > 0) > 0)
    assert 3 <= begins <= 18  # of 10 expected


# ---- on a running board ----


def board(sites: int = 6) -> SimpleNamespace:
    told: list[dict] = []
    source = SimpleNamespace(is_patient=True, sites=sites, tell=lambda **kw: told.append(kw))
    return SimpleNamespace(source=source, cyton=Cyton(), told=told)


def test_a_board_passes_knobs_on_and_its_impedances_follow_the_skin():
    faults, there = Faults(np.random.default_rng(1)), board()
    faults.turn({"shift_mm": -10.0, "fatigue": 1}, there)
    assert there.told == [{"knob": "shift_mm", "value": -10.0}, {"knob": "fatigue", "value": 1.0}]
    assert (there.cyton.impedance_ohm == SKIN_OHM).all()
    faults.turn({"lift": 2}, there)
    faults.turn({"sweat": 1.0}, there)
    wet = there.cyton.impedance_ohm
    assert wet[[0, 2, 5]] == pytest.approx(0.2 * SKIN_OHM) and (wet[6] == SKIN_OHM).all()
    assert (wet[1] == LIFTED_OHM).all()  # no skin, no sweat
    faults.turn({"restore": 2}, there)
    assert there.cyton.impedance_ohm[1] == pytest.approx(0.2 * SKIN_OHM)
    with pytest.raises(ValueError, match="between -60 and 60"):
        faults.turn({"shift_mm": 100.0}, there)
    there.source.is_patient = False
    with pytest.raises(ValueError, match="a recording is played"):
        faults.turn({"sweat": 1.0}, there)


def test_a_generator_turns_knobs_of_its_patient():
    generator, same = Generator(Patient(NAME, 4)), Patient(NAME, 4)
    try:
        generator.tell(knob="mains_uv", value=200.0)
        same.turn("mains_uv", 200.0)
        generator.ask()
        end = time.monotonic() + 5.0
        while (chunk := generator.take()) is None and time.monotonic() < end:
            time.sleep(0.01)
        assert np.array_equal(chunk.uv, same.chunk().uv)
    finally:
        generator.close()


# ---- the board's rate ----


def test_at_1000_hz_the_converter_is_3_db_down_near_262_hz():
    response = taps(2)
    assert response.sum() == pytest.approx(1.0)
    frequency, gain = freqz(response, worN=8192, fs=RATE_HZ)
    assert frequency[np.argmax(np.abs(gain) < np.sqrt(0.5))] == pytest.approx(262.0, abs=4.0)


def test_the_same_person_is_heard_at_250_and_1000_hz():
    script = [(0.2, HAND)]
    slow, fast = (simulate(Patient(NAME, 4, board_hz=hz), 3.0, script) for hz in (250, 1000))
    assert fast.uv.shape == (3000, 8) and fast.intent.shape == (3000, 4)
    assert np.array_equal(fast.intent[::4], slow.intent)
    power = [welch(c.uv[hz:, 1], hz, nperseg=hz)[1] for c, hz in ((slow, 250), (fast, 1000))]
    assert power[1][20:45].sum() == pytest.approx(power[0][20:45].sum(), rel=0.25)
    assert power[1][120:300].sum() > 0.1 * power[1][20:].sum()  # what 250 Hz cannot hear


def test_a_rate_that_cannot_be_made_is_one_sentence():
    with pytest.raises(BoardError, match="cannot be heard at 300 samples/s: choose 250, 500"):
        Patient(NAME, board_hz=300)
