# SPDX-License-Identifier: GPL-3.0-or-later
"""What the hand says, as sentences: what stops it, what only slows or freezes a part of it."""

import pytest

from endplate import core
from endplate.live import hand_words


def now(word: str, *faults: str) -> dict:
    return {"word": word, "faults": list(faults)}


def test_every_fault_has_a_sentence_that_says_what_to_do():
    for word in core.GUARD_FAULTS.values():
        for state in ("fault", "active"):
            said = hand_words.fault(now(state, word))
            assert "_" not in said and "  " not in said
            assert said == "" or said.endswith(".")
        assert hand_words.fault(now("fault", word)).startswith("The hand ")


@pytest.mark.parametrize("word", ["actuator", "hardware", "link noise"])
def test_what_does_not_stop_the_hand_is_said_while_it_moves(word):
    said = hand_words.fault(now("active", word))
    assert ":" in said and said.endswith(".")
    assert "motor" in said or "line" in said
    assert said in hand_words.fault(now("armed", "actuator", "hardware", "link noise"))
    assert "over: clear it" in hand_words.fault(now("fault", word))


def test_a_well_hand_says_nothing():
    assert hand_words.fault(now("active")) == hand_words.fault({}) == ""


def test_an_arm_that_is_refused_is_not_blamed_on_what_does_not_stop_it():
    said = hand_words.refusal("ARM", now("releasing", "actuator"), {"dofs": 4})
    assert "while it opens" in said
    assert "none of its motors" in hand_words.refusal("ARM", now("fault", "actuator", "bus"), {})
    assert "emergency stop" in hand_words.refusal("ARM", now("estop", "bus"), {})
