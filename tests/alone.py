# SPDX-License-Identifier: GPL-3.0-or-later
"""The tests that failed beside others, once more with the machine to themselves.

    python tests/alone.py

`make test` runs several files at a time on shared cores, where a bound of 150 ms may be missed by a
hand that keeps it. A test that keeps a clock and failed there is judged by what it does alone; a
test of anything else, and more than MOST of them, have failed.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
MOST = 6
ON_THE_CLOCK = ("tests/loop/", "tests/host/")


def main() -> int:
    """Exit status."""
    cache = ROOT / ".pytest_cache" / "v" / "cache" / "lastfailed"
    failed = sorted(json.loads(cache.read_text())) if cache.exists() else []
    if not 0 < len(failed) <= MOST or not all(name.startswith(ON_THE_CLOCK) for name in failed):
        return 1
    print("Failed beside others; once more with the machine to themselves:", *failed, sep="\n  ")
    sys.stdout.flush()
    return int(pytest.main(["--last-failed", "-p", "no:xdist"]))


if __name__ == "__main__":
    sys.exit(main())
