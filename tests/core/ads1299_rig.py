# SPDX-License-Identifier: GPL-3.0-or-later
"""firmware/app/ads1299.c against the simulated chip, on a clock that the test moves."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import cffi
import numpy as np

ROOT = Path(__file__).resolve().parents[2]
APP, PC = ROOT / "firmware" / "app", ROOT / "firmware" / "pc"
BENCH = ROOT / "tests" / "c" / "ads1299_bench.c"
RENAMED = [f"-Dboard_frontend_{one}=noted_{one}" for one in ("begin", "end", "reset")]
FLAGS = ["-std=c11", "-O1", "-fPIC", "-Wall", "-Wextra", "-Werror"]
ROW = 8


def declarations(text: str) -> str:
    """A header as cffi reads it: without comments and what begins with #."""
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.S)
    return "\n".join(line for line in text.splitlines() if not line.startswith("#"))


class Rig:
    """The library, built into a folder; `driver` may be another text of ads1299.c."""

    def __init__(self, folder: Path, driver: str | None = None) -> None:
        where = [f"-iquote{one}" for one in (APP, PC, ROOT / "firmware" / "core")]
        source = folder / "ads1299.c"
        source.write_text(driver or (APP / "ads1299.c").read_text())
        library = folder / "bench.so"
        for name, path, flags in (
            ("driver", source, RENAMED), ("registers", APP / "ads1299_registers.c", []),
            ("sim", PC / "ads1299_sim.c", []), ("line", PC / "frontend_pc.c", []),
            ("bench", BENCH, []),
        ):  # fmt: skip
            made = ["gcc", *FLAGS, *where, *flags, "-c", str(path), "-o", str(folder / f"{name}.o")]
            subprocess.run(made, check=True)
        parts = sorted(str(one) for one in folder.glob("*.o"))
        subprocess.run(["gcc", "-shared", *parts, "-o", str(library)], check=True)
        self.ffi = cffi.FFI()
        self.ffi.cdef(declarations((APP / "ads1299.h").read_text()))
        self.ffi.cdef(declarations((PC / "ads1299_sim.h").read_text()))
        self.ffi.cdef(declarations(BENCH.read_text().split("/* ---- */")[1]))
        self.lib = self.ffi.dlopen(str(library))
        self.folder = folder

    def config(self, channels: int = 8, **fields):
        config = self.ffi.new("ads1299_config *")
        self.lib.ads1299_defaults(config, channels)
        for name, value in fields.items():
            setattr(config, name, value)
        return config

    def start(self, config=None, rows: np.ndarray | None = None, **faults) -> int:
        """Power on. `rows`: counts [n, 8]; faults: knobs of ads1299_sim.h."""
        knobs = self.ffi.new("sim_faults *")
        self.lib.sim_defaults(knobs)
        for name, value in faults.items():
            setattr(knobs, name, value)
        path = self.folder / "rows.bin"
        path.write_bytes(b"" if rows is None else rows.astype(np.int32).tobytes())
        return self.lib.bench_start(config or self.config(), knobs, str(path).encode())

    def run(self, seconds: float, step_us: int = 200, stop: bool = False) -> np.ndarray:
        """Samples, a structured array with the fields of ads1299_sample."""
        most = int(seconds * 1100) + 100
        taken = self.ffi.new("ads1299_sample[]", most)
        n = self.lib.bench_run(int(seconds * 1e6), step_us, stop, taken, most)
        kind = np.dtype(
            [("time_us", "u8"), ("counter", "u4"), ("counts", "i4", ROW), ("saturated", "u1"),
             ("lead_off_p", "u1"), ("lead_off_n", "u1")], align=True,
        )  # fmt: skip
        assert kind.itemsize == self.ffi.sizeof("ads1299_sample")
        return np.frombuffer(self.ffi.buffer(taken), kind)[:n].copy()

    @property
    def driver(self):
        return self.lib.bench_driver()

    @property
    def chip(self):
        return self.lib.bench_chip()

    @property
    def now_us(self) -> int:
        return self.lib.bench_now_us()

    @property
    def said(self) -> str:
        return self.ffi.string(self.lib.bench_said()).decode()

    def broken(self) -> dict[str, int]:
        """Rules of the datasheet that were broken, and how often."""
        names = self.ffi.typeof("enum sim_rule").elements
        return {names[i]: n for i, n in enumerate(self.chip.broken) if n}

    def lines(self) -> list[tuple[float, str]]:
        """What went over the line: microseconds since power, bytes in hex or `low`, `high`."""
        found = self.ffi.new("bench_line **")
        n = self.lib.bench_lines(found)
        words = {-1: "low", -2: "high"}
        return [
            (one.at_ns / 1000, words.get(one.n) or bytes(one.out)[: one.n].hex(" "))
            for one in (found[0][i] for i in range(n))
        ]
