# SPDX-License-Identifier: GPL-3.0-or-later
"""The same bits at every optimisation level and from every compiler: the chain, compiled by hand.

tests/c/chain_replay.c turns a recording into one number; the Cortex-M image replays the same.
"""

from __future__ import annotations

import ctypes
import shutil
import subprocess
from pathlib import Path

import google_crc32c
import numpy as np
import pytest
from typical import typical_counts, typical_settings

from endplate.core import Chain, ffi

ROOT = Path(__file__).resolve().parents[2]
STAGES = ("elementary", "filter", "features", "quality", "decoder", "shape", "chain")
STRICT = ["-std=c11", "-ffp-contract=off", "-Wall", "-Wextra", "-Wconversion"]
STRICT += ["-Wdouble-promotion", "-Wshadow", "-Werror"]
SAMPLES, SITES = 120_000, 8


def compiled(folder: Path, compiler: str, flags: list[str]) -> ctypes.CDLL:
    """The chain and its replay as a shared object."""
    made = folder / "replay.so"
    core = ROOT / "firmware" / "core"
    sources = [core / f"{stage}.c" for stage in STAGES] + [ROOT / "tests" / "c" / "chain_replay.c"]
    command = [compiler, *STRICT, *flags, "-shared", "-fPIC", "-iquote", str(core), "-o", made]
    subprocess.run([*command, *sources, "-lm"], check=True)
    library = ctypes.CDLL(str(made))
    library.chain_replay.restype = ctypes.c_uint32
    return library


def recording() -> np.ndarray:
    """Eight minutes with everything in it: effort, hum, rails, a flat electrode."""
    counts = typical_counts(21, SAMPLES, SITES)
    counts[20_000:21_000, 1] = 2**23 - 1
    counts[40_000:42_000, 2] = counts[40_000, 2]
    counts[60_000:60_100] = -(2**23)
    counts[100_000:] = 0
    return np.ascontiguousarray(counts)


def settings(form: int) -> dict:
    setup = typical_settings(250, SITES)
    setup["features"] = setup["features"] | {"form": form}
    return setup


def digest(setup: dict, counts: np.ndarray) -> int:
    """What chain_replay must return, from the extension that the host runs."""
    hops = Chain(setup).process(counts)
    rows = [hops[name].view(np.uint8).reshape(len(hops), -1) for name in ("intent", "velocity")]
    rows.append(np.ascontiguousarray(hops["target"]).view(np.uint8).reshape(len(hops), -1))
    return google_crc32c.value(np.concatenate(rows, axis=1).tobytes())


BUILDS = [("gcc", ["-O0"]), ("gcc", ["-O2"]), ("gcc", ["-O3", "-fno-math-errno"])]
# Without SSE2 the lanes are single floats, as on the hand.
BUILDS += [("gcc", ["-Os", "-fwrapv", "-U__SSE2__"]), ("clang", ["-O3"])]


@pytest.fixture(scope="module")
def truth() -> tuple[np.ndarray, list[int]]:
    counts = recording()
    return counts, [digest(settings(form), counts) for form in (0, 1)]


@pytest.mark.parametrize(("compiler", "flags"), BUILDS, ids=lambda x: "".join(x))
def test_every_build_gives_the_same_bits(tmp_path, truth, compiler, flags):
    if shutil.which(compiler) is None:
        pytest.skip(f"{compiler} is not installed")
    replay = compiled(tmp_path, compiler, flags).chain_replay
    counts, expected = truth
    for form, value in enumerate(expected):
        config = bytes(ffi.buffer(ffi.new("chain_config *", settings(form))))
        assert replay(config, ctypes.c_void_p(counts.ctypes.data), SAMPLES, None, None) == value
    refused = bytes(ffi.buffer(ffi.new("chain_config *", settings(0) | {"rate_hz": 0.0})))
    assert replay(refused, ctypes.c_void_p(counts.ctypes.data), 5, None, None) == 0


def test_the_digest_depends_on_every_part(truth):
    counts, expected = truth
    assert expected[0] != expected[1]
    changed = counts.copy()
    changed[50_000, 3] += 1
    assert digest(settings(0), changed) != expected[0]
    hops = Chain(settings(0)).process(counts)
    assert len(hops) == SAMPLES // 5 and np.mean(hops["velocity"][:, 0] != 0) > 0.2
    assert np.any(hops["frozen"])
