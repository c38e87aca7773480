# SPDX-License-Identifier: GPL-3.0-or-later
"""Calibrations from which a decoder would be silently bad: refused, or without what is bad, in one
sentence that names the repetition or the site and says what to do."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from cued_emg import (
    DOFS,
    FULL_SCALE_UV,
    RATE_HZ,
    UV_PER_COUNT,
    counts_of,
    intents,
    montage,
    run,
    started,
)

from endplate.errors import EndplateError
from endplate.fit.calibration import calibrate
from endplate.fit.evaluation import tracking
from endplate.fit.guided.protocol import Cue, calibration_protocol, directions
from endplate.fit.recorded.cued import Recorded, listen

CUES = calibration_protocol(DOFS)
FIRST = 6  # index of "Close hand", number 1
RAIL = 2**23 - 1


def fit(counts, cues=None, sites=4, **changes):
    wanted = dict(
        rate_hz=RATE_HZ, uv_per_count=UV_PER_COUNT, full_scale_uv=FULL_SCALE_UV,
        cues=started(cues or CUES), montage=montage(sites), hand="test-hand", board="cyton",
        dofs=DOFS, decoder="ridge on RMS",
    )  # fmt: skip
    return calibrate(counts, **(wanted | changes))


def did(changes, reactions=None, seed=3):
    """Counts of somebody who did otherwise: index of a cue -> what of it was other."""
    cues = [replace(cue, **changes.get(k, {})) for k, cue in enumerate(CUES)]
    parts = [intents([cue], (reactions or {}).get(k, 0.3)) for k, cue in enumerate(cues)]
    return counts_of(np.concatenate(parts), seed)


def r2(profile):
    """On movements of another day, by the chain."""
    cues = [Cue("", {dof: sign * 0.7}) for dof, sign in directions(DOFS)] * 2
    intent = intents(cues)
    return min(tracking(intent, run(profile, counts_of(intent, seed=6))[0], rate_hz=RATE_HZ)["r2"])


def refused(counts, says, **more):
    """The sentence it is refused with."""
    with pytest.raises(EndplateError, match=says) as caught:
        fit(counts, **more)
    text = str(caught.value)
    assert text.endswith(".") and "\n" not in text and "Traceback" not in text
    return text


@pytest.fixture(scope="module")
def counts():
    return did({})


# ---- repetitions ----


@pytest.mark.parametrize(
    ("change", "reaction", "why"),
    [
        ({"target": {}}, 0.3, "no muscle signal came"),
        ({"target": {"elbow": 1.0}}, 0.3, "it was bend elbow"),
        ({}, 1.4, "it came 1.4 s late"),
    ],
)
def test_a_repetition_that_was_not_made_as_asked_is_left_out_and_named(change, reaction, why):
    k = FIRST + 4
    profile = fit(did({k: change}, {k: reaction}))
    says = [text for text in profile.report["sentences"] if "is left out" in text]
    assert says == [f"'Close hand', number 2, is left out: {why}."]
    assert r2(profile) > 0.9
    assert profile.report["r2"]["hand"] > 0.9


def test_what_was_left_out_is_neither_learned_nor_taken_for_rest():
    k = FIRST + 4
    recorded = Recorded(did({k: {"target": {"elbow": 1.0}}}), RATE_HZ, UV_PER_COUNT, FULL_SCALE_UV,
                        50, started(CUES))  # fmt: skip
    cued = listen(recorded, montage(), "test-hand", DOFS)
    mine = (cued.hops.end > started(CUES)[k][0]) & (cued.hops.end <= started(CUES)[k + 1][0])
    assert mine.sum() > 250 and not cued.frames.used[mine].any()


def test_too_few_that_were_made_as_asked_are_refused():
    spoilt = {FIRST: {"target": {}}, FIRST + 4: {"target": {"elbow": 1.0}}}
    says = refused(did(spoilt), "'Close hand' followed its cue in 1 of 3 repetitions, and 2")
    assert "(number 1: no muscle signal came): do it again, with the bar." in says


def test_too_few_repetitions_and_a_direction_never_tried_are_refused(counts):
    cues = [cue for k, cue in enumerate(CUES) if k not in (FIRST + 1, FIRST + 5)]
    refused(did({}), "'Open hand' was tried once, and at least 2 repetitions", cues=cues[:14])
    cues = [cue for cue in CUES if cue.target.get("hand", 0) >= 0]
    refused(counts_of(intents(cues), 3), "'Open hand' was never tried", cues=cues)


def test_labels_that_never_align_are_refused(counts):
    """Cues of one visit, signals of another: three seconds off, or played backwards."""
    shifted = np.roll(counts, 3 * RATE_HZ, axis=0)
    refused(shifted, r"of 16 movements do not follow their cues: cues and signal")
    refused(counts[::-1], r"do not follow their cues|followed its cue in")


def test_a_repetition_unlike_the_others_is_kept_and_said():
    profile = fit(did({FIRST + 4: {"target": {"hand": 2.2}}}))
    (says,) = [text for text in profile.report["sentences"] if "is unlike the others" in text]
    assert says.startswith("'Close hand', number 2, is unlike the others of it (by 1")


# ---- sites ----


@pytest.mark.parametrize("bad", ["flat", "railed", "nan", "one nan"])
def test_one_dead_site_of_five_is_left_out_of_the_inputs_and_said(bad):
    five = np.vstack([np.diag([120.0] * 4), [60.0, 0, 60.0, 0]])
    signal = counts_of(intents(CUES), 3, five).astype(float)
    channel = 4
    if bad == "flat":
        signal[:, channel] = 1000
    elif bad == "railed":
        signal[30 * RATE_HZ :, channel] = RAIL
    elif bad == "nan":
        signal[:, channel] = np.nan
    else:
        signal[12_345, channel] = np.nan
    sites = montage()
    sites.sites += (type(sites.sites[0])(label="spare", channel=5, function=""),)
    profile = fit(signal, montage=sites)
    assert profile.site_labels == ("site 1", "site 2", "site 3", "site 4")
    (says,) = [text for text in profile.report["sentences"] if "spare" in text]
    why = "holds values that are not numbers" if "nan" in bad else "was flat or railed"
    assert says.startswith(f"spare (channel 5) {why} and is left out: check its")
    # Live it comes back to life with any noise: nothing listens to it.
    intent = intents(CUES)
    quiet, loud = counts_of(intent, 7), counts_of(intent, 7)
    loud[:, channel] += np.random.default_rng(1).integers(-50_000, 50_000, len(loud), np.int32)
    assert (run(profile, quiet)[0] == run(profile, loud)[0]).all()


def test_a_site_that_comes_off_in_the_middle_is_left_out_and_said():
    """Noise instead of muscle from the second half on: no jump, nothing flat or railed."""
    five = np.vstack([np.diag([120.0] * 4), [90.0, 0, 90.0, 0]])
    signal = counts_of(intents(CUES), 3, five)
    at = started(CUES)[FIRST + 3][0]
    noise = np.random.default_rng(1).standard_normal(len(signal) - at) * 18
    signal[at:, 4] = np.round((noise + 20_000) / UV_PER_COUNT).astype(np.int32)
    sites = montage()
    sites.sites += (type(sites.sites[0])(label="spare", channel=5, function=""),)
    profile = fit(signal, montage=sites)
    assert profile.site_labels == ("site 1", "site 2", "site 3", "site 4")
    (says,) = [text for text in profile.report["sentences"] if "spare" in text]
    assert says.startswith("spare (channel 5) came off after 60 s")
    assert "press its electrode" in says
    assert r2(profile) > 0.9


def test_a_dead_site_that_a_direction_needs_is_refused_by_name():
    dead = counts_of(intents(CUES), 3, np.diag([120.0] * 4))
    dead[:, 1] = 0
    says = refused(dead, "'Open hand' gives no muscle signal above rest")
    assert "check the contact of site 2 (channel 2)" in says


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda c: np.full_like(c, 7), "Every site was flat or railed"),
        (lambda c: np.where(np.arange(len(c))[:, None] == 500, np.nan, c),
         r"not numbers at every site \(the first is sample 500\): check the board"),
        (lambda c: c * UV_PER_COUNT * 1e-6, "less than one count: these are volts"),
        (lambda c: counts_of(intents(CUES) * 0, 3), "'Close hand' gives no muscle signal"),
    ],
)  # fmt: skip
def test_all_sites_flat_silent_or_no_numbers_are_refused(counts, spoil, says):
    refused(spoil(counts.astype(float)), says)


# ---- units, rate, montage ----


@pytest.mark.parametrize(
    ("times", "says"),
    [(1e-6, "microvolt, less than any muscle gives: the recording is probably in volts"),
     (1e3, "microvolt, more than any muscle gives: the recording is probably in nanovolts")],
)  # fmt: skip
def test_another_unit_is_refused(counts, times, says):
    refused(counts, says, uv_per_count=UV_PER_COUNT * times,
            full_scale_uv=FULL_SCALE_UV * times)  # fmt: skip


@pytest.mark.parametrize("rate_hz", [1000, 125])
def test_another_rate_than_the_recording_says_is_refused(counts, rate_hz):
    """The cues' times are in samples: at a higher rate they overlap, at a lower nothing fits."""
    refused(counts, "was not made at 1000|do not follow their cues|followed its cue in",
            rate_hz=rate_hz)  # fmt: skip


@pytest.mark.parametrize("rate_hz", [0, float("nan"), 50, 1e6])
def test_a_rate_that_no_board_has_is_refused(counts, rate_hz):
    refused(counts, "sample rate of .* cannot be used", rate_hz=rate_hz)


def test_a_montage_that_contradicts_what_is_heard_is_said(counts):
    swapped = montage()
    swapped.sites[0].function, swapped.sites[1].function = "hand open", "hand close"
    says = fit(counts, montage=swapped).report["sentences"]
    assert any("site 1 is meant for open hand and hears close hand: swap the cables" in s
               for s in says)  # fmt: skip
