# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks that run for minutes or hours: `make fuzz`, `make mutants`, `make soak`. Each has a short
form among the tests."""

import sys
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
ROOT = TESTS.parent
RUN = ROOT / "run"  # what a campaign keeps between two runs
sys.path.append(str(TESTS / "protocol"))  # wire_build: how the codec is compiled for tests
