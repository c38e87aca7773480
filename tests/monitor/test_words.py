# SPDX-License-Identifier: GPL-3.0-or-later
"""Verdicts in words, at the borders of SCIENCE's table, and a word for every code of the hand."""

from __future__ import annotations

import pytest

from endplate import core
from endplate.monitor import words


@pytest.mark.parametrize(
    ("db", "verdict"), [(11.99, "poor"), (12.0, "usable"), (19.99, "usable"), (20.0, "good")]
)
def test_borders_of_snr(db, verdict):
    assert words.site_verdict({"bits": 0, "quiet_uv": 3.0}, db)[0] == verdict


def test_what_is_wrong_comes_before_what_is_weak():
    assert words.site_verdict({"bits": 2 | 8, "quiet_uv": 3.0}, 30.0) == (
        "poor",
        "Railed: press the electrode on",
    )


def test_a_site_that_nobody_has_contracted_is_not_called_weak():
    quiet = {"bits": 0, "quiet_uv": 3.0}
    assert words.site_verdict(quiet, 1.0) == ("unknown", "Contract and relax once")
    assert words.site_verdict(quiet, 8.0)[0] == "poor"


def test_every_state_and_limit_of_the_firmware_has_words():
    states = {name for name in core.GUARD_STATES.values() if name != "states"}
    assert states == set(words.STATES)
    assert set(core.GUARD_LIMITS.values()) == set(words.LIMITS)
