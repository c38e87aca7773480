# SPDX-License-Identifier: GPL-3.0-or-later
"""A word for every code of the hand."""

from __future__ import annotations

from endplate import core
from endplate.monitor import words


def test_every_state_and_limit_of_the_firmware_has_words():
    states = {name for name in core.GUARD_STATES.values() if name != "states"}
    assert states == set(words.STATES)
    assert set(core.GUARD_LIMITS.values()) == set(words.LIMITS)


def test_what_decodes_beside_is_told_in_words():
    assert words.beside({}, ["hand"]) == [] and words.beside({"beside": {}}, ["hand"]) == []
    shadow = {"name": "new", "velocity": [0.0, -0.25]}
    now = {"drives": "old", "shadow": shadow, "waiting": "promote", "next": "new", "offer": "Look."}
    assert words.beside({"beside": now}, ["hand", "wrist_rotation"]) == [
        "Drives: old", "Shadow: new: wrist rotation -0.25",
        "Relax once: new takes over at the next rest.", "Look.",
    ]  # fmt: skip
    moves = {"drives": "old, direct control", "direct": True, "moves": ["wrist_rotation"]}
    assert words.beside({"beside": moves}, [])[1] == (
        "It moves wrist rotation; both muscles at once: the next movement."
    )
    assert words.switch("s", {}) == "promote" and words.switch("x", {}) == "direct"
    assert words.switch("s", {"beside": {"promoted": True}}) == "demote"
    assert words.done("promote", {"waiting": True, "name": "new"}) == ""
    assert words.done("promote", {"waiting": False, "name": "new"}) == "new drives the hand now."
