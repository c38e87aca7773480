# SPDX-License-Identifier: GPL-3.0-or-later
"""What a sample and a control tick cost the hand's processor, in instructions, exact.

    PYTHONPATH=tests python -m loop.budget [BUDGET.elf]

The emulator counts (tests/c/budget.c says how); the figures do not depend on the machine. Cycles on
silicon are more: a Cortex-M4F takes 1 to 3 for most of these instructions, 14 for a division.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

from .builds import COUNTED, emulated
from .chain_case import chain_bin, recording, settings

ROOT = Path(__file__).resolve().parents[2]
IMAGE = ROOT / "firmware" / "build" / "f405" / "budget.elf"
COUNTS_AT = 0x08040000  # replay_target.c: in the flash of the emulated machine
COUNTS_PER_INSTRUCTION = 172.032  # 168 MHz SysTick, 1024 ns an instruction
SECONDS = 12
CONTROL = ("strain", "guard", "grip", "hand", "touch", "caps")
FORMS = ("rms", "log")
SAMPLE_MOST, SAMPLE_WORST_MOST, TICK_MOST, LINES_MOST = 3000, 9000, 20_000, 15_000
LINES = ("command", "state", "goals", "asked", "answers")
KNOWN_INSTRUCTIONS = 400_000  # line_cost.c


def measure(image: Path = IMAGE, form: str = "log", decoder: str = "linear") -> dict:
    """Instructions of every part: `mean` and `worst`; OSError or RuntimeError say what is missing.

    `worst_tick` is the sum of the worst of all parts, though they need not meet in one tick.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "chain.bin").write_bytes(chain_bin(settings(FORMS.index(form), decoder)))
        (folder / "counts.bin").write_bytes(recording(SECONDS).tobytes())
        loaded = f"loader,file=counts.bin,addr={COUNTS_AT:#x},force-raw=on"
        done = emulated(image, *COUNTED, "-device", loaded, cwd=folder)
    if done.returncode:
        raise RuntimeError(done.stderr.strip() or f"qemu-system-arm ended with {done.returncode}")
    said = json.loads(done.stderr)
    found: dict = {
        "counts_per_instruction": said["known_counts"] / said["known_instructions"],
        "states": said["states"],
        "steps": said["steps"],
    }
    for name, cost in said.items():
        if isinstance(cost, dict):
            worst = round(cost["worst"] / COUNTS_PER_INSTRUCTION)
            mean = cost["sum"] / max(1, cost["runs"]) / COUNTS_PER_INSTRUCTION
            found[name] = {"runs": cost["runs"], "mean": round(mean, 1), "worst": worst}
    worst = {name: found[name]["worst"] for name in found if isinstance(found[name], dict)}
    # Never two of these in one millisecond: app_decode.c.
    last = max(worst["chain"], worst["work"]) + worst["command"]
    decoding = max(last, worst["emg"], worst["decoded"])
    found["worst_tick"] = decoding + sum(worst[name] for name in CONTROL)
    found["lines"] = lines(image.with_name("line_cost.elf"))
    found["worst_lines"] = sum(found["lines"].values())
    return found


def lines(image: Path) -> dict[str, int]:
    """Instructions of what the two serial lines bring and take in a millisecond: the worst of each
    (tests/c/line_cost.c). Nothing when the image is not built: that of an older commit."""
    if not image.exists():
        return {}
    said = json.loads(emulated(image, *COUNTED).stderr)
    per_us = KNOWN_INSTRUCTIONS / said["known"]
    return {name: round(said[name] * per_us) for name in LINES}


def main(arguments: list[str]) -> int:
    """Prints the figures as JSON, for firmware/figures.py and for people."""
    try:
        print(json.dumps(measure(*(Path(argument) for argument in arguments)), indent=1))
    except (OSError, RuntimeError) as error:
        print(f"budget: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
