# SPDX-License-Identifier: GPL-3.0-or-later
"""The fitting report: what it says, as HTML and as pages of a PDF."""

from __future__ import annotations

import errno
import json
import os
import re
from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import partial
from hashlib import sha256

import pytest

pytest.importorskip(
    "PyQt6.QtWidgets", reason="PyQt6 or a library it needs is not installed", exc_type=ImportError
)

from endplate.clinic.records.database import Database
from endplate.clinic.records.patients import Patients
from endplate.clinic.records.visits import Result, Visits
from endplate.clinic.report import alone
from endplate.clinic.report.content import _changes, report
from endplate.clinic.report.made_from import hands_of
from endplate.clinic.report.sites import advice
from endplate.clinic.report.table import Table
from endplate.errors import RecordsError
from endplate.live import recording
from endplate.live.journal import Journal
from endplate.live.profile_file import load_profile
from endplate.live.recording import read_recording
from endplate.monitor import report_files
from endplate.monitor.report_files import write_both, write_report

from .conftest import NOW

TODAY = date(2026, 11, 30)


@pytest.fixture
def database(records):
    with Database(records) as opened:
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
    assert len(visit.recordings()) == 4 and visit.ended is not None
    assert all(read_recording(path).meta["simulated"] for path in visit.recordings())
    profile = load_profile(visit.folder / "profile.json")
    assert profile.simulated and f"{visit.began:%Y-%m-%d}" in profile.name
    assert visit.began < datetime.fromisoformat(profile.created).astimezone().replace(
        tzinfo=None
    ) < visit.ended  # fmt: skip


def made(database, visit, tmp_path, checked=()):
    """The report, and its two files."""
    found = report(database, Patients(database).find("DEMO"), visit, TODAY, checked)
    return found, write_report(found, tmp_path / "r")


def test_it_says_what_the_records_say(qapp, database, tmp_path):
    patient = Patients(database).find("DEMO")
    last, first = Visits(database).of(patient)
    found, (html, pdf) = made(database, last, tmp_path, ("7 of 7 figures are the same.",))
    text = text_of(html.read_text())
    content = Visits(database).results(last, "calibration")[-1].content
    snr, isolation = content["report"]["snr_db"][0], content["report"]["sites"]["isolation_db"][0]
    shape = load_profile(last.folder / "profile.json").shape["hand"]
    row = (f"1 Lateral biceps musculocutaneous → elbow flexion ▬ usable "
           f"{content['report']['rest_uv'][0]:.1f} {snr:.0f} ")  # fmt: skip
    for words in (
        "Fitting report · DEMO 2026-11-02 · SIMULATED", "Months since TMR 12",
        "mean on TD2 for hand, elbow: on repetitions left out of its training it followed",
        row, f" {isolation:.0f} 2 Medial biceps", "direct control", "Sites in the calibration",
        "All of it in the calibration.", "Movements against sites in the site test",
        f"hand {100 * shape['dead_band']:.0f} % Close hand {shape['positive']['gain']:.2f}",
        "Now controlled as well: elbow.", "Endplate is not a medical device", "not a person",
        "Box and Blocks 19 blocks, better than 8 on", "Changes below 6.5 blocks are within",
        "Computed again 7 of 7 figures are the same.", "No hand was connected.",
        *(f"Recording {path.name}: {sha256(path.read_bytes()).hexdigest()}"
          for path in last.recordings()),
        f"Decoder profile.json: {sha256((last.folder / 'profile.json').read_bytes()).hexdigest()}",
    ):  # fmt: skip
        assert words in text, words
    assert found.missing == () and found.simulated
    assert html.read_text().count("<img") == 1 + len(found.trends)
    document = pages(pdf)
    assert document.pageCount() == 2
    assert "Fitting report" in document.getAllText(0).text()
    assert "not a medical device" in document.getAllText(1).text()


def test_the_first_visit_knows_nothing_of_later_ones(qapp, database, tmp_path):
    _, first = Visits(database).of(Patients(database).find("DEMO"))
    found, (html, _) = made(database, first, tmp_path)
    text = text_of(html.read_text())
    assert "This is the first visit." in text and "19 blocks" not in text
    assert "Computed again" not in text
    assert all(len(trend.own) == 1 for trend in found.trends)


