# SPDX-License-Identifier: GPL-3.0-or-later
"""A word for every code of the hand."""

from __future__ import annotations

from endplate import core
from endplate.monitor import words


def test_every_state_and_limit_of_the_firmware_has_words():
    states = {name for name in core.GUARD_STATES.values() if name != "states"}
    assert states == set(words.STATES)
    assert set(core.GUARD_LIMITS.values()) == set(words.LIMITS)
