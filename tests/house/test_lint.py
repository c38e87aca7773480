# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever static analysis lets pass has a reason beside it."""

from __future__ import annotations

import re
from pathlib import Path

LINT = Path(__file__).resolve().parents[2] / "firmware"


def test_every_deviation_from_misra_has_its_reason():
    lines = (LINT / "lint" / "misra.txt").read_text().splitlines()
    kept = [line for line in lines if not line.startswith("//")]
    assert kept
    for line in kept:
        assert re.fullmatch(r"[\w.-]+(:\*[\w.]+(\.[ch]|/\*))? // .{20,}", line), line
    rules = [line.split()[0] for line in kept]
    assert len(rules) == len(set(rules))


def test_every_check_that_clang_tidy_leaves_out_has_its_reason():
    text = (LINT / ".clang-tidy").read_text()
    left_out = re.findall(r"(?<=[ ,])-([\w.-]+)(?=[,\n])", text.split("Checks:")[1])
    assert left_out
    reasons = "\n".join(line for line in text.splitlines() if line.startswith("#   "))
    for check in left_out:
        assert check.split("-", 1)[1].rsplit(".", 1)[-1] in reasons, check
