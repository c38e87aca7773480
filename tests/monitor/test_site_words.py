# SPDX-License-Identifier: GPL-3.0-or-later
"""Verdicts on sites in words, at the borders of SCIENCE's table; trends as arrows and words."""

from __future__ import annotations

import pytest

from endplate.core import lib
from endplate.monitor import site_words, words

FAULTS = lib.QUALITY_RAILED | lib.QUALITY_MAINS


def verdict(bits: int = 0, **meters) -> tuple[str, str]:
    return site_words.site_verdict({"bits": bits}, {"rest_uv": 3.0, "snr_db": 25.0} | meters)


@pytest.mark.parametrize(
    ("db", "word"), [(11.99, "poor"), (12.0, "usable"), (19.99, "usable"), (20.0, "good")]
)
def test_borders_of_snr(db, word):
    assert verdict(snr_db=db)[0] == word


@pytest.mark.parametrize(
    ("ohm", "word"), [(49e3, "good"), (51e3, "usable"), (499e3, "usable"), (501e3, "poor")]
)
def test_borders_of_impedance(ohm, word):
    assert site_words.contact_verdict(ohm)[0] == word
    assert verdict(impedance_ohm=ohm)[0] == ("poor" if word == "poor" else "good")


def test_what_is_wrong_comes_before_what_warns_and_that_before_what_is_weak():
    assert verdict(FAULTS, snr_db=3.0) == ("poor", "Railed: press the electrode on")
    assert verdict(hum=True, snr_db=3.0)[1].startswith("Mains")
    assert verdict(hum=True, rest_uv=25.0)[1].startswith("Noisy")
    assert verdict(snr_db=3.0, heart_bpm=70) == ("usable", "Heart 70/min: move it if it can be")
    assert verdict(hum=True, heart_bpm=70)[1].startswith("Heart"), "mains has a column"
    assert verdict(motion=True)[1].startswith("Motion")


def test_drift_and_warm_up_say_how_much():
    assert verdict(drift={"rest": 5.9, "effort": -5.9})[0] == "good"
    assert verdict(drift={"rest": 6.1}) == ("usable", "Rest 2.0x calibration's: press it on")
    assert verdict(drift={"effort": -6.1}) == ("usable", "Weaker: full effort, else touch up")
    assert verdict(warming=8) == ("usable", "Settling, 8 % a minute: wait")


def test_a_site_that_nobody_has_contracted_is_not_called_weak():
    contracted = site_words.site_verdict({"bits": 0}, {"rest_uv": 3.0, "snr_db": 8.0})
    assert contracted[0] == "poor"
    assert site_words.site_verdict({"bits": 0}, {"rest_uv": 3.0}) == (
        "unknown",
        "Contract and relax once",
    )
    assert site_words.site_verdict({"bits": 0}, {}) == ("unknown", "Listening")


def test_trends():
    meters = {"trend": {"rest": "falling", "snr": "steady", "mains": "rising"}}
    assert site_words.trends(meters) == "rest noise falling, mains rising"
    assert [site_words.arrow(meters, name) for name in ("rest", "snr", "mains", "impedance")] == [
        *"\u2198\u2192\u2197", "",
    ]  # fmt: skip


def test_a_contact_stands_beside_the_verdict_when_it_was_measured():
    assert site_words.with_contact("Good", {}) == "Good"
    meters = {"impedance_ohm": 41_000.0, "trend": {"impedance": "falling"}}
    assert site_words.with_contact("Good", meters) == "Good · 41 kohm \u2198"
    said = site_words.site_verdict({"bits": 0}, {"impedance_ohm": float("inf")})[1]
    assert said.startswith("Contact open")
    assert site_words.with_contact(said, {"impedance_ohm": float("inf")}) == said


def test_a_skin_that_settles_while_somebody_calibrates_is_said():
    assert site_words.settling(["a", "b"], [{}, {"rest_uv": 3.0}]) == ""
    assert site_words.settling(["a", "b", "c"], [{"warming": 7}, {}, {"warming": 12}]) == (
        "Rest noise was still falling by 12 % a minute (a, c): wait two minutes, then touch up."
    )


def test_a_frozen_movement_names_the_site_it_waits_for():
    labels = ["biceps", "triceps", "deltoid"]
    fit, lifted = {"bits": lib.QUALITY_MAINS}, {"bits": lib.QUALITY_LIFTED}
    status = {
        "hand": {"limits": ["site", "none", "stall"]},
        "needs": {"hand": [0, 1], "elbow": [2]},
        "quality": [fit, lifted, lifted], "doubted": 0b111,
    }  # fmt: skip
    dofs = ["hand", "elbow", "wrist"]
    assert words.limits(status, dofs, labels) == [
        "frozen: triceps lifted, press it on", "", words.LIMITS["stall"]
    ]  # fmt: skip
    for changes, said in (
        ({"quality": [fit, fit, lifted]}, "frozen: biceps comes back"),
        ({"quality": [fit, fit, lifted], "doubted": 0b100},
         "frozen: all sites are good, relax once"),
        ({"needs": {}}, words.LIMITS["site"]),
        ({"hand": {"limits": ["site"], "decoding": {"mode": "hand"}}}, words.LIMITS["site"]),
    ):  # fmt: skip
        assert words.limits(status | changes, dofs, labels)[0] == said
