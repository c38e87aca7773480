# SPDX-License-Identifier: GPL-3.0-or-later
"""firmware/app/slot.c on flash in RAM that loses power at every single operation."""

from __future__ import annotations

import json
import shutil
import subprocess

import pytest

from slips import one_in

STRICT = ("-Wall", "-Wextra", "-Wconversion", "-Wdouble-promotion", "-Wshadow", "-Werror")
SANITIZED = ("-O1", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")
#: (what stands in slot.c, what a slip would make of it)
SLIPS = [
    ("&& word[CRC] == crc_of_slot(slot, end) ? 1 : -1", "? 1 : -1"),
    ("end != 0 && placed(part, place, end) &&", "end != 0 &&"),
    ("place[i] < (uint32_t)SLOT_HEADER || ", ""),
    ("place[i] % 4u != 0u || ", ""),
    (" || place[i] > (uint32_t)end\n", "\n"),
    ("padded(part[i].size) > (uint32_t)end - place[i]", "0"),
    ("if (part[i].size > room) {", "if (0) {"),
    ("return n <= room ? (int32_t)n : 0;", "return (int32_t)n;"),
    ("sequence >= slots->sequence", "sequence <= slots->sequence"),
    ("slots->slot == 0 ? 1 : 0", "slots->slot == 1 ? 1 : 0"),
    ("slots->sequence + 1u;", "slots->sequence;"),
    ("board_flash_slot_bytes() != 0 && (erased(to)", "(erased(to)"),
    ("(erased(to) || store_erase(FIRST + to))", "(erased(to) || 1)"),
    ("(erased(to) || store_erase(FIRST + to))", "store_erase(FIRST + to)"),
    ("at % 4u != 0u || at >= room", "at >= room"),
    ("at % 4u != 0u || at >= room", "at % 4u != 0u"),
    ("== slots->part[part].hash;", "!= 1u + slots->part[part].hash;"),
    ("SLOT_HEADER + (int32_t)what.size) != what.hash", "SLOT_HEADER + (int32_t)what.size) == 1"),
    ("memcpy(all, slots->part, sizeof all);", "memset(all, 0, sizeof all);"),
    ("memset(&all[without], 0, sizeof all[without]);", ";"),
    ("next += padded(all[i].size);", "next += all[i].size;"),
    ("good = good && copy(slots, i, next);", "(void)copy(slots, i, next);"),
    ("slots->place[part] + n)", "slots->place[0] + n)"),
    ("return stands == word;", "return 1;"),
    ("memcpy(slots->place, at, sizeof slots->place);", ""),
    ("memcpy(slots->place, place, sizeof slots->place);", ""),
    (
        "head(to, CRC, crc, &spare) && head(to, MAGIC, WHOLE, &spare);",
        "head(to, MAGIC, WHOLE, &spare) && head(to, CRC, crc, &spare);",
    ),
]


@pytest.fixture(scope="module")
def source(root) -> str:
    if shutil.which("gcc") is None:
        pytest.skip("gcc is not installed")
    return (root / "firmware" / "app" / "slot.c").read_text()


def run(root, folder, text: str, *flags: str) -> subprocess.CompletedProcess[str]:
    """tests/c/slot_cuts.c with this text of slot.c."""
    (folder / "slot.c").write_text(text)
    app = root / "firmware" / "app"
    made = subprocess.run(
        ["gcc", "-std=c11", "-iquote", str(app), *flags, str(root / "tests/c/slot_cuts.c"),
         str(folder / "slot.c"), str(app / "store.c"), "-o", str(folder / "cuts")],
        capture_output=True, text=True,
    )  # fmt: skip
    assert made.returncode == 0, made.stderr
    return subprocess.run([str(folder / "cuts")], capture_output=True, text=True, timeout=60)


def test_power_cut_at_any_operation_leaves_the_old_set_or_the_new(root, tmp_path, source):
    done = run(root, tmp_path, source, *STRICT, *SANITIZED)
    assert done.returncode == 0, done.stdout + done.stderr
    counts = json.loads(done.stdout)
    print(f"\n{counts}")
    assert counts["cuts"] > 5000 and counts["old"] > 500 and counts["new"] >= 6
    assert counts["bits"] > 500 and counts["cells"] > 100


@pytest.mark.parametrize(("stands", "slip"), one_in(3, SLIPS))
def test_slip_is_noticed(root, tmp_path, source, stands, slip):
    assert source.count(stands) == 1, "slot.c changed: state the slip anew"
    done = run(root, tmp_path, source.replace(stands, slip), "-w", "-O1")
    assert done.returncode != 0, "nothing noticed it"