def test_what_is_controlled_now_is_said_in_words():
    def results(*dofs):
        content = {"report": {"chosen": {"decoder": "ridge on RMS"}, "snr_db": []}, "sites": [],
                   "dofs": list(dofs)}  # fmt: skip
        return [Result("", "", "calibration", NOW, content)]

    said = _changes(results("hand", "wrist_flexion"), results("hand", "wrist_rotation"))
    assert said == ["No longer controlled: wrist flexion.",
                    "Now controlled as well: wrist rotation."]  # fmt: skip


def test_much_is_shrunk_to_two_pages(qapp, database, tmp_path):
    """16 sites, 8 movements, 30 measures."""
    last, _ = Visits(database).of(Patients(database).find("DEMO"))
    whole = report(database, Patients(database).find("DEMO"), last, TODAY)
    many = whole.trends[0]
    long = Table("Sites", ("site", *"abcdefgh"), tuple((f"Site {n}", *"12345678")
                 for n in range(16)))  # fmt: skip
    others = [table for table in whole.tables if table.title in ("Decoder", "Tests")]
    said = advice([(f"Site {n}", "move" if n % 2 else "keep", f"Move {n}.") for n in range(16)])
    assert len(said) == 9 and said[-1].startswith("Keep as they are: Site 0, Site 2, ")
    whole = replace(
        whole, tables=(long, long, *others), advice=said,
        trends=tuple(replace(many, name=f"Measure {n}") for n in range(30)),
    )  # fmt: skip
    _, pdf = write_report(whole, tmp_path / "r")
    document = pages(pdf)
    assert document.pageCount() == 2
    assert "Measure 29" in document.getAllText(1).text()


def test_what_is_missing_or_damaged_is_said_and_the_rest_is_there(qapp, database, tmp_path):
    patient = Patients(database).find("DEMO")
    visit = Visits(database).begin(patient, NOW - timedelta(days=1))
    found, _ = made(database, visit, tmp_path)
    assert found.missing == (
        "No recording lies in this visit's folder.", "No calibration was made in this visit.",
        "No site test was made in this visit.",
    )  # fmt: skip
    (visit.folder / "cut.bdf").write_bytes(b"0" * 100)
    found, (html, pdf) = made(database, visit, tmp_path)
    assert "The recording cut.bdf cannot be read" in found.missing[0]
    assert pages(pdf).pageCount() >= 1 and "cut.bdf" in html.read_text()


def test_results_that_cannot_be_read_are_left_out_and_named(qapp, database, tmp_path):
    last, first = Visits(database).of(Patients(database).find("DEMO"))
    with database.change() as connection:
        for kind, gone in (("calibration", "'$.report.chosen'"),
                           ("sites", "'$.advice', '$.carried'")):  # fmt: skip
            connection.execute(
                f"UPDATE result SET content = json_remove(content, {gone}) WHERE kind = ?", (kind,)
            )
    found, (html, pdf) = made(database, last, tmp_path)
    wanted = [f"What was kept of {what} cannot be read: it is left out." for what in (
        "the site test", "the calibration", "the advice", "the visit before")]  # fmt: skip
    assert [one for one in found.missing if "What was kept" in one] == wanted
    assert {one.title for one in found.tables} >= {"Sites in the calibration", "Tests"}
    assert not found.advice
    assert wanted[0] in text_of(html.read_text()) and pages(pdf).pageCount() >= 1


def test_a_visit_that_is_still_on_is_simulated_from_its_first_second(database):
    patient = replace(Patients(database).find("DEMO"), simulated=False)
    visit = Visits(database).begin(patient, NOW - timedelta(days=1))
    meta = {"rate_hz": 250.0, "channels": 8, "uv_per_count": 0.02, "simulated": True}
    journal = Journal(visit.folder / "091500", meta)
    try:
        found = report(database, patient, visit, TODAY)
        assert found.simulated and found.missing[0] == (
            "The recording 091500 is still being written: end the visit, then write the report "
            "again."
        )
        assert not any("recording" in line.lower() for line in found.hashes)
    finally:
        journal.close()


