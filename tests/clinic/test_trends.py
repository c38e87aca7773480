# SPDX-License-Identifier: GPL-3.0-or-later
"""Series over visits, and what a change is called."""

from __future__ import annotations

import json
from datetime import date, timedelta

from endplate.clinic.records.scores import Score, Scores
from endplate.clinic.records.visits import Visits
from endplate.clinic.trends import Point, Trend, trends
from endplate.clinic.trials.timed import PROSTHESIS

from .conftest import NOW


def fitts(completion, throughput, direct=False):
    figures = {"completion": completion, "throughput": throughput, "path_efficiency": 0.8}
    return {"figures": figures, "direct": direct}


def test_figures_come_in_the_order_of_the_visits_with_the_baseline_apart(database, patient):
    visits, scores = Visits(database), Scores(database)
    for days, rate in ((60, 0.8), (30, 1.1), (0, 1.3)):
        when = NOW - timedelta(days=days)
        visit = visits.begin(patient, when)
        visits.keep(visit, "fitts", fitts(0.5, 9.9), when)
        visits.keep(visit, "fitts", fitts(0.9, rate), when + timedelta(minutes=5))
        report = {"snr_db": [20.0, None, 10.0]}
        visits.keep(visit, "calibration", {"report": report}, when)
    visits.keep(visit, "fitts", fitts(0.7, 0.6, direct=True), NOW)
    visits.keep(visit, "sites", {"isolation_db": [12.0, 8.0], "carried": ["hand"]}, NOW)
    scores.add(patient, Score("acmc", date(2026, 1, 1), 1.0), NOW.date())
    scores.add(patient, Score("acmc", NOW.date(), 1.3), NOW.date())
    found = {trend.name: trend for trend in trends(visits, scores, patient)}
    rate = found["Fitts: throughput"]
    assert [point.value for point in rate.own] == [0.8, 1.1, 1.3], "the last of each day"
    assert [point.value for point in rate.points if point.other] == [0.6]
    assert rate.said() == f"1.3 bit/s, more than 1.1 on {(NOW - timedelta(days=30)).date()}"
    assert found["SNR, mean of sites"].own[-1].value == 15.0
    assert found["Isolation, mean of sites"].own[-1].value == 10.0
    assert found["Movements that the sites carry"].said() == "1 DoF"
    assert found["ACMC"].said() == "1.3 logits, within measurement error of 1 on 2026-01-01"
    assert found["ACMC"].band_said() == (
        "Changes below 0.55 logits are within measurement error."
    )
    assert rate.band_said() == ""


def test_a_result_that_cannot_be_read_is_no_point(database, patient):
    visits = Visits(database)
    visit = visits.begin(patient, NOW)
    visits.keep(visit, "fitts", fitts(0.9, 1.1), NOW)
    visits.keep(visit, "fitts", {"figures": {}}, NOW + timedelta(days=1))
    visits.keep(visit, "tac", {"figures": []}, NOW)
    visits.keep(visit, "box-and-blocks", {"hand": PROSTHESIS}, NOW)
    scores = Scores(database)
    scores.add(patient, Score("box-and-blocks", NOW.date(), 19), NOW.date())
    found = {trend.name: len(trend.points) for trend in trends(visits, scores, patient)}
    assert found == dict.fromkeys(
        ("Fitts: completed", "Fitts: throughput", "Fitts: path efficiency", "Box and Blocks"), 1
    )


def test_of_one_kind_only_that_kind_is_read(database, patient, monkeypatch):
    visits, read = Visits(database), []
    visit = visits.begin(patient, NOW)
    for kind in ("fitts", "calibration", "sites"):
        visits.keep(visit, kind, fitts(0.9, 1.1), NOW)
    real = json.loads
    monkeypatch.setattr("json.loads", lambda text: read.append(text) or real(text))
    assert len(trends(visits, Scores(database), patient, "fitts")) == 3
    assert len(read) == 1


def test_a_test_without_throughput_is_no_point(database, patient):
    visits = Visits(database)
    visits.keep(visits.begin(patient, NOW), "fitts", fitts(0.0, None), NOW)
    found = {trend.name for trend in trends(visits, Scores(database), patient)}
    assert "Fitts: throughput" not in found and "Fitts: completed" in found


def test_a_change_beyond_error_is_better_or_worse():
    def said(before, now, better=1, mdc=2.0):
        points = (Point(date(2026, 1, 1), before), Point(date(2026, 2, 1), now))
        return Trend("x", "u", points, better, mdc).said()

    assert said(5, 8).startswith("8 u, better than 5") and said(8, 5).startswith("5 u, worse")
    assert said(5, 8, better=-1).startswith("8 u, worse")
    assert said(5, 6.9) == "6.9 u, within measurement error of 5 on 2026-01-01"
    assert said(5, 5).startswith("5 u, unchanged since 2026-01-01")
    assert said(5, 5, mdc=None).startswith("5 u, unchanged since 2026-01-01")
    assert said(5, 3, mdc=None).startswith("3 u, less than 5")


def test_tests_of_two_sorts_are_two_series_and_the_other_hand_is_none(database, patient):
    visits, scores = Visits(database), Scores(database)
    visit = visits.begin(patient, NOW)
    for on, done in (("screen", 0.5), ("hand", 0.8)):
        figures = {"completion": done, "movement_s": None, "path_efficiency": 0.7}
        visits.keep(visit, "tac", {"figures": figures, "rules": {"on": on}}, NOW)
    counted = {"rest": {"per_hour": 120.0, "share": 0.02}}
    visits.keep(visit, "activations", {"figures": counted}, NOW)
    scores.add(patient, Score("box-and-blocks", NOW.date(), 19), NOW.date())
    for hand, blocks in (("prosthesis", 8), ("other hand", 60)):
        content = {"figures": {"score": blocks}, "hand": hand, "direct": True}
        visits.keep(visit, "box-and-blocks", content, NOW)
    found = {trend.name: trend for trend in trends(visits, scores, patient)}
    assert found["TAC on the screen: completed"].own[-1].value == 50.0
    assert found["TAC on the hand: completed"].own[-1].value == 80.0
    assert "TAC on the hand: time" not in found, "nobody completed one"
    assert found["False activations at rest"].own[-1].value == 2.0
    assert found["Moving unwanted at rest"].own[-1].value == 2.0
    assert "Moving unwanted in arm motion" not in found
    blocks = found["Box and Blocks"]
    assert [(point.value, point.other) for point in blocks.points] == [(19, False), (8, True)]
    assert [one.name for one in trends(visits, scores, patient, "box-and-blocks")] == [blocks.name]
    assert len(trends(visits, scores, patient, "tac")) == 4
