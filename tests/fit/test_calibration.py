# SPDX-License-Identifier: GPL-3.0-or-later
"""Calibration on noise of known make: the decoder it finds, and the data it refuses."""

import time
from datetime import datetime

import numpy as np
import pytest
from cued_emg import (
    DOFS,
    FULL_SCALE_UV,
    MIX_UV,
    RATE_HZ,
    REACTION_S,
    REST_UV,
    UV_PER_COUNT,
    counts_of,
    intents,
    montage,
    run,
    started,
)

from endplate import core
from endplate.errors import CalibrationError
from endplate.fit import auto
from endplate.fit.calibration import calibrate
from endplate.fit.evaluation import tracking
from endplate.fit.features import Look, hops_of
from endplate.fit.guided.protocol import Cue, calibration_protocol, combined_cues, directions
from endplate.fit.recorded.acceptance import check_enough
from endplate.live.profile import chain_settings
from endplate.live.profile_file import load_profile, save_profile

CUES = calibration_protocol(DOFS)
PLAIN = "ridge on RMS"  # where it does not matter which: trying them all takes a second or two


def fit(counts, cues=None, **changes):
    wanted = dict(montage=montage(), hand="test-hand", board="cyton", dofs=DOFS)
    return calibrate(
        counts, RATE_HZ, UV_PER_COUNT, FULL_SCALE_UV, started(cues or CUES), **(wanted | changes)
    )


@pytest.fixture(scope="module")
def counts():
    return counts_of(intents(CUES), seed=2)


@pytest.fixture(scope="module")
def profile(counts):
    return fit(counts)


def test_held_out_single_and_combined_movements_are_followed(profile):
    cues = [Cue("", c.target, 0.8, 1.5, 0.6, 1.5) for c in combined_cues(DOFS)]
    cues += [Cue("", {dof: sign * 0.6}, kind="trapezoid") for dof, sign in directions(DOFS)]
    intent = intents(cues)
    command, _ = run(profile, counts_of(intent, seed=6))
    found = tracking(intent, command, rate_hz=RATE_HZ)
    assert min(found["r2"]) > 0.93
    assert max(found["r2"]) < 0.99  # a window of 160 ms cannot do better: suspicious if it did
    assert found["leakage"] < 0.02 and found["rest_motion_share"] == 0
    assert 80 <= found["delay_ms"] <= 130


def test_rest_and_reference_are_those_of_the_signal(profile):
    band = np.sqrt((0.45 * RATE_HZ - 20) / (RATE_HZ / 2))  # share of white noise that passes
    assert np.sqrt(profile.rest_uv2) == pytest.approx(np.full(4, REST_UV * band), rel=0.12)
    assert profile.reference_uv == pytest.approx(np.diag(MIX_UV) * band, rel=0.15)


def test_the_reaction_time_is_found(profile):
    assert profile.report["reaction_s"]["median"] == pytest.approx(REACTION_S, abs=0.05)


def test_the_table_of_candidates_holds_the_choice_and_the_choice_is_nearly_the_best(profile):
    table = profile.report["cross_validation"]
    assert [row["decoder"] for row in table] == list(auto.BY_NAME)
    chosen = [row for row in table if row["decoder"] == profile.report["chosen"]["decoder"]]
    assert len(chosen) == 1
    best = max(row["merit"] for row in table)
    name, told = chosen[0]["decoder"], chosen[0]["merit"] + 1e-4  # they are told rounded
    assert auto.as_good(auto.BY_NAME[name], told, best)


@pytest.fixture(scope="module")
def ridge(counts):
    """With the linear decoder, which listens to some sites only."""
    return fit(counts, decoder=PLAIN)


def test_a_dof_needs_exactly_the_sites_it_uses(ridge):
    assert {0, 1} <= set(ridge.needs[0]) and {2, 3} <= set(ridge.needs[1])
    assert 3 not in ridge.needs[0]


def test_a_decoder_that_looks_at_all_sites_needs_them_all(counts):
    assert fit(counts, decoder="mean on COV").needs == [[0, 1, 2, 3]] * 2


def test_the_comfortable_reference_reaches_full_speed(profile, counts):
    command, _ = run(profile, counts)
    for start, cue in started(CUES):
        if cue.kind == "reference":
            (dof, sign), = cue.target.items()
            hold = slice(start + round(1.6 * RATE_HZ), start + round(2.8 * RATE_HZ))
            assert np.median(command[hold, DOFS.index(dof)] * sign) == pytest.approx(1, abs=0.1)


