# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever comes over the line, in whatever order and at whatever time: the guard's invariants
hold. And the harness that says so finds a guard that breaks them."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
import wire_build

from campaigns import fuzz
from slips import one_in

INPUTS = 5000  # `make fuzz` goes on for a minute

# The steps of fuzz_guard.c, and times as indices of its SPAN_MS.
JUMP, RUN, NOISE, FRAME, GREET, ARM, COMMAND, DEVICE, STOP, SENSE = range(10)
MS = {ms: i for i, ms in enumerate(
    [0, 1, 2, 5, 9, 10, 20, 49, 50, 51, 99, 100, 101, 149, 150, 151, 249, 250, 299, 300, 301, 349,
     350, 351, 1000, 5001])}  # fmt: skip
DISARM, CLEAR_FAULT, RELEASE, ESTOP = range(4)


def command(*targets: int, age: int = 10, valid: int = 50) -> list[int]:
    full = [*targets, 0, 0, 0, 0][:4]
    return [COMMAND, 1, MS[age], valid, 5, 0, *(target % 256 for target in full)]


def bad_site(*targets: int) -> list[int]:
    return [*command(*targets)[:5], 1, *command(*targets)[6:]]


START = [DEVICE, 0, GREET, 0, ARM, 0, *command(0), RUN, MS[20]]
DRIVE = [*command(100, -50), RUN, MS[20]] * 3
SEEDS = {
    "silence": [*START, *DRIVE, RUN, MS[351], RUN, MS[351], ARM, 0, *command(0), *DRIVE],
    "late tick": [*START, *DRIVE, JUMP, MS[101], JUMP, MS[1], JUMP, MS[300]],
    "release": [*START, *DRIVE, STOP, RELEASE, RUN, MS[100], STOP, DISARM, *command(100)],
    "estop": [*START, *DRIVE, STOP, ESTOP, RUN, MS[20], ARM, 0, *command(0), *DRIVE],
    "no neutral": [*START[:6], *DRIVE],
    "old EMG": [*START, *command(50, age=151), RUN, MS[20], *DRIVE],
    "fault": [*START, *DRIVE, DEVICE, 130, RUN, MS[20], DEVICE, 128, STOP, CLEAR_FAULT, *START[4:]],
    "table": [*START, *DRIVE, DEVICE, 129, RUN, MS[20], STOP, RELEASE, RUN, MS[20]],
    "supply": [*START, *DRIVE, SENSE, 1, 0, 0, *[250] * 4, *[*command(-100), RUN, MS[20]] * 2,
               *command(100), RUN, MS[20], SENSE, 0, 0, 0, *[250] * 4, RUN, MS[1], *DRIVE,
               *command(0), *DRIVE],
    "supply back in a gap": [*START, *DRIVE, SENSE, 1, 0, 0, *[250] * 4, *command(-100),
                             RUN, MS[20], RUN, MS[99], SENSE, 0, 0, 0, *[250] * 4, RUN, MS[1],
                             *DRIVE],
    "stall and heat": [*START, SENSE, 0x12, 3, 0, 250, 125, 255, 254, *DRIVE,
                       *[*command(-100, 50, 100, 100), RUN, MS[20]] * 2],
    "lost actuator": [*START, *DRIVE, SENSE, 0, 0, 1, *[250] * 4, *DRIVE,
                      SENSE, 0, 0, 0, *[250] * 4, *DRIVE, *command(0), *DRIVE],
    "lost in the ramp": [*START, *DRIVE, RUN, MS[51], RUN, MS[9], SENSE, 0, 0, 3, *[250] * 4,
                         RUN, MS[20]],
    "noisy link": [*START, DEVICE, 160, *DRIVE],
    "no neutral for long": [*START[:6], *[*command(100), RUN, MS[20], JUMP, MS[5001]] * 7,
                            *command(0), *DRIVE],
    "a site bad, then good": [*START, *DRIVE, *bad_site(100), RUN, MS[20], *DRIVE, *command(0),
                              *DRIVE],
    "noise": [*START, *DRIVE, NOISE, 9, 0, *range(7), 0, *DRIVE, FRAME, 16, 0, *[0] * 36],
}
MUTANTS = {
    "a command lives too long": (
        "state->fresh_ms) >= good_ms)", "state->fresh_ms) >= good_ms + 400u)"),
    "an ESTOP can be armed away": (
        "{ON(GUARD_DISARMED) |", "{ON(GUARD_ESTOP) | ON(GUARD_DISARMED) |"),
    "no neutral is asked for": ("if (resting == all)", "if (1)"),
    "RELEASE closes": ("config->closing[dof] > 0 ?", "config->closing[dof] < 0 ?"),
    "old EMG is fresh": ("if (age > config->emg_age_max_ms &&", "if (age > 9999u &&"),
    "a damaged table keeps power": ("now != GUARD_ESTOP && !table;", "now != GUARD_ESTOP;"),
    "a low supply closes": (
        "(closing > 0 ? velocity < 0.0f : velocity > 0.0f)", "velocity != 0.0f"),
    "a stalled way is driven": ("if (forbidden(state, dof, target)) {", "if (0) {"),
    "a site that is good again needs no rest": (
        "(state->lost | (command->frozen & all))", "state->lost"),
    "a lost actuator is driven": ("if ((state->lost >> dof & 1u) != 0) {\n        return 0.0f;",
                                  "if (0) {\n        return 0.0f;"),
    "a lost actuator needs no rest": (
        "state->senses.absent | ~resting |", "state->senses.absent | 0u * resting |"),
    "a noisy link bounds nothing": ("velocity > most ? most", "velocity > 2.0f ? most"),
    "a fault that stops does not": ("GUARD_FAULT_STOPS) != 0; }", "GUARD_FAULT_STOPS) == 1; }"),
    "a low supply needs no rest": (
        "GUARD_EV_SUPPLY_GOOD, GUARD_ARMED", "GUARD_EV_SUPPLY_GOOD, GUARD_ACTIVE"),
    "a low supply needs no rest after a gap": ("|| state->rest_first", ""),
    "the ramp grows": ("(config->ramp_ms - gone)", "(config->ramp_ms + gone)"),
}  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def fuzzer(tmp_path_factory):
    wire_build.need_fuzzer(tmp_path_factory.mktemp("fuzzer"))


