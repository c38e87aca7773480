# SPDX-License-Identifier: GPL-3.0-or-later
"""A report describes the decoder that the visit uses, not one that was taken back."""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace

import pytest

from endplate.clinic.desk import PROFILE
from endplate.clinic.records.visits import Result
from endplate.clinic.report.content import _in_use, _of_use
from endplate.live.profile_file import load_profile

sys.path.insert(0, str(Path(__file__).parents[1] / "host"))
from plain_profile import plain_profile


def result(uid, kind="calibration", **content):
    return Result(uid, "v", kind, datetime(2026, 10, 5), content)


@pytest.fixture
def visit(tmp_path):
    plain_profile(tmp_path / PROFILE, name="second")
    return SimpleNamespace(folder=tmp_path)


def test_the_one_in_use_is_told(visit):
    created = load_profile(visit.folder / PROFILE).created
    first = result("1", name="first", created=created)
    second = result("2", name="second", created=created)
    sites = result("s", "sites")
    assert _in_use([first, second], visit) is second
    assert _in_use([second, first], visit) is second, "the first was used after it, and taken back"
    assert _of_use([second, sites, first], visit) == [second, sites]
    assert _in_use([first], visit) is None, "an earlier visit's is in use again"


def test_what_an_older_endplate_kept_says_less(visit):
    old = result("1")
    assert _in_use([old], visit) is old
    (visit.folder / PROFILE).unlink()
    assert _in_use([result("2", name="x", created="y")], visit).uid == "2"
    assert _in_use([], visit) is None