@pytest.mark.parametrize("name", ["ridge on log-RMS", "mean on COV2", "direct"])
def test_the_live_chain_computes_what_the_fit_computed(counts, name):
    """The vectors and the decoder alone, over the whole recording, against the chain."""
    profile = fit(counts, decoder=name)
    _, hops = run(profile, counts)
    columns = [channel - 1 for channel in profile.channels]
    seen = hops_of(counts, RATE_HZ, UV_PER_COUNT, FULL_SCALE_UV, 50, chosen=columns)
    assert (seen.power == hops["power"][:, : counts.shape[1]]).all()
    floor = np.array(profile.floor_uv2)
    look = Look(
        np.array(profile.rest_uv2), np.array(profile.reference_uv), floor,
        np.array(profile.difference_floor_uv2), profile.statistics, profile.form,
    )  # fmt: skip
    vectors = look.vectors(seen.chosen)
    intent = auto.run(profile.decoder, vectors, np.zeros(len(vectors)))
    open_ = hops["gate"] == 0
    assert open_.mean() > 0.3
    assert hops["intent"][open_, :2] == pytest.approx(intent[open_], rel=1e-5, abs=1e-5)
    assert not hops["intent"][~open_].any()


def test_the_gate_rests_at_rest_and_takes_no_movement_for_it(profile, counts):
    _, hops = run(profile, counts)
    intent = intents(CUES)[np.minimum(hops["samples"], len(counts)) - 1]
    meant = np.abs(np.roll(intent, 8, axis=0)).max(1)
    assert not (hops["gate"] & 2).any(), "nothing of the calibration itself is novel"
    assert (hops["gate"][meant == 0] & 1).mean() > 0.8
    assert (hops["gate"][meant > 0.4] & 1).mean() < 0.01


def test_an_effort_twice_the_comfortable_one_is_nothing_new(profile):
    cues = [Cue("", {dof: sign}, 0.5, 1.0, 0.5, 1.0) for dof, sign in directions(DOFS)]
    _, hops = run(profile, counts_of(2 * intents(cues), seed=8))
    assert not (hops["gate"] & 2).any()


@pytest.mark.parametrize("hum_uv", [2_000, 20_000])
def test_what_no_calibration_has_is_novel_and_moves_nothing(profile, counts, hum_uv):
    """A phone's hum at all sites at once, far above any effort; ten times of it lifts all sites."""
    hum = counts[: 20 * RATE_HZ].copy()
    tone = hum_uv * np.sin(2 * np.pi * 70 * np.arange(5 * RATE_HZ) / RATE_HZ) / UV_PER_COUNT
    hum[10 * RATE_HZ : 15 * RATE_HZ] += np.rint(tone).astype(np.int32)[:, None]
    _, hops = run(profile, hum)
    during = (hops["samples"] > 10.5 * RATE_HZ) & (hops["samples"] < 14.9 * RATE_HZ)
    told = hops["gate"] & 2 if hum_uv == 2_000 else hops["bad_sites"]
    assert told[during].all()
    assert not hops["target"][during].any()


def test_the_same_recording_gives_the_same_profile(profile, counts):
    again = fit(counts)
    assert again.decoder == profile.decoder and again.report == profile.report


def test_a_profile_is_called_after_the_clock_on_the_wall(counts, monkeypatch):
    with monkeypatch.context() as elsewhere:
        elsewhere.setenv("TZ", "<+13>-13")
        time.tzset()
        before = datetime.now()
        made = fit(counts, decoder=PLAIN)
        after = datetime.now()
    time.tzset()
    named = {f"{montage().name} {then:%Y-%m-%d %H.%M}" for then in (before, after)}
    assert made.name in named and made.created.endswith("+00:00")


def test_the_profile_survives_its_file(profile, counts, tmp_path):
    save_profile(profile, tmp_path / "p.json")
    again = load_profile(tmp_path / "p.json")
    assert (run(again, counts)[0] == run(profile, counts)[0]).all()


def test_the_order_of_the_hands_dof_is_kept(counts):
    class Dof:
        def __init__(self, name):
            self.name = name

    class Hand:
        name = "test-hand"
        dofs = [Dof("elbow"), Dof("wrist_rotation"), Dof("hand")]

    assert fit(counts, hand=Hand(), dofs=None, decoder=PLAIN).dofs == ("elbow", "hand")


def test_noise_at_rest_raises_the_dead_band_and_is_said():
    intent = intents(CUES)
    disturbed = counts_of(intent, seed=3)
    for start, cue in started(CUES):
        if cue.kind == "motion":  # arm motion that passes the filters
            burst = np.random.default_rng(4).standard_normal(4 * RATE_HZ) * 30 / UV_PER_COUNT
            disturbed[start : start + 4 * RATE_HZ, 0] += burst.astype(np.int32)
    profile = fit(disturbed, decoder=PLAIN)
    assert profile.shape["hand"]["dead_band"] > 0.11
    assert profile.shape["elbow"]["dead_band"] == 0.10
    assert any("In arm motion hand puts out" in line for line in profile.report["sentences"])


def moved_about(level_uv, site=0):
    """The calibration with noise of `level_uv` at one site while the arm moves."""
    counts = counts_of(intents(CUES), seed=3)
    chance = np.random.default_rng(5)
    for start, cue in started(CUES):
        if cue.kind == "motion":
            noise = chance.standard_normal(round(cue.active_s * RATE_HZ)) * level_uv
            counts[start : start + len(noise), site] += np.rint(noise / UV_PER_COUNT).astype(int)
    return counts


