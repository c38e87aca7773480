# SPDX-License-Identifier: GPL-3.0-or-later
"""The keys that a page has of its own, as F1 says them, by the page's title."""

from __future__ import annotations

KEYS = {
    "Patient": "Ctrl+N new patient · Ctrl+Z takes a change back",
    "Sites": (
        "↑ ↓ choose a site · V spectrum and rest noise, or movements · T the patient sees it · "
        "B show to the patient, or back · F freeze the traces (then ← → move the cursor) · "
        "P pause them · I contacts · Esc ends the test or the task, or goes back"
    ),
    "Calibrate": (
        "← the movement again · → leave it out · Esc ends the calibration, or goes on to another · "
        "Alt+S try it as a shadow · Ctrl+Z back to the profile before"
    ),
    "Hand": (
        "Tab to the bars, there ↑ ↓ choose and ← → change · G next grip · "
        "Alt+N the shadow goes away · Ctrl+Z takes a change back"
    ),
    "Test": "Tab, then arrows choose a test · Esc ends it, or throws the count away",
    "Follow-up": "Ctrl+Z takes a score out again",
}
