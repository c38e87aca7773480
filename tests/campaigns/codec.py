# SPDX-License-Identifier: GPL-3.0-or-later
"""Damaged frames against the codec, as many as one has patience for: tests/c/wire_campaign.c on
every core.

    cd tests && ../.venv/bin/python -m campaigns.codec [--frames 1e9] [--seed 1]

Portion K of seed S is the same damage on every machine. What is done is kept in
run/codec-SEED.json until all is done, so that a campaign that was stopped goes on where it was.
Ends with 1 when anything was accepted that nobody sent.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
import zlib
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import Any

import wire_build

from . import RUN

PORTION = 2_000_000  # frames: seconds of work
KINDS = ("bits flipped", "bursts", "bytes lost", "byte doubled", "bytes put in", "overwritten",
         "cut short", "spliced with another frame")  # fmt: skip
MUST_BE_NONE = ("accepted", "deaf", "uncounted")
SAY_EVERY_S = 20.0


def build(folder: Path) -> Path:
    """The campaign with the codec as it is, optimised for speed."""
    return wire_build.program(folder, "wire_campaign", "wire_vectors", flags=("-O3",))


def seed_of(seed: int, portion: int) -> int:
    """What wire_campaign starts from: no two portions share it."""
    return seed << 32 | portion


def run_portion(program: Path, seed: int, portion: int, frames: int = PORTION) -> dict[str, Any]:
    """Counts of one portion; what was wrongly accepted is on stderr."""
    done = subprocess.run(
        [str(program), "random", str(frames), str(seed_of(seed, portion))],
        capture_output=True, text=True,
    )  # fmt: skip
    if done.returncode:
        raise SystemExit(f"the campaign itself failed: {done.stderr.strip()}")
    sys.stderr.write(done.stderr)
    return json.loads(done.stdout)


def add(total: dict[str, Any], one: dict[str, Any]) -> None:
    """Adds counts, and lists of counts one by one."""
    for name, value in one.items():
        if isinstance(value, list):
            so_far = total.get(name, [0] * len(value))
            total[name] = [a + b for a, b in zip(so_far, value, strict=True)]
        else:
            total[name] = total.get(name, 0) + value


def sources() -> int:
    """Of all that decides what a portion is: counts of other sources are not added to."""
    names = [wire_build.PROTOCOL / "wire.c", wire_build.PROTOCOL / "wire_layout.h",
             wire_build.PROTOCOL / "wire.h", wire_build.VECTORS,
             wire_build.PROGRAMS / "wire_campaign.c"]  # fmt: skip
    return zlib.crc32(b"".join(path.read_bytes() for path in names))


class Campaign:
    """Counts so far, kept in a file."""

    def __init__(self, seed: int, state: Path) -> None:
        self.seed, self._file = seed, state
        self.done: set[int] = set()
        self.total: dict[str, Any] = {}
        if state.exists():
            kept = json.loads(state.read_text())
            if kept["sources"] == sources():
                self.done, self.total = set(kept["done"]), kept["total"]
            else:
                print(f"codec: {state} is of other sources; begins again")

    def take(self, portion: int, counts: dict[str, Any]) -> None:
        """One portion more, and kept."""
        self.done.add(portion)
        add(self.total, counts)
        self._file.parent.mkdir(parents=True, exist_ok=True)
        new = self._file.with_suffix(".new")
        new.write_text(
            json.dumps({"sources": sources(), "done": sorted(self.done), "total": self.total})
        )
        os.replace(new, self._file)

    def forget(self) -> None:
        """The next one begins anew."""
        self._file.unlink(missing_ok=True)

    def run(self, program: Path, frames: int) -> None:
        """Up to that many frames, on every core, with a word now and then."""
        portions = -(-frames // PORTION)
        left = [number for number in range(portions) if number not in self.done]
        if len(left) < portions:
            print(f"codec: goes on after {self.total['tried']:.3g} frames")
        began = said = time.monotonic()
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            started = {pool.submit(run_portion, program, self.seed, one): one for one in left}
            for n, future in enumerate(as_completed(started), 1):
                self.take(started[future], future.result())
                now = time.monotonic()
                if now - said > SAY_EVERY_S:
                    said, pace = now, n / (now - began)
                    left_min = (len(left) - n) / pace / 60
                    print(
                        f"codec: {self.total['tried']:.3g} of {frames:.3g} frames, "
                        f"{pace * PORTION:.3g} a second, {left_min:.1f} min left, "
                        f"{self.total['accepted']} wrongly accepted",
                        flush=True,
                    )


def report(total: dict[str, Any]) -> str:
    """What was run and found, for a person."""
    kinds = ", ".join(f"{name} {n:.3g}" for name, n in zip(KINDS, total["kinds"], strict=True))
    return (
        f"codec: {total['tried']:,} damaged lines of {total['frames']:,} different frames "
        f"({kinds}): {total['refused']:,} refused, {total['intact']:,} left whole, "
        f"{total['accepted']} wrongly accepted, {total['deaf']} good frames behind them lost, "
        f"{total['uncounted']} refused without a counter; the CRC alone refused "
        f"{total['crc']:,}, of which chance passes {total['crc'] / 2**32:.2g}"
    )


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="campaigns.codec", description=__doc__)
    parser.add_argument("--frames", type=float, default=1e7, help="how many in all (1e7)")
    parser.add_argument("--seed", type=int, default=1, help="of the damage (1)")
    wanted = parser.parse_args()
    campaign = Campaign(wanted.seed, RUN / f"codec-{wanted.seed}.json")
    with tempfile.TemporaryDirectory(prefix="endplate-codec-") as folder:
        campaign.run(build(Path(folder)), int(wanted.frames))
    print(report(campaign.total))
    campaign.forget()
    return int(any(campaign.total[name] for name in MUST_BE_NONE))


if __name__ == "__main__":
    sys.exit(main())