def test_it_reads_no_samples_for_what_a_recording_says_of_itself(database, monkeypatch):
    monkeypatch.setattr(recording, "read_bdf", None)
    last, _ = Visits(database).of(Patients(database).find("DEMO"))
    assert report(database, Patients(database).find("DEMO"), last, TODAY).missing == ()


def test_the_hand_and_its_firmware_are_named():
    about = {"name": "test-hand", "firmware": "0.3.0", "uid": "0a", "schema_hash": 17,
             "hand_hash": 0x1234, "param_hash": 0, "decoder_hash": 0xABCD}  # fmt: skip
    attached = [{"sample": n, "name": "hand", "text": json.dumps(about)} for n in (0, 900)]
    assert hands_of({"attachments": [*attached, {"name": "profile", "text": "{}"}]}) == [
        "Hand test-hand 0a, firmware 0.3.0 (messages 00000011, hand file 00001234, parameters as "
        "compiled, decoder 0000abcd)"
    ] * 2  # fmt: skip


@pytest.mark.parametrize("error", [errno.ENOSPC, errno.EROFS, errno.EACCES])
def test_a_disk_that_refuses_leaves_nothing_half_written(qapp, database, tmp_path, monkeypatch,
                                                         error):  # fmt: skip
    last, _ = Visits(database).of(Patients(database).find("DEMO"))
    _, (html, pdf) = made(database, last, tmp_path)
    before = html.read_bytes(), pdf.read_bytes()
    synced = []

    def refuse(handle):
        synced.append(handle)
        if len(synced) == 2:  # the second file
            raise OSError(error, os.strerror(error))

    monkeypatch.setattr(report_files.os, "fsync", refuse)
    with pytest.raises(RecordsError, match="nothing was written; choose another place"):
        made(database, last, tmp_path, ("otherwise",))
    assert (html.read_bytes(), pdf.read_bytes()) == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["r.html", "r.pdf"]


@pytest.mark.parametrize("there", [True, False])
def test_the_first_file_is_put_back_when_the_second_cannot_be_put_there(
    tmp_path, monkeypatch, there
):
    first, second = tmp_path / "r.html", tmp_path / "r.pdf"
    if there:
        first.write_bytes(b"before")
    real, replaced = os.replace, []

    def refuse(source, target):
        if target == second:
            raise OSError(errno.EPERM, "not permitted")
        replaced.append(target)
        real(source, target)

    monkeypatch.setattr(report_files.os, "replace", refuse)
    with pytest.raises(RecordsError, match="nothing was written"):
        write_both({first: b"now", second: b"now"})
    assert replaced[0] == first
    assert [path.name for path in tmp_path.iterdir()] == ["r.html"] * there
    assert not there or first.read_bytes() == b"before"


def test_words_from_outside_are_words_and_no_html(qapp, database, tmp_path):
    patient = Patients(database).find("DEMO")
    last = Visits(database).of(patient)[0]
    Visits(database).note(last, "<script>alert(1)</script> & more")
    visit = Visits(database).find(last.uid)
    _, (html, _) = made(database, visit, tmp_path)
    assert "<script>" not in html.read_text() and "&lt;script&gt;" in html.read_text()


@pytest.fixture
def command(records, tmp_path, monkeypatch, capsys, qapp):
    """Runs `endplate report ...` in an empty folder; status and what it said."""
    from endplate.cli import main

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ENDPLATE_DATA", str(tmp_path / "elsewhere"))

    def run(*given, data=records):
        status = main(["report", *map(str, given), *(["--data", str(data)] if data else [])])
        said = capsys.readouterr()
        return status, re.sub(r"\s+", " ", said.out + said.err)

    return run


SAME = re.compile(r"(\d+) of \1 figures are the same when computed again from the recording")


def test_by_command_line(command, tmp_path):
    status, said = command("DEMO")
    assert status == 0 and "SIMULATED" in said and SAME.search(said)
    assert (tmp_path / "DEMO-2026-11-02.pdf").exists()
    status, said = command("DEMO", "--visit", "2020-01-01")
    assert status == 2 and "DEMO has no visit 2020-01-01; there are: 2026-11-02" in said
    status, said = command("DEMO", "--as-kept", "--out", "none/r")
    assert status == 2 and "The report cannot be written" in said


