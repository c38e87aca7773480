# SPDX-License-Identifier: GPL-3.0-or-later
"""`endplate patient`, as it is typed."""

from __future__ import annotations

from datetime import date

import pytest

from endplate.cli import main

ADD = ["patient", "add", "A17", "--side", "left", "--level", "transhumeral"]


@pytest.fixture
def endplate(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("ENDPLATE_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.chdir(tmp_path)

    def typed(*arguments, status=0):
        assert main(["patient", *arguments]) == status
        said = capsys.readouterr()
        return said.err if status == 2 else said.out

    return typed


def test_a_patient_from_entry_to_deletion(endplate):
    assert "No patients yet" in endplate("list")
    tmr = date.today().replace(day=1).replace(year=date.today().year - 1)
    said = endplate(*ADD[1:], "--amputated", "2020-01-02", "--tmr", f"{tmr}")
    assert "A17 is entered" in said and "4 sites" in said and "since TMR: 12" in said
    row = next(line for line in endplate("list").splitlines() if "A17" in line)
    assert row.split() == ["A17", "left", "transhumeral", "12", "0", "none"]

    endplate("edit", "A17", "--off", "Long triceps", "--notes", "dry [skin]", "--code", "a18")
    endplate("score", "A18", "acmc", "1.0", "--date", "2026-01-02")
    endplate("score", "A18", "acmc", "1.5")
    shown = endplate("show", "A18")
    assert "dry [skin]" in shown and "Amputation: 2020-01-02" in shown
    off = next(line for line in shown.splitlines() if "Long triceps" in line)
    assert off.rstrip().endswith("off")
    assert "within measurement error against 1 on 2026-01-02" in shown

    assert "a18.endplate" in endplate("export", "A18") and "0 visits" in endplate("export", "A18")
    assert "is deleted" in endplate("delete", "A18", "--yes")
    assert "No patients yet" in endplate("list")
    assert "is here again" in endplate("import", "a18.endplate")
    assert endplate("show", "A18") == shown


WRONG = [
    (["add", "B", "--side", "left", "--level", "shoulder", "--tmr", "1.6.25"], "write it as"),
    (["add", "B", "--side", "left", "--level", "shoulder", "--montage", "none"], "none"),
    (["add", "B", "--side", "left", "--level", "shoulder", "--amputated", "2025-01-02",
      "--tmr", "2025-01-01"], "was before the amputation"),
    (["edit", "A17", "--amputated", "2025-01-02", "--tmr", "2025-01-01"], "correct one of"),
    (["show", "B"], "no patient B; there are A17"),
    (["edit", "A17"], "Nothing would change"),
    (["edit", "A17", "--off", "Nose"], "no site Nose; there are Lateral biceps"),
    (["score", "A17", "acmc", "99"], "99 is none"),
    (["export", "A17", "none/there"], "cannot be written"),
    (["import", "none.endplate"], "cannot be read"),
    (["delete", "A17"], "needs --yes"),
]


@pytest.mark.parametrize(("typed", "sentence"), WRONG)
def test_what_is_wrong_is_one_sentence(endplate, typed, sentence):
    endplate(*ADD[1:])
    said = endplate(*typed, status=2)
    assert sentence in said and said.startswith("endplate: ") and said.count("\n") == 1
    assert "A17" in endplate("list")


@pytest.mark.parametrize(("typed", "gone"), [("A17", True), ("yes", False)])
def test_a_deletion_is_confirmed_with_the_code(endplate, monkeypatch, typed, gone):
    endplate(*ADD[1:])
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("builtins.input", lambda: typed)
    endplate("delete", "A17", status=0 if gone else 1)
    assert ("No patients" in endplate("list")) == gone