def seeds(folder: Path) -> Path:
    corpus = folder / "corpus"
    corpus.mkdir()
    for name, steps in SEEDS.items():
        (corpus / name).write_bytes(bytes([60, *steps]))
    return corpus


def test_fuzz_from_the_line_to_the_velocities(tmp_path):
    said = wire_build.output(
        fuzz.build("guard", tmp_path), f"-runs={INPUTS}", "-max_len=400", "-seed=1",
        "-verbosity=0", "-print_final_stats=1", str(seeds(tmp_path)), cwd=tmp_path,
    )  # fmt: skip
    executed = int(said.split("stat::number_of_executed_units:")[1].split()[0])
    reached = re.search(r"driven (\d+) released (\d+) lost (\d+) refused (\d+) opened (\d+)", said)
    print(f"\n{executed} inputs, {reached[0]}")
    assert executed >= INPUTS
    assert all(int(n) > 100 for n in reached.groups()), "the campaign never got that far"


@pytest.mark.parametrize("name", one_in(3, MUTANTS))
def test_a_guard_that_breaks_an_invariant_is_found(tmp_path, name):
    right, wrong = MUTANTS[name]
    (source,) = (path.name for path in fuzz.GUARD if right in path.read_text())
    program = fuzz.mutant_of(tmp_path, "guard", source, right, wrong, "fuzzer")
    done = subprocess.run(
        [str(program), *map(str, seeds(tmp_path).iterdir())],
        cwd=tmp_path, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode != 0 and "fuzz_guard.c:" in done.stderr
