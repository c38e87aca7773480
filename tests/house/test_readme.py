# SPDX-License-Identifier: GPL-3.0-or-later
"""The commands that the README shows are commands: make knows the targets, the command line takes
the arguments."""

from __future__ import annotations

import importlib
import re
import shlex
import subprocess
from pathlib import Path

import pytest

from endplate.cli import COMMANDS

ROOT = Path(__file__).resolve().parents[2]
SHOWN = [
    line.strip().split("   ")[0].strip()
    for name in ("README.md", "CONTRIBUTING.md")
    for line in (ROOT / name).read_text().splitlines()
    if re.match(r"    (endplate|make) ", line)
]


@pytest.mark.parametrize("shown", SHOWN)
def test_command_exists(shown):
    words = shlex.split(shown)
    if words[0] == "make":
        done = subprocess.run(["make", "-n", *words[1:]], cwd=ROOT, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return
    from endplate.cli import parser

    chosen = parser(words[1]).parse_args(words[1:])
    assert callable(chosen.run)


def test_something_is_shown():
    assert sum(s.startswith("endplate ") for s in SHOWN) >= 6
    assert sum(s.startswith("make ") for s in SHOWN) >= 3


@pytest.mark.parametrize("command", COMMANDS)
def test_examples_of_each_help_are_accepted(command):
    accepted(importlib.import_module(f"endplate.cli.{command}").EXAMPLES, command)


def test_examples_of_each_verb_of_hand_are_accepted():
    from endplate.cli.hand import VERBS
    from endplate.cli.verbs import loaded

    for place, _ in VERBS.values():
        accepted(loaded(place).EXAMPLES, "hand")


def test_examples_of_each_verb_of_simulate_are_accepted():
    from endplate.cli.simulate import VERBS

    for place, _ in VERBS.values():
        accepted(importlib.import_module(place).EXAMPLES, "simulate")


def accepted(examples: str, command: str) -> None:
    from endplate.cli import parser

    found = [
        re.split(r"\s{3,}", line.strip())[0]
        for line in examples.splitlines()
        if line.strip().startswith("endplate ")
    ]
    assert found, "help has no example"
    for example in found:
        words = shlex.split(example)
        assert words[1] == command
        parser(command).parse_args(words[1:])
