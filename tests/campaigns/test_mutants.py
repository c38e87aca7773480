# SPDX-License-Identifier: GPL-3.0-or-later
"""The short form of `make mutants`: a few slips of codec and guard are killed, and the list of
those that survive names only what there is."""

from __future__ import annotations

import shutil

import pytest

from . import mutants
from .mutator import slips

SAMPLE = 4
SOURCE = """\
#define TOP (A_LOW | A_HIGH)

static int32_t clip(int32_t *at, int32_t n)
{
    if (n > 3 && at[0] != -1) {
        at[n - 1] = 0;
        return 7;
    }
    return !n;
}
"""
#: function -> what is slipped in it
WANTED = {
    "TOP": ["A_LOW is one more", "| becomes &", "A_HIGH is one more"],
    "clip": [
        "if (0)", "if (1)", "without n > 3", "> becomes >=", "> becomes <=", "3 becomes 4",
        "3 becomes 0", "3 becomes 2", "&& becomes ||", "without at[0] != -1", "0 becomes 1",
        "!= becomes ==", "- before 1 is missing", "1 becomes 2", "1 becomes 0",
        "without at[n - 1] = 0;", "- becomes +", "1 becomes 2", "1 becomes 0", "0 becomes 1",
        "7 becomes 8", "7 becomes 0", "7 becomes 6", "returns 0",
        "! before n is missing",
    ],
}  # fmt: skip


def test_slips_are_the_ones_that_people_make():
    made = slips(SOURCE, "clip.c")
    for function, wanted in WANTED.items():
        found = [slip.what for slip in made if slip.function == function]
        assert sorted(found) == sorted(wanted)
    assert len({slip.name for slip in made}) == len(made), "no two have one name"
    assert all(slip.apply(SOURCE) != SOURCE for slip in made)


@pytest.mark.parametrize("part", mutants.SOURCES)
def test_sources_have_many_slips_and_every_survivor_listed_is_one(part):
    assert len(mutants.every_slip(part)) > 500
    assert not mutants.lost(part)
    assert all(len(why) > 15 for why in mutants.listed().values()), "say why"


@pytest.mark.timeout(600)
@pytest.mark.parametrize("part", mutants.SOURCES)
def test_a_few_slips_are_noticed(part, tmp_path):
    if shutil.which("gcc") is None:
        pytest.skip("gcc is not installed")
    every = mutants.every_slip(part)
    fates = mutants.judge(part, every[7 :: len(every) // SAMPLE], tmp_path)
    print(f"\n{part}: {list(fates.values())}")
    assert not mutants.complaints(part, fates)
    assert sum(fate == mutants.KILLED for fate in fates.values()) > SAMPLE // 2