def test_what_arm_motion_alone_makes_counts_as_nothing_at_its_site_only(profile):
    moved = fit(moved_about(12.0), decoder=PLAIN)
    calm, rest = np.sqrt(moved.rest_uv2), np.sqrt(profile.rest_uv2)
    band = np.sqrt((0.45 * RATE_HZ - 20) / (RATE_HZ / 2))
    assert calm[0] == pytest.approx(np.hypot(12.0, REST_UV) * band, rel=0.2)
    assert calm[1:] == pytest.approx(rest[1:], rel=0.2)
    assert moved.floor_uv2 == moved.rest_uv2
    assert moved.report["rest_uv"][0] < calm[0] / 2  # the noise that is told is that of rest


def test_motion_as_strong_as_a_contraction_is_not_taken_off(profile):
    contraction = profile.reference_uv[0]
    calm = np.sqrt(fit(moved_about(100.0), decoder=PLAIN).rest_uv2[0])
    assert calm < 0.4 * contraction, "a real effort would be lost"


def test_a_flat_site_is_left_out_named_and_not_needed(counts):
    spare = montage()
    spare.sites[3].channel, spare.sites[3].label = 8, "spare"
    with_spare = counts.copy()
    with_spare[:, 7] = 0
    five = montage()
    five.sites += (spare.sites[3],)
    profile = fit(with_spare, montage=five, decoder=PLAIN)
    assert any("spare (channel 8) was flat or railed" in s for s in profile.report["sentences"])
    assert all(4 not in needed for needed in profile.needs)


def test_hum_and_rate_are_said(profile):
    assert any("only amplitude features" in line for line in profile.report["sentences"])


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda c: c[:0], "holds no samples"),
        (lambda c: c[:, 0], "holds no samples"),
        (lambda c: np.where(np.arange(len(c))[:, None] == 500, np.nan, c), "not numbers"),
        (lambda c: c[: 4 * RATE_HZ], "cut short before the first movement"),
        (lambda c: c[: 50 * RATE_HZ], "was never tried, and at least 2 repetitions are needed"),
        (lambda c: c[:, :3], "channel 4, but the board has 3 channels"),
        (lambda c: np.zeros_like(c), "Every site was flat or railed"),
        (lambda c: np.full_like(c, 2**23 - 1), "Every site was flat or railed"),
    ],
)
def test_data_from_which_nothing_can_be_made_is_refused(counts, spoil, says):
    with pytest.raises(CalibrationError, match=says) as caught:
        fit(spoil(counts), dofs=None)
    assert str(caught.value).endswith(".") and "\n" not in str(caught.value)


def test_a_calibration_without_rest_is_refused(counts):
    cues = [Cue(c.label, c.target, c.rise_s, c.hold_s, c.fall_s, c.rest_s, "motion")
            if c.kind == "rest" else c for c in CUES]
    with pytest.raises(CalibrationError, match="no rest of at least 2 s"):
        fit(counts, cues)


def test_a_direction_without_signal_is_named_with_its_site(counts):
    intent = intents(CUES)
    intent[intent[:, 0] < 0, 0] = 0.0  # the hand never opens
    with pytest.raises(CalibrationError, match=r"'Open hand' gives no .* site 2 \(channel 2\)"):
        fit(counts_of(intent, seed=2))


def test_directions_that_cannot_be_told_apart_are_said():
    same = MIX_UV.copy()
    same[:, 1] = same[:, 0]  # opening sounds like closing
    profile = fit(counts_of(intents(CUES), seed=2, mix_uv=same), decoder=PLAIN)
    assert profile.report["r2"]["hand"] < 0.5 < profile.report["r2"]["elbow"]
    assert any("follow hand poorly" in line for line in profile.report["sentences"])


def test_a_dof_the_hand_lacks_is_refused(counts):
    with pytest.raises(CalibrationError, match="moved elbow, which this hand does not have"):
        fit(counts, dofs=("hand",))


def test_a_railed_site_freezes_the_dof_that_needs_it_and_no_other(ridge, counts):
    railed = counts[: 40 * RATE_HZ].copy()
    needs_0 = [s for s in ridge.needs[0] if s not in ridge.needs[1]][0]
    railed[20 * RATE_HZ :, needs_0] = 2**23 - 1
    settings = chain_settings(
        ridge, rate_hz=RATE_HZ, channels=8, uv_per_count=UV_PER_COUNT,
        full_scale_uv=FULL_SCALE_UV,
    )
    hops = core.Chain(settings).process(railed)
    assert not hops["frozen"][: 15 * 50].any()
    assert (hops["frozen"][-50:] == 0b01).all()
    assert not hops["target"][-50:, 0].any()


def test_one_repetition_is_said_as_one():
    with pytest.raises(CalibrationError, match="at least 1 repetition is needed"):
        check_enough([(0, Cue("Rest", {}, 0.0, 5.0, 0.0, 0.0, "rest"))], ["hand"], 1)
