# SPDX-License-Identifier: GPL-3.0-or-later
"""firmware/app/store.c on flash in RAM that loses power at every single operation."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from slips import one_in

PROGRAM = "tests/c/store_cuts.c"
STRICT = ("-Wall", "-Wextra", "-Wconversion", "-Wdouble-promotion", "-Wshadow", "-Werror")
SANITIZED = ("-O1", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")
#: (what stands in store.c, what a slip would make of it)
SLIPS = [
    ("one->word[CRC] == crc_of(one)", "1"),
    ("one->word, 4 * CRC)", "one->word, 4 * VALUES)"),
    ("one.word[SEQUENCE] >= store->sequence", "one.word[SEQUENCE] <= store->sequence"),
    ("store->sequence + 1u", "store->sequence"),
    ("turn > 0 ? 1 - store->sector : store->sector", "turn > 0 ? store->sector : store->sector"),
    ("const int32_t spare = 1 - store->sector;", "const int32_t spare = store->sector;"),
    ("used(store, sector) > 0 && !store", "used(store, sector) >= 0 || !store"),
    ("fresh ? 0 : store->next", "0"),
    ("memcmp(back.word, one->word, 4 * DONE) != 0", "0"),
    ("    return one->word[DONE] != ERASED;", "    return one->word[MAGIC] != ERASED;"),
    ("store->next == store->places) &&", "0) &&"),
    ("anew && used(store, 1 - sector) > 0", "0"),
    ("0x82F63B78u", "0xEDB88320u"),
]  # fmt: skip


@pytest.fixture(scope="module")
def source(root) -> str:
    if shutil.which("gcc") is None:
        pytest.skip("gcc is not installed")
    return (root / "firmware" / "app" / "store.c").read_text()


def run(root, folder, text: str, cuts: Path, *flags: str) -> subprocess.CompletedProcess[str]:
    """`cuts`, the program of tests/c or its object, with this text of store.c."""
    store = folder / "store.c"
    store.write_text(text)
    compile_c(root, *flags, str(cuts), str(store), "-o", str(folder / "cuts"))
    return subprocess.run([str(folder / "cuts")], capture_output=True, text=True, timeout=60)


def compile_c(root, *arguments: str) -> None:
    made = subprocess.run(
        ["gcc", "-std=c11", "-iquote", str(root / "firmware" / "app"), *arguments],
        capture_output=True, text=True,
    )  # fmt: skip
    assert made.returncode == 0, made.stderr


@pytest.fixture(scope="module")
def cuts(root, source, tmp_path_factory) -> Path:
    """The object of the C program, so that a slip costs one small compilation."""
    made = tmp_path_factory.mktemp("store") / "store_cuts.o"
    compile_c(root, "-O1", "-c", str(root / PROGRAM), "-o", str(made))
    return made


def test_power_cut_at_any_operation_leaves_the_old_row_or_the_new(root, tmp_path, source):
    done = run(root, tmp_path, source, root / PROGRAM, *STRICT, *SANITIZED)
    assert done.returncode == 0, done.stdout + done.stderr
    counts = json.loads(done.stdout)
    print(f"\n{counts}")
    assert counts["cuts"] > 10_000 and counts["old"] > 2000 and counts["new"] > 20
    assert counts["erasing"] > 100 and counts["bits"] == 8 * 252


@pytest.mark.parametrize(("stands", "slip"), one_in(3, SLIPS))
def test_slip_is_noticed(root, tmp_path, source, cuts, stands, slip):
    assert source.count(stands) == 1, "store.c changed: state the slip anew"
    done = run(root, tmp_path, source.replace(stands, slip), cuts, "-w", "-O1")
    assert done.returncode != 0, "nothing noticed it"
