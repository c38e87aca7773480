# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever stands in a chain's config, chain_check answers by numbers that mean something: a build
that stops at undefined behaviour does not stop."""

from __future__ import annotations

import ctypes
import random
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from endplate.core import Chain, ffi, lib

sys.path.append(str(Path(__file__).resolve().parents[1]))
from loop.chain_case import DECODERS, settings

ROOT = Path(__file__).resolve().parents[2]
STAGES = ("elementary", "filter", "features", "quality", "gate", "linear", "classes", "direct")
STAGES += ("fourier", "decoder", "shape", "chain")
CONFIGS = 4000


@pytest.fixture(scope="module")
def watched(tmp_path_factory) -> Path:
    """The chain in a build in which undefined behaviour is an illegal instruction."""
    if shutil.which("gcc") is None:
        pytest.skip("gcc is not installed")
    core, made = ROOT / "firmware" / "core", tmp_path_factory.mktemp("watched") / "watched.so"
    flags = ["-std=c11", "-O1", "-fsanitize=undefined", "-fsanitize-undefined-trap-on-error"]
    flags += ["-fno-sanitize=alignment", "-ffp-contract=off", "-shared", "-fPIC"]
    command = ["gcc", *flags, "-iquote", str(core), "-o", str(made)]
    subprocess.run([*command, *(core / f"{stage}.c" for stage in STAGES), "-lm"], check=True)
    return made


def asked(path: Path, kind: str) -> dict[int, int]:
    """Damages a good config word by word, and asks the build and the extension about each: how
    often they said what. The two must say the same."""
    check, chance = ctypes.CDLL(str(path)).chain_check, random.Random(kind)
    chain = Chain(settings(1, kind))
    config = ffi.new("chain_config *")
    raw, good = ffi.buffer(config), bytes(ffi.buffer(chain.config))
    pointer = ffi.offsetof("chain_config", "decoder") + ffi.offsetof("decoder_config", "pool")
    floats = ffi.offsetof("chain_config", "decoder") + ffi.offsetof("decoder_config", "floats")
    words = [at for at in range(0, len(good), 4) if at not in (pointer, pointer + 4, floats)]
    values = (0, 1, 7, 33, 2**30, 2**31 - 1, -1, -(2**31), 0x7FC00000, 0x7F800000)
    said: dict[int, int] = {}
    for turn in range(CONFIGS + len(words)):
        raw[:] = good
        places = [words[turn]] if turn < len(words) else chance.sample(words, 3)
        for at in places:
            value = chance.choice((*values, chance.randrange(-(2**31), 2**31)))
            raw[at : at + 4] = (value % 2**32).to_bytes(4, "little")
        status = check(ctypes.c_void_p(int(ffi.cast("intptr_t", config))))
        assert status == lib.chain_check(config)
        said[status] = said.get(status, 0) + 1
    for chosen in (2**31 - 1, -(2**31), 2**30):  # the pairs of so many would not fit a number
        raw[:] = good
        config.features.statistics, config.features.chosen = 31, chosen
        assert check(ctypes.c_void_p(int(ffi.cast("intptr_t", config)))) == lib.CORE_BAD_CONFIG
    return said


@pytest.mark.parametrize("kind", DECODERS)
def test_no_config_is_answered_with_undefined_behaviour(watched, kind):
    # A process of its own: what it would end with is a signal.
    asked = f"t.asked(t.Path({str(watched)!r}), {kind!r})"
    code = f"import test_chain_config as t; print(sorted({asked}))"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=Path(__file__).parent, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr or f"ended by signal {-done.returncode}"
    assert done.stdout.strip() == f"[{lib.CORE_NOT_FINITE}, {lib.CORE_BAD_CONFIG}, 0]"
