# SPDX-License-Identifier: GPL-3.0-or-later
"""libFuzzer with AddressSanitizer and UndefinedBehaviorSanitizer on all that reads foreign bytes.

    cd tests && ../.venv/bin/python -m campaigns.fuzz [--seconds 60] [--keep] [target ...]

TARGETS is the one table: a new target is a row in it, a harness tests/c/fuzz_TARGET.c and a folder
in tests/corpus. Starts from tests/corpus/TARGET, which the tests replay, and goes on with what
earlier campaigns found in run/fuzz/TARGET. --keep afterwards makes tests/corpus/TARGET anew of
both: some of the files that reach as much. A finding is left in run/fuzz as TARGET-crash-...; ends
with 1 then.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import wire_build

from . import ROOT, RUN, TESTS

CORPUS = TESTS / "corpus"
CORE, APP, PROTOCOL = ROOT / "firmware" / "core", ROOT / "firmware" / "app", ROOT / "protocol"
PROGRAMS = TESTS / "c"
FINDINGS = RUN / "fuzz"
KEPT_FILES = 40  # in the tree, of one target
SANITIZED = "address,undefined"


@dataclass(frozen=True)
class Target:
    """What is fuzzed: tests/c/fuzz_NAME.c and the sources it drives."""

    sources: tuple[Path, ...]
    longest: int  # bytes of an input
    what: str
    vectors: bool = False  # needs the table of golden frames


GUARD = tuple(sorted(CORE.glob("guard*.c")))
TARGETS = {
    "wire": Target(
        (PROTOCOL / "wire.c", PROGRAMS / "wire_vectors.c"), 600,
        "the decoder of the stream, and every message's unpack", vectors=True),
    "guard": Target(
        (PROTOCOL / "wire.c", APP / "link.c", *GUARD), 400,
        "line -> decoder -> link -> guard, by the guard's invariants"),
    "params": Target(
        (PROTOCOL / "wire.c", APP / "link_param.c", APP / "params.c", APP / "store.c",
         *(CORE / f"{name}.c" for name in ("guard_config", "strain", "hand", "hand_config"))), 300,
        "parameters: requests, and a flash that holds anything and loses power"),
    "blobs": Target(
        (PROTOCOL / "wire.c",
         *(APP / f"{name}.c" for name in (
             "link", "link_blob", "link_emg", "app_decode", "blob", "blob_decoder", "blob_read",
             "blob_words", "slot", "store", "decode")),
         *(CORE / f"{name}.c" for name in (
             "hand", "hand_config", "chain", "elementary", "filter", "features", "quality", "gate",
             "linear", "direct", "fourier", "classes", "decoder", "shape")), *GUARD), 2800,
        "uploads into a flash that loses power; EMG -> decoder -> guard"),
    "update": Target(
        (PROTOCOL / "wire.c",
         *(APP / f"{name}.c" for name in (
             "link_blob", "update", "image", "boot", "store", "sha512"))), 400,
        "firmware: images, slots and a boot journal that lose power"),
}  # fmt: skip


def build(name: str, folder: Path, sanitize: str = f"fuzzer,{SANITIZED}") -> Path:
    """FOLDER/fuzz_NAME. Without `fuzzer` one that replays files, which any compiler makes."""
    return compile_harness(name, folder, TARGETS[name].sources, sanitize)


def compile_harness(name: str, folder: Path, sources: tuple[Path, ...], sanitize: str) -> Path:
    """The same, of other sources."""
    out = folder / f"fuzz_{name}"
    every = [PROGRAMS / f"fuzz_{name}.c", *sources]
    if TARGETS[name].vectors:
        every.append(wire_build.table(folder))
    if "fuzzer" not in sanitize:
        every.append(PROGRAMS / "fuzz_replay.c")
        compiler = ["gcc", "-std=c11"]
    else:
        compiler = ["clang", "-std=c11", *wire_build.STRICT]
    flags = ("-g", "-O1", f"-fsanitize={sanitize}", "-fno-sanitize-recover=all") if sanitize else ()
    wire_build.need(compiler[0])
    command = (
        *compiler, *flags, "-DWIRE_SCHEMA_HASH=1u", "-DCHAIN_ONE_SAMPLE", "-ffp-contract=off",
        *(f"-iquote{one}" for one in (CORE, APP, PROTOCOL, PROGRAMS)),
    )  # fmt: skip
    objects = [compiled(source, command) for source in every]
    _run(*command, *map(str, objects), "-lm", "-o", str(out))
    return out


def mutant_of(
    folder: Path, name: str, source: str, right: str, wrong: str, sanitize: str = ""
) -> Path:
    """The harness on sources of which one, SOURCE, has a slip: `wrong` where `right` stands."""
    sources = TARGETS[name].sources
    (whole,) = (path for path in sources if path.name == source)
    text = whole.read_text()
    assert text.count(right) == 1, f"{source} has changed; state this slip anew"
    mutant = folder / source
    mutant.write_text(text.replace(right, wrong))
    others = tuple(mutant if path == whole else path for path in sources)
    return compile_harness(name, folder, others, sanitize)


_objects = tempfile.TemporaryDirectory(prefix="endplate-objects-")


def compiled(source: Path, command: tuple[str, ...]) -> Path:
    """Its object, made once in this process: a harness with one slip is one file of twenty."""
    key = hashlib.sha256(repr((command, source.read_bytes())).encode()).hexdigest()
    made = Path(_objects.name) / f"{source.stem}-{key[:16]}.o"
    if not made.exists():
        _run(*command, "-c", str(source), "-o", str(made))
    return made


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def corpus(name: str) -> list[Path]:
    """The files in the tree."""
    return sorted((CORPUS / name).iterdir())


def run(name: str, seconds: int, folder: Path) -> tuple[bool, str]:
    """One target for so long: whether it is clean, and what it did."""
    grown = FINDINGS / name
    grown.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(
        [str(build(name, folder)), f"-max_total_time={seconds}",
         f"-max_len={TARGETS[name].longest}", "-timeout=10", "-print_final_stats=1",
         f"-artifact_prefix={FINDINGS / name}-", str(grown), str(CORPUS / name)],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace", cwd=folder,
    )  # fmt: skip
    if done.returncode:
        return False, f"fuzz {name}: FOUND something:\n{done.stdout[-3000:]}"
    executed = re.search(r"stat::number_of_executed_units: *(\d+)", done.stdout)
    reached = re.findall(r"cov: (\d+) ft: (\d+) corp: (\d+)", done.stdout)[-1]
    return True, (
        f"fuzz {name}: {TARGETS[name].what}: {int(executed[1]) if executed else 0:,} inputs in "
        f"{seconds} s, {reached[0]} edges, {reached[1]} features, no finding"
    )


def keep(name: str, folder: Path) -> str:
    """tests/corpus/NAME made anew: of what reaches something new, the smallest files."""
    merged = folder / f"merged-{name}"
    merged.mkdir()
    (FINDINGS / name).mkdir(parents=True, exist_ok=True)
    subprocess.run(
        [str(build(name, folder)), "-merge=1", f"-max_len={TARGETS[name].longest}", str(merged),
         str(CORPUS / name), str(FINDINGS / name)],
        check=True, capture_output=True, cwd=folder,
    )  # fmt: skip
    files = sorted(merged.iterdir(), key=lambda path: (path.stat().st_size, path.name))
    step = max(1.0, len(files) / KEPT_FILES)  # small and large ones alike
    chosen = [files[int(i * step)] for i in range(min(len(files), KEPT_FILES))]
    shutil.rmtree(CORPUS / name)
    (CORPUS / name).mkdir()
    for path in chosen:
        shutil.copy(path, CORPUS / name / path.name[:12])
    return f"fuzz {name}: {len(chosen)} of {len(files)} files kept in the tree"


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="campaigns.fuzz", description=__doc__)
    parser.add_argument("targets", nargs="*", help=", ".join(TARGETS))
    parser.add_argument("--seconds", type=int, default=60, help="for each target (60)")
    parser.add_argument("--keep", action="store_true", help="make the corpora in the tree anew")
    wanted = parser.parse_args()
    names = wanted.targets or list(TARGETS)
    unknown = set(names) - set(TARGETS)
    if unknown:
        parser.error(f"no target {', '.join(sorted(unknown))}; there are {', '.join(TARGETS)}")
    good = True
    with tempfile.TemporaryDirectory(prefix="endplate-fuzz-") as made:
        folders = [Path(tempfile.mkdtemp(dir=made)) for _ in names]
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            jobs = [pool.submit(run, name, wanted.seconds, folder)
                    for name, folder in zip(names, folders, strict=True)]  # fmt: skip
            for job in jobs:
                clean, said = job.result()
                good = good and clean
                print(said, flush=True)
        if wanted.keep and good:
            for name, folder in zip(names, folders, strict=True):
                print(keep(name, folder))
    return int(not good)


if __name__ == "__main__":
    sys.exit(main())