def test_a_visit_is_named_by_its_name_its_folder_or_a_recording_in_it(
    command, database, tmp_path
):
    _, first = Visits(database).of(Patients(database).find("DEMO"))
    for given, data in ((first.uid, database.folder), (first.folder, None),
                        (first.recordings()[0], None)):  # fmt: skip
        status, said = command(given, "--as-kept", "--out", "v", data=data)
        assert status == 0 and "they were not computed again" in said, given
        assert "DEMO 2026-07-31" in (tmp_path / "v.html").read_text()
        (tmp_path / "v.html").unlink()
    assert not (tmp_path / "elsewhere").exists(), "nobody's records were begun"
    status, said = command(tmp_path)
    assert status == 2 and "is no visit's folder in any records" in said
    status, said = command("20200101-000000-abcd")
    assert status == 2 and "There is no visit 20200101-000000-abcd" in said


def test_status_1_when_a_figure_comes_out_otherwise(command, database, tmp_path):
    _, first = Visits(database).of(Patients(database).find("DEMO"))
    result = Visits(database).results(first, "fitts")[0]
    result.content["figures"]["throughput"] = 9.5
    with database.change() as change:
        change.execute(
            "UPDATE result SET content = ? WHERE uid = ?", (json.dumps(result.content), result.uid)
        )
    status, said = command(first.uid)
    assert status == 1 and "throughput: 9.5 was kept, 1." in said
    assert "9.5 was kept" in (tmp_path / "DEMO-2026-07-31.html").read_text()


def test_a_recording_of_no_visit_tells_what_it_can(command, database, tmp_path):
    last, _ = Visits(database).of(Patients(database).find("DEMO"))
    by_what = {path.stem.partition("-")[2]: path for path in last.recordings()}
    played = tmp_path / "played.bdf"
    played.write_bytes(by_what["fitts"].read_bytes())
    status, said = command(played)
    assert status == 0 and "commands decoded again, all identical" in said
    text = text_of((tmp_path / "recording-played.html").read_text())
    assert "Fitting report · recording played · SIMULATED" in text and "rest µV" in text
    assert sha256(played.read_bytes()).hexdigest() in text
    whole = played.read_bytes()
    played.write_bytes(whole[: len(whole) // 2])
    status, said = command(played)
    assert status == 2 and "is cut short" in said
    status, said = command("gone.bdf")
    assert status == 2 and "There is no recording gone.bdf" in said


def test_a_recording_of_no_visit_with_cues_has_sites_and_decoder(
    command, database, tmp_path, monkeypatch
):
    monkeypatch.setattr(alone, "calibrate", partial(alone.calibrate, decoder="mean on TD2"))
    last, _ = Visits(database).of(Patients(database).find("DEMO"))
    (path,) = (path for path in last.recordings() if path.stem.endswith("calibration"))
    (tmp_path / "cued.bdf").write_bytes(path.read_bytes())
    status, said = command("cued.bdf")
    text = text_of((tmp_path / "recording-cued.html").read_text())
    content = Visits(database).results(last, "calibration")[-1].content["report"]
    assert status == 0 and "No profile was in use" in said
    assert f"1 Lateral biceps ▬ usable {content['rest_uv'][0]:.1f}" in text
    assert "Decoder that its cues would make" in text and "it is kept nowhere" in text


def test_a_test_that_cannot_be_read_is_a_row_and_the_report_is_whole(database):
    patient = Patients(database).find("DEMO")
    last = Visits(database).of(patient)[0]
    Visits(database).keep(last, "fitts", {"figures": {}}, NOW)
    found = report(database, patient, last, TODAY)
    (table,) = (one for one in found.tables if one.title == "Tests")
    assert table.rows[-1] == ("Fitts test", "–", "–", "What was kept of it cannot be read.")
    assert len(table.rows) == 3 and "throughput" in " ".join(one.name for one in found.trends)


def test_records_of_a_newer_version_are_left_alone(command, tmp_path):
    data = tmp_path / "newer"
    with Database(data) as made:
        made._connection.execute("PRAGMA user_version = 99")
    status, said = command("DEMO", data=data)
    assert status == 2 and "was written by a newer Endplate" in said
