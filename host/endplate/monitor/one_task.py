# SPDX-License-Identifier: GPL-3.0-or-later
"""One thing at a time: who follows cues or plays a test does nothing else, and no hand moves by the
cues that its wearer follows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from endplate.clinic.hand_state import ARMED
from endplate.monitor.pages.page import Page


def on_elsewhere(pages: Sequence[Page], page: Page) -> str:
    """What the patient does on another page, as the sentence of a refusal; else ""."""
    for other in pages:
        if other is not page and other.busy:
            return f"{other.busy} is on: end it first, on the page {other.TITLE}."
    return ""


def refusal(pages: Sequence[Page], page: Page, status: Mapping[str, Any], cued: bool) -> str:
    """Why nothing can be begun on `page` now; `cued`: it has cues to follow."""
    if why := on_elsewhere(pages, page):
        return why
    if cued and (status.get("hand") or {}).get("word") in ARMED:
        return "Disarm the hand first (D): it would follow the cues."
    return ""


def not_to_be_armed(pages: Sequence[Page]) -> str:
    """Why the hand is not armed now; else ""."""
    for page in pages:
        if page.busy and page.cued:
            return f"{page.busy} is on: an armed hand would follow its cues. End it first."
    return ""
