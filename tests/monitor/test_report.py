# SPDX-License-Identifier: GPL-3.0-or-later
"""The fitting report: what it says, as HTML and as pages of a PDF."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta

import pytest

pytest.importorskip(
    "PyQt6.QtWidgets", reason="PyQt6 or a library it needs is not installed", exc_type=ImportError
)

from endplate.cli import demonstration
from endplate.clinic.records.database import Database
from endplate.clinic.records.patients import Patients
from endplate.clinic.records.visits import Visits
from endplate.live.profile_file import load_profile
from endplate.live.recording import read_recording
from endplate.monitor.report_files import write_report

NOW = datetime(2026, 11, 30, 9, 15)
TODAY = date(2026, 11, 30)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Two visits, of which the second brought a movement more."""
    place = tmp_path_factory.mktemp("records")
    with pytest.MonkeyPatch.context() as patched, Database(place) as database:
        patched.setattr(demonstration, "PAST", demonstration.PAST[::2])
        demonstration.make(database, NOW, lambda _: None)
    return place


@pytest.fixture
def database(folder):
    with Database(folder) as opened:
        yield opened


def text_of(html):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", re.sub(r"<style>.*</style>", "", html)))


def pages(path):
    qtpdf = pytest.importorskip("PyQt6.QtPdf")
    document = qtpdf.QPdfDocument(None)
    document.load(str(path))
    return document


def test_the_demonstration_has_what_a_visit_has(database):
    patient = Patients(database).find("DEMO")
    assert patient.simulated
    visits = Visits(database)
    visit = visits.of(patient)[0]
    kinds = [(one.kind, bool(one.content.get("direct"))) for one in visits.results(visit)]
    assert kinds == [("sites", False), ("calibration", False), ("fitts", False), ("fitts", True)]
    assert len(visit.recordings()) == 2 and visit.ended is not None
    assert all(read_recording(path).meta["simulated"] for path in visit.recordings())
    assert load_profile(visit.folder / "profile.json").simulated


def test_it_says_what_the_records_say(qapp, database, tmp_path):
    patient = Patients(database).find("DEMO")
    last, first = Visits(database).of(patient)
    made, (html, pdf) = write_report(database, patient, last, tmp_path / "r", TODAY)
    text = text_of(html.read_text())
    content = Visits(database).results(last, "calibration")[-1].content
    snr = content["report"]["snr_db"][0]
    for words in (
        "Fitting report · SIMULATED", "DEMO", "Months since TMR 12", "mean on TD2 for hand, elbow",
        f"Lateral biceps good {content['report']['rest_uv'][0]:.1f} {snr:.0f}", "direct control",
        "Now controlled as well: elbow.", "Endplate is not a medical device", "not a person",
        "Box and Blocks 19 blocks, better than 8", "recording ",
    ):  # fmt: skip
        assert words in text, words
    assert made.missing == () and made.simulated
    assert html.read_text().count("<img") == 1 + len(made.trends)
    document = pages(pdf)
    assert document.pageCount() == 2
    assert "Fitting report" in document.getAllText(0).text()
    assert "not a medical device" in document.getAllText(1).text()


def test_the_first_visit_knows_nothing_of_later_ones(qapp, database, tmp_path):
    patient = Patients(database).find("DEMO")
    _, first = Visits(database).of(patient)
    made, (html, _) = write_report(database, patient, first, tmp_path / "r", TODAY)
    text = text_of(html.read_text())
    assert "This is the first visit." in text and "19 blocks" not in text
    assert all(len(trend.own) == 1 for trend in made.trends)


def test_what_is_missing_or_damaged_is_said_and_the_rest_is_there(qapp, database, tmp_path):
    patient = Patients(database).find("DEMO")
    visit = Visits(database).begin(patient, NOW - timedelta(days=1))
    try:
        made, _ = write_report(database, patient, visit, tmp_path / "r", TODAY)
        assert made.missing == (
            "No recording lies in this visit's folder.", "No calibration was made in this visit.",
            "No site test was made in this visit.",
        )  # fmt: skip
        (visit.folder / "cut.bdf").write_bytes(b"0" * 100)
        made, (html, pdf) = write_report(database, patient, visit, tmp_path / "r", TODAY)
        assert "The recording cut.bdf cannot be read" in made.missing[0]
        assert pages(pdf).pageCount() >= 1 and "cut.bdf" in html.read_text()
    finally:
        with database.change() as change:
            change.execute("DELETE FROM visit WHERE uid = ?", (visit.uid,))


def test_words_from_outside_are_words_and_no_html(qapp, database, tmp_path):
    patient = Patients(database).find("DEMO")
    last = Visits(database).of(patient)[0]
    Visits(database).note(last, "<script>alert(1)</script> & more")
    visit = Visits(database).find(last.uid)
    _, (html, _) = write_report(database, patient, visit, tmp_path / "r", TODAY)
    assert "<script>" not in html.read_text() and "&lt;script&gt;" in html.read_text()
    Visits(database).note(last, "")


def test_by_command_line(folder, tmp_path, monkeypatch, capsys, qapp):
    from endplate.cli import main

    monkeypatch.chdir(tmp_path)
    assert main(["report", "DEMO", "--data", str(folder)]) == 0
    said = capsys.readouterr().out
    assert "SIMULATED" in said and (tmp_path / "DEMO-2026-11-02.pdf").exists()
    assert main(["report", "DEMO", "--visit", "2020-01-01", "--data", str(folder)]) == 2
    assert "DEMO has no visit 2020-01-01; there are: 2026-11-02" in capsys.readouterr().err
    assert main(["report", "DEMO", "--out", "none/r", "--data", str(folder)]) == 2
    assert "The report cannot be written" in capsys.readouterr().err
