# SPDX-License-Identifier: GPL-3.0-or-later
"""The same bits at every optimisation level and from every compiler: the chain, compiled by hand.

tests/c/chain_replay.c turns a recording into one number; the Cortex-M image replays the same. A
long recording with a linear decoder, and one that takes every branch with every kind of decoder.
"""

from __future__ import annotations

import ctypes
import importlib.util
import shutil
import subprocess
import sys
from pathlib import Path

import google_crc32c
import numpy as np
import pytest
from typical import typical_counts, typical_settings

from endplate.core import Chain, ffi

sys.path.append(str(Path(__file__).resolve().parents[1]))
from loop import chain_case

ROOT = Path(__file__).resolve().parents[2]
STRICT = ["-std=c11", "-ffp-contract=off", "-Wall", "-Wextra", "-Wconversion"]
STRICT += ["-Wdouble-promotion", "-Wshadow", "-Werror"]
SAMPLES, SITES = 120_000, 8


def sources() -> list[Path]:
    """The C files up to the chain, as the extension compiles them."""
    spec = importlib.util.spec_from_file_location("build_ffi", ROOT / "host" / "build" / "ffi.py")
    build = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(build)
    stages = build.CORE_STAGES[: build.CORE_STAGES.index("chain") + 1]
    return [path for stage in stages if (path := build.CORE / f"{stage}.c").exists()]


def compiled(folder: Path, compiler: str, flags: list[str]) -> ctypes.CDLL:
    """The chain and its replay as a shared object."""
    made = folder / "replay.so"
    core = ROOT / "firmware" / "core"
    replay = ROOT / "tests" / "c" / "chain_replay.c"
    command = [compiler, *STRICT, *flags, "-shared", "-fPIC", "-iquote", str(core), "-o", made]
    subprocess.run([*command, *sources(), replay, "-lm"], check=True)
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


def doubtful(setup: dict) -> dict:
    """The same with scores so small that no class is ever certain: all of them count."""
    decoder = setup["decoder"]
    if "classes" not in decoder:
        return setup
    pool = np.array(decoder["pool"], np.float32)
    score = decoder["classes"]["score"]
    stride = -(-score["outputs"] // 4) * 4
    pool[score["weight"] :][: score["inputs"] * stride] *= np.float32(0.03)
    return setup | {"decoder": decoder | {"pool": pool.tolist()}}


#: Name of a case -> (settings, which recording).
CASES = {f"form {form}": (settings(form), "long") for form in (0, 1)}
CASES |= {kind: (chain_case.settings(1, kind), "branches") for kind in chain_case.DECODERS}
DOUBTFUL = {"doubtful classes": "classes", "doubtful mean": "mean"}
CASES |= {name: (doubtful(CASES[kind][0]), "branches") for name, kind in DOUBTFUL.items()}


@pytest.fixture(scope="module")
def truth() -> tuple[dict[str, np.ndarray], dict[str, int]]:
    counts = {"long": recording(), "branches": chain_case.recording(60)}
    return counts, {name: digest(setup, counts[of]) for name, (setup, of) in CASES.items()}


@pytest.mark.parametrize(("compiler", "flags"), BUILDS, ids=lambda x: "".join(x))
def test_every_build_gives_the_same_bits(tmp_path, truth, compiler, flags):
    if shutil.which(compiler) is None:
        pytest.skip(f"{compiler} is not installed")
    replay = compiled(tmp_path, compiler, flags).chain_replay
    counts, expected = truth
    for name, (setup, of) in CASES.items():
        chain = Chain(setup)  # has the pool that its config points to
        config, at = bytes(ffi.buffer(chain.config)), counts[of].ctypes.data
        made = replay(config, ctypes.c_void_p(at), len(counts[of]), None, None)
        assert made == expected[name], name
    refused = Chain(settings(0))
    refused.config.rate_hz = 0.0
    config, at = bytes(ffi.buffer(refused.config)), counts["long"].ctypes.data
    assert replay(config, ctypes.c_void_p(at), 5, None, None) == 0


def test_the_digest_depends_on_every_part(truth):
    counts, expected = truth
    assert len(set(expected.values())) == len(CASES)
    changed = counts["long"].copy()
    changed[50_000, 3] += 1
    assert digest(settings(0), changed) != expected["form 0"]
    hops = Chain(settings(0)).process(counts["long"])
    assert len(hops) == SAMPLES // 5 and np.mean(hops["velocity"][:, 0] != 0) > 0.2
    assert np.any(hops["frozen"])


@pytest.mark.parametrize("case", [*chain_case.DECODERS, *DOUBTFUL])
def test_every_kind_moves_and_freezes_and_is_gated(truth, case):
    setup, of = CASES[case]
    hops = Chain(setup).process(truth[0][of])
    assert np.mean(np.any(hops["velocity"] != 0, axis=1)) > 0.1
    assert np.any(hops["frozen"]) and np.any(hops["gate"]) and not np.all(hops["gate"])


@pytest.mark.parametrize("case", ["linear", "fourier", *DOUBTFUL])
def test_the_last_bits_of_weights_are_another_digest(truth, case):
    setup, of = CASES[case]
    decoder = setup["decoder"]
    parts = [decoder.get("linear"), decoder.get("fourier", {}).get("out")]
    parts.append(decoder.get("classes", {}).get("score"))
    for part in filter(None, parts):
        pool = np.array(decoder["pool"], np.float32)
        of_two = pool[part["weight"] :][: 2 * (-(-part["outputs"] // 4) * 4)]  # of its numbers
        of_two[:] = np.where(of_two == 0, 0, np.nextafter(of_two, np.float32(9)))
        other = setup | {"decoder": decoder | {"pool": pool.tolist()}}
        assert digest(other, truth[0][of]) != truth[1][case], part
