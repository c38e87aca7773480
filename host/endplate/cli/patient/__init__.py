# SPDX-License-Identifier: GPL-3.0-or-later
"""`endplate patient`: who is cared for here, as the window keeps them, without the window."""

from __future__ import annotations

import argparse

from endplate.cli.verbs import add_verbs, run_verb

VERBS = {
    "list": ("endplate.cli.patient.shown:LIST", "everybody, with months since TMR and last visit"),
    "show": ("endplate.cli.patient.shown:SHOW", "one patient: dates, sites, visits, scores"),
    "add": ("endplate.cli.patient.entered:ADD", "enter a patient"),
    "edit": ("endplate.cli.patient.entered:EDIT", "correct a patient's dates, side, sites, notes"),
    "score": ("endplate.cli.patient.entered:SCORE", "enter a dated score of an outcome instrument"),
    "export": ("endplate.cli.patient.moved:EXPORT", "one patient with all files as a single file"),
    "import": ("endplate.cli.patient.moved:IMPORT", "a patient from such a file"),
    "delete": ("endplate.cli.patient.moved:DELETE", "remove a patient and everything of theirs"),
}
EXAMPLES = """examples:
  endplate patient add A17 --side left --level transhumeral --amputated 2024-03-02 --tmr 2025-06-01
  endplate patient list                          everybody
  endplate patient show A17                      dates, sites, visits, scores
  endplate patient score A17 nrs-phantom 4       today's phantom limb pain
  endplate patient export A17 A17.endplate       to take to another computer
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The verbs."""
    add_verbs(parser, VERBS)


def run(arguments: argparse.Namespace) -> int:
    """Runs the one that was chosen."""
    return run_verb(arguments)
