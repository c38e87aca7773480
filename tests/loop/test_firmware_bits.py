# SPDX-License-Identifier: GPL-3.0-or-later
"""One core, bit for bit: the same recording gives the same hops and the same COMMAND bytes on the
host's extension, on x86-64 at three levels of optimisation and on the hand's Cortex-M4F."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from endplate import core

from .builds import built
from .chain_case import DECODERS, chain_bin, recording, settings

FIRMWARE = Path(__file__).resolve().parents[2] / "firmware"
LEVELS = ("O0", "O2", "O3")
COUNTS_AT = 0x08040000  # replay_target.c: in the flash of the emulated machine
SAMPLE_US, SESSION, VALID_MS = 4000, 7, 50  # replay_main.c


def build(*targets: str) -> None:
    built(*targets)


def commands(hops: np.ndarray) -> bytes:
    """The frames that replay_main makes, from the host's codec."""
    return b"".join(
        core.encode(
            "COMMAND",
            {
                "mode": 1,
                "valid_ms": VALID_MS,
                "frozen": int(hop["frozen"]) & 255,
                "sample": int(hop["samples"]) - 1,
                "emg_us": (int(hop["samples"]) - 1) * SAMPLE_US % 2**32,
                "target": hop["target"].tolist(),
                "force_cap": [255] * 8,
            },
            session=SESSION,
            seq=k & 0xFFFF,
        )
        for k, hop in enumerate(hops)
    )


def replay_on_pc(level: str, folder: Path) -> tuple[bytes, bytes, str]:
    program = FIRMWARE / "build" / f"replay-{level}" / "replay"
    done = subprocess.run(
        [str(program)], cwd=folder, capture_output=True, text=True, timeout=30, check=True
    )
    return taken(folder) + (done.stderr,)


def replay_on_target(folder: Path) -> tuple[bytes, bytes, str]:
    command = ["timeout", "-k", "2", "60", "qemu-system-arm", "-M", "netduinoplus2"]
    command += ["-display", "none", "-monitor", "none", "-serial", "none"]
    command += ["-semihosting-config", "enable=on,target=native"]
    command += ["-kernel", str(FIRMWARE / "build" / "f405" / "replay.elf")]
    if (folder / "counts.bin").exists():
        loader = f"loader,file={folder / 'counts.bin'},addr={COUNTS_AT:#x},force-raw=on"
        command += ["-device", loader]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return taken(folder) + (done.stderr,)


def taken(folder: Path) -> tuple[bytes, bytes]:
    """What the run wrote, taken away so that the next run cannot be mistaken for it."""
    out = []
    for name in ("hops.bin", "commands.bin"):
        path = folder / name
        out.append(path.read_bytes() if path.exists() else b"")
        path.unlink(missing_ok=True)
    return out[0], out[1]


@pytest.fixture(scope="module")
def replay() -> None:
    for tool in ("make", "gcc"):
        if shutil.which(tool) is None:
            pytest.skip(f"{tool} is not installed")
    build("replay-pc")


#: Form, kind, seconds of recording in which every DoF moves: direct control switches between two of
#: them late, and the scores of classes with the logarithm never choose one.
CASES = [(1, "linear", 40), (0, "linear", 40), (0, "direct", 60), (1, "fourier", 40),
         (0, "classes", 40), (1, "mean", 40)]  # fmt: skip


def test_every_kind_of_decoder_is_compared():
    assert {decoder for _, decoder, _ in CASES} == set(DECODERS)


@pytest.mark.parametrize(("form", "decoder", "seconds"), CASES)
def test_same_bits_on_host_and_pc_and_cortex_m4(
    replay, arm_tools, tmp_path, form, decoder, seconds
):
    build("replay")
    counts = recording(seconds)
    made = settings(form, decoder)
    chain = core.Chain(made)
    hops = chain.process(counts)
    host = hops.tobytes(), commands(hops)
    moving = np.abs(hops["target"]).max(axis=0)
    assert (moving[:4] > 500).all() and hops["frozen"].any(), "the recording exercises the chain"

    (tmp_path / "chain.bin").write_bytes(chain_bin(made))
    (tmp_path / "counts.bin").write_bytes(counts.tobytes())
    for level in LEVELS:
        made = replay_on_pc(level, tmp_path)
        assert made[0] == host[0], f"hops differ at -{level}"
        assert made[1] == host[1], f"COMMAND bytes differ at -{level}"
    made = replay_on_target(tmp_path)
    assert made[0] == host[0], "hops differ on the Cortex-M4F"
    assert made[1] == host[1], "COMMAND bytes differ on the Cortex-M4F"
    assert f"hops {len(hops)}" in made[2]


def test_golden_frames_pass_on_cortex_m4_as_on_pc(replay, arm_tools, tmp_path):
    build("replay")
    said = {replay_on_pc(level, tmp_path)[2] for level in LEVELS} | {replay_on_target(tmp_path)[2]}
    assert len(said) == 1
    checks = int(said.pop().split()[1])
    assert checks > 500
