# SPDX-License-Identifier: GPL-3.0-or-later
"""The guide explains what the window says: every limit of a joint has its row, messages have a page
of their own (`test_messages.py`), and nothing is explained in both."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from endplate.monitor.words import LIMITS

ROOT = Path(__file__).resolve().parents[2]
GUIDE = (ROOT / "host" / "GUIDE.md").read_text()
SHOWN = [
    line.split("|")[1].strip()
    for line in GUIDE.split("## What limits the hand now")[1].split("\n## ")[0].splitlines()
    if line.startswith("| ")
]
#: Said with the site's name, and what is wrong with it: site_words.frozen.
NAMED = {
    "frozen: a site it needs is bad": "frozen: ... lifted, railed, flat or missing, press it on"
}


@pytest.mark.parametrize("words", [words for words in LIMITS.values() if words])
def test_every_limit_is_explained(words):
    assert NAMED.get(words, words) in SHOWN


def test_nothing_is_explained_that_no_hand_says():
    assert set(SHOWN) - {"shown"} == {NAMED.get(words, words) for words in LIMITS.values() if words}


@pytest.mark.parametrize("page", ["README.md", "host/GUIDE.md"])
def test_the_page_of_messages_is_named(page):
    assert "MESSAGES.md)" in (ROOT / page).read_text()


def test_messages_are_explained_in_one_place():
    assert "| message |" not in GUIDE


def test_every_picture_is_there_and_shown():
    shown = set(re.findall(r"!\[[^\]]+\]\(guide/([a-z-]+\.png)\)", GUIDE))
    assert shown == {path.name for path in (ROOT / "host" / "guide").glob("*.png")}
