# SPDX-License-Identifier: GPL-3.0-or-later
"""host/MESSAGES.md has an entry for every message that the sources can show, and for no other.

A message without an entry: write one, under the group where its reader stands. An entry that covers
nothing: its message was changed or has gone. `spoken.py` says what a message is.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

from house.spoken import Message, in_source, messages

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "host" / "MESSAGES.md"
GROUPS = (
    "Patient and records", "Sites and electrodes", "Calibration", "Board", "Hand and cable",
    "Profile", "Tests", "Report and files", "Recording and disk", "Session and window",
    "Command line", "Nothing to do",
)  # fmt: skip
NO_REMEDY = GROUPS[-1]  # they only tell what was done
LEAST_ADVICE = 7  # words of a remedy that its message does not have


class Entry(NamedTuple):
    """What stands in bold, and what to do."""

    group: str
    quoted: tuple[str, ...]
    remedy: str


def entries(page: str) -> list[Entry]:
    """Lists of messages, each with the paragraphs below it."""
    found: list[Entry] = []
    for section in page.split("\n## ")[1:]:
        group, _, body = section.partition("\n")
        for block in re.split(r"\n\s*\n", body.strip()):
            text = " ".join(block.split())
            if text.startswith("- **"):
                found.append(Entry(group, tuple(re.findall(r"- \*\*(.+?)\*\*", text)), ""))
            elif found and found[-1].group == group:
                found[-1] = found[-1]._replace(remedy=f"{found[-1].remedy} {text}".strip())
    return found


def covers(quoted: str, text: str) -> bool:
    """Whether the fixed parts of what is quoted stand in the message, in order, from its first word
    to its last."""
    return quoted == text or pattern(quoted).fullmatch(text) is not None


@cache
def pattern(quoted: str) -> re.Pattern[str]:
    return re.compile(".*".join(re.escape(part) for part in quoted.split("...")))


ENTRIES = entries(PAGE.read_text())


@pytest.fixture(scope="module")
def spoken() -> list[Message]:
    return messages()


def of(text: str) -> list[Entry]:
    """The entries of a message: those that quote it as it is, else those that cover it."""
    exact = [entry for entry in ENTRIES if text in entry.quoted]
    return exact or [e for e in ENTRIES if any(covers(one, text) for one in e.quoted)]


def test_every_message_has_an_entry(spoken):
    missing = [message for message in spoken if not of(message.text)]
    listed = "\n".join(f"  {message.where}  {message.text}" for message in missing)
    assert not missing, f"host/MESSAGES.md has no entry for\n{listed}"


def test_no_message_has_two_remedies(spoken):
    for text in {message.text for message in spoken}:
        assert len(of(text)) < 2, f"{len(of(text))} entries for {text!r}"


def test_every_entry_has_a_message(spoken):
    texts = {message.text for message in spoken}
    stale = [one for entry in ENTRIES for one in entry.quoted
             if one not in texts and not any(covers(one, text) for text in texts)]  # fmt: skip
    assert not stale, "nothing says\n" + "\n".join(f"  {one}" for one in stale)


def test_an_entry_says_more_than_its_message():
    for entry in ENTRIES:
        said = set(re.findall(r"[a-z]{2,}", " ".join(entry.quoted).lower()))
        new = [w for w in re.findall(r"[a-z]{2,}", entry.remedy.lower()) if w not in said]
        least = 1 if entry.group == NO_REMEDY else LEAST_ADVICE
        assert len(new) >= least, f"{entry.quoted}: {entry.remedy!r}"


def test_groups_are_where_the_reader_stands():
    assert tuple(dict.fromkeys(entry.group for entry in ENTRIES)) == GROUPS
    for group in GROUPS:
        assert f"(#{group.lower().replace(' ', '-')})" in PAGE.read_text(), group


# ---- what is found in a source ----


@pytest.mark.parametrize(("source", "found"), [
    ('raise BoardError("The cable is out: plug it in.")', ["The cable is out: plug it in."]),
    ('raise BoardError(f"{a} lies {b}{c} there now")', ["... lies ... there now"]),
    ('raise HandError({1: "One is wrong.", 2: f"{x} is, too."}.get(n, "All is."))',
     ["One is wrong.", "... is, too.", "All is."]),
    ('error = RecordsError("this is not whole")\nraise error', ["this is not whole"]),
    ("class _Own(EndplateError): pass\nraise _Own('it was entered')", ["it was entered"]),
    ('raise _Other("it was entered")', []),
    ('self.said.emit("kept and done" if a else f"{b} was not kept")',
     ["kept and done", "... was not kept"]),
    ('SENTENCE = "The disk is full: make room."', ["The disk is full: make room."]),
    ('DONE = {"a": "{name} drives the hand now."}', ["... drives the hand now."]),
    ('def f():\n    return f"Wait {s} s: " + f"{what} settles."', ["Wait ... s: ... settles."]),
    ("label = f\"{b or 'Nothing is recorded.'}\"", ["Nothing is recorded."]),
    ('raise ValueError("The shape is wrong here.")', []),
    ('raise CoreError(1, "Counts must be [n, 3] here.")', []),
    ('def f():\n    """A sentence of the manual."""', []),
    ('button.setToolTip("A click begins.")', []),
    ('HINT = "Choose a patient first."', []),
    ('KEY = "two words"', []),
    ('self.said.emit("The board is being opened ...")', []),
])  # fmt: skip
def test_what_counts_as_a_message(source, found):
    assert [m.text for m in in_source(source, "x.py")] == found


def test_an_entry_covers_what_it_quotes_and_no_more():
    assert covers("The port ... is in use.", "The port ... is in use.")
    assert covers("The port ...", "The port ... is in use.")
    assert not covers("The port ... is in use.", "The port ... is in use. Close it.")
    assert not covers("... in use by ... port", "The port ... is in use by ...")


def test_the_whole_program_was_searched(spoken):
    files = {m.where.split(":")[0].split("/")[0] for m in spoken}
    assert {"clinic", "live", "fit", "monitor", "cli", "hand_image.py"} <= files
    assert len(spoken) > 500
