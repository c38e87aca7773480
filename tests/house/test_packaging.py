# SPDX-License-Identifier: GPL-3.0-or-later
"""The sdist is complete: a wheel built from it alone installs and runs, with its data and its
compiled core."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

CODE = """
import endplate, endplate.core as core, endplate.hardware as hardware
assert endplate.__file__.startswith({where!r}), endplate.__file__
hand = hardware.load_hand("test-hand")
print(len(hand.joints), len(core.encode("HEARTBEAT", {{"host_us": 1}}, session=1, seq=1)),
hardware.montage_names())
"""


def run(*command: str, cwd: Path, **environment: str) -> str:
    done = subprocess.run(
        command,
        cwd=cwd,
        capture_output=True,
        text=True,
        env={**os.environ, **environment},
        timeout=300,
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return done.stdout


@pytest.fixture(scope="module")
def sdist(tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("sdist")
    run(sys.executable, "-m", "build", "--sdist", "--no-isolation", "--outdir", str(out), cwd=ROOT)
    return next(out.glob("*.tar.gz"))


@pytest.mark.timeout(300)
def test_wheel_from_sdist_installs_and_runs(sdist, tmp_path):
    with tarfile.open(sdist) as archive:
        archive.extractall(tmp_path, filter="data")
    unpacked = next(path for path in tmp_path.iterdir() if path.is_dir())
    run(
        sys.executable,
        "-m",
        "build",
        "--wheel",
        "--no-isolation",
        "--outdir",
        str(tmp_path),
        cwd=unpacked,
        CFLAGS="-O0",  # quicker to compile
    )
    wheel = next(tmp_path.glob("*.whl"))
    assert "py3-none-any" not in wheel.name, (
        "the wheel holds a compiled core: it must say for which platform"
    )
    names = zipfile.ZipFile(wheel).namelist()
    assert any(name.startswith("endplate/_core") and name.endswith(".so") for name in names)
    site = tmp_path / "site"
    run(
        sys.executable,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--no-deps",
        "--target",
        str(site),
        str(wheel),
        cwd=tmp_path,
    )
    shutil.rmtree(unpacked)
    out = run(
        sys.executable, "-c", CODE.format(where=str(site)), cwd=tmp_path, PYTHONPATH=str(site)
    )
    assert out.startswith("9 ") and "transhumeral-4" in out


def test_sdist_carries_what_a_hand_maker_needs(sdist):
    with tarfile.open(sdist) as archive:
        names = {name.split("/", 1)[1] for name in archive.getnames() if "/" in name}
    for wanted in (
        "protocol/wire.c",
        "protocol/SPEC.md",
        "firmware/core/guard.c",
        "firmware/Makefile",
        "hw/hands/test-hand.toml",
        "Makefile",
        "README.md",
        "LICENSE",
    ):
        assert wanted in names, wanted


def test_the_core_is_compiled_again_when_a_source_is_newer(tmp_path):
    spec = importlib.util.spec_from_file_location("ffi", ROOT / "host" / "build" / "ffi.py")
    ffi = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(ffi)
    assert not ffi.is_new(tmp_path), "there is none"
    ffi.extension(tmp_path).touch()
    assert ffi.is_new(tmp_path)
    sources = [*ffi.CORE.glob("*.[ch]"), *ffi.PROTOCOL.glob("*.[ch]")]
    newest = max(path.stat().st_mtime for path in sources)
    os.utime(ffi.extension(tmp_path), (newest - 1, newest - 1))
    assert not ffi.is_new(tmp_path)
