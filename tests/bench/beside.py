# SPDX-License-Identifier: GPL-3.0-or-later
"""Our decoders beside LibEMG's, on the same windows; and what a step of each costs.

    python tests/bench/beside.py [--people 1,4,9] [--rates 2000,250] [--libemg PYTHON]

Decoders: biopatrec10, three DoF, repetitions 1 and 2 learned from, 3 judged, 2 kHz and 250 Hz,
200 ms windows, 50 ms steps, with and without added combinations (needs ../shared/data; LibEMG in a
virtual environment of its own, which `make bench` makes). Both are judged by
endplate.fit.judgement.figures.

Streaming: CPU time of a 50 ms step, 8 channels, 1 kHz: our whole chain, scipy's filters with
state, what brainflow's DataFilter needs for the newest second, LibEMG's online step. Ratios of
medians in one run. Ends with status 1 when a bar is missed: scipy 25 times, LibEMG 300 times, and
every person's R^2.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "host"), str(ROOT / "tests"), str(ROOT / "tests" / "core")]

from typical import typical_counts, typical_settings  # noqa: E402

from bench.chain import ScipyChain  # noqa: E402
from endplate.core import HOP, Chain, ffi, lib  # noqa: E402
from endplate.fit.frames import Frames  # noqa: E402
from endplate.fit.judgement import Judged, figures, judge  # noqa: E402
from endplate.fit.recorded.trials import Hopped, Trials, hops, summed_parts, sums  # noqa: E402
from readers import biopatrec10  # noqa: E402

DATA = ROOT.parent / "shared" / "data" / "biopatrec10"
SIDE = Path(__file__).with_name("libemg_side.py")
SHOWN = ("r2", "combined_r2", "leakage", "rest_motion_share", "direction_accuracy")
RATE_HZ, HOP_SAMPLES, WINDOW_HOPS, SITES = 1000, 50, 3, 8
SCIPY_TIMES, LIBEMG_TIMES = 25, 300
ROUNDS = 6
STEPS = 100  # of each, one after the other, as each would run alone


# ---- decoders ----


def windows_of(trials: Trials) -> np.ndarray:
    """Causally filtered windows [n, channels, samples] that end where our hops do."""
    from scipy.signal import butter, sosfilt

    rate = trials.rate_hz
    band = butter(2, [20, min(450, 0.45 * rate)], "bandpass", fs=rate, output="sos")
    hop = round(trials.hop_s * rate)
    window = hop * round(trials.window_s * rate / hop)  # of whole hops, as ours is
    made = []
    for part in trials.parts:
        x = sosfilt(band, part.uv - part.uv[0], axis=0)
        ends = np.arange(hop, len(x) + 1, hop)
        made += [x[end - window : end].T for end in ends[ends >= window]]
    return np.array(made, np.float32)


def libemg(python: Path, trials: Trials, combined: bool) -> dict[str, dict[str, float]]:
    """Figures of each of its regressors."""
    made = hops(trials)
    frames, windows, test = made.frames, windows_of(trials), made.test
    if combined:
        for half in (False, True):  # sums of what is learned from, then of what is judged on
            both, windows_both = summed(trials, half)
            frames = frames.then(both.frames)
            windows = np.concatenate([windows, windows_both])
            test = np.append(test, np.full(len(both.test), half))
    with tempfile.TemporaryDirectory() as name:
        source, target = Path(name) / "in.npz", Path(name) / "out.npz"
        np.savez(source, windows=windows, y=frames.y, train=~test)
        command = [python, SIDE, "judge", source, target]
        ran = subprocess.run(command, capture_output=True, text=True)
        if ran.returncode:
            sys.exit(f"LibEMG's side failed: {ran.stderr[-2000:]}")
        with np.load(target) as file:
            outputs = {key: file[key] for key in file}
    judged: Frames = frames[test]
    return {key: figures(out[test], judged, made.step_s) for key, out in outputs.items()}


def summed(trials: Trials, test: bool) -> tuple[Hopped, np.ndarray]:
    """Sums of two movements of the half that is judged on, or of the other one."""
    if not test:
        turned = [replace(part, test=~np.asarray(part.test)) for part in trials.parts]
        trials = replace(trials, parts=turned)
    some, both = replace(trials, parts=summed_parts(trials)), sums(trials)
    assert both is not None
    return both, windows_of(some)


def decoders(people: list[int], rate_hz: int, python: Path, data: Path) -> bool:
    """Prints a table a way of training; whether every person's bar is held."""
    held = True
    for combined in (False, True):
        print(f"\n{rate_hz} Hz, {'with added combinations' if combined else 'single movements'}")
        rows: dict[str, list[list[float]]] = {}
        for person in people:
            trials = biopatrec10.read(data / f"{person}.npz", rate_hz)
            ours: Judged = judge(trials, combined=combined)
            theirs = libemg(python, trials, combined)
            add(rows, "Endplate auto", ours.chosen.figures)
            for verdict in ours.verdicts:
                add(rows, f"Endplate {verdict.row.candidate.name}", verdict.figures)
            for name, found in theirs.items():
                add(rows, f"LibEMG {name}", found)
            held = beside(person, ours, theirs, combined) and held
        heads = "".join(f"{word:>8}" for word in ("R2", "comb.", "idle", "rest", "dir."))
        print(f"{f'mean of {len(people)}':28}{heads}")
        for name, found in rows.items():
            means = np.mean(found, axis=0)
            told = "".join(f"{v:8.3f}" if np.isfinite(v) else f"{'–':>8}" for v in means)
            print(f"{name:28}{told}")
    return held


def beside(
    person: int, ours: Judged, theirs: dict[str, dict[str, float]], combined: bool
) -> bool:
    """Prints a person's line; whether ours is above the best of theirs, each figure by itself."""
    figures_of, said, held = ours.chosen.figures, [], True
    for key, word in (("r2", "R2"), ("combined_r2", "combinations"))[: 1 + combined]:
        best = max(theirs, key=lambda name, key=key: theirs[name][key])  # type: ignore[misc]
        better = figures_of[key] > theirs[best][key]
        held = held and better
        said.append(f"{word} {figures_of[key]:.3f}, LibEMG's best {theirs[best][key]:.3f} ({best})"
                    + ("" if better else " NOT BEATEN"))  # fmt: skip
    name = ours.chosen.row.candidate.name
    print(f"person {person:2}: {'; '.join(said)}; auto took {name}", flush=True)
    return held


def add(rows: dict[str, list[list[float]]], name: str, found: dict[str, float]) -> None:
    """One person's figures under a name."""
    rows.setdefault(name, []).append([found[key] for key in SHOWN])


# ---- streaming ----


def ours_step(counts: np.ndarray) -> Callable[[range], None]:
    """The whole chain with its quality, decoder and shape."""
    chain = Chain(typical_settings(RATE_HZ, SITES, HOP_SAMPLES, WINDOW_HOPS))
    hops_made = ffi.from_buffer("chain_hop[]", np.zeros(4, HOP))
    parts = [counts[k : k + HOP_SAMPLES] for k in range(0, len(counts), HOP_SAMPLES)]
    pointers = [ffi.from_buffer("int32_t[]", part) for part in parts]

    call, state, config, null = lib.chain_process, chain._state, chain.config, ffi.NULL

    def steps(which: range) -> None:
        for pointer in pointers[which.start : which.stop]:
            call(state, config, pointer, HOP_SAMPLES, 0, hops_made, 4, null, null)

    return steps


def scipy_step(counts: np.ndarray) -> Callable[[range], None]:
    """The same without quality, in numpy and scipy."""
    chain = ScipyChain(typical_settings(RATE_HZ, SITES, HOP_SAMPLES, WINDOW_HOPS))

    def steps(which: range) -> None:
        for k in which:
            chain.hop(counts[k * HOP_SAMPLES : (k + 1) * HOP_SAMPLES])

    return steps


def brainflow_step(counts: np.ndarray) -> Callable[[range], None]:
    """Band-pass, notch and mean power of the newest second of each channel."""
    from brainflow.data_filter import DataFilter, FilterTypes, NoiseTypes

    uv = counts.astype(float) * 0.0223517

    def one(k: int) -> None:
        for channel in range(SITES):
            x = uv[k * HOP_SAMPLES : k * HOP_SAMPLES + RATE_HZ, channel].copy()
            DataFilter.perform_bandpass(
                x, RATE_HZ, 20.0, 450.0, 4, FilterTypes.BUTTERWORTH.value, 0
            )
            DataFilter.remove_environmental_noise(x, RATE_HZ, NoiseTypes.FIFTY.value)
            float(x @ x)

    def steps(which: range) -> None:
        for k in which:
            one(k)

    return steps


def streaming(python: Path | None) -> bool:
    """Prints microseconds of CPU time per step and ratios; whether the bars are held."""
    counts = typical_counts(1, (ROUNDS * STEPS + 20) * HOP_SAMPLES, SITES, RATE_HZ)
    ways = {"Endplate": ours_step(counts), "scipy with state": scipy_step(counts)}
    ways["brainflow DataFilter, 1 s"] = brainflow_step(counts)
    took: dict[str, list[float]] = {name: [] for name in ways}
    for start in range(0, ROUNDS * STEPS, STEPS):
        for name, steps in ways.items():
            began = time.thread_time_ns()
            steps(range(start, start + STEPS))
            took[name].append((time.thread_time_ns() - began) / STEPS / 1e3)
    medians = {name: float(np.median(values[1:])) for name, values in took.items()}
    if python is not None:
        with tempfile.TemporaryDirectory() as folder:
            source = Path(folder) / "in.npz"
            np.savez(source, signal=counts * 0.0223517, rate_hz=RATE_HZ, hop=HOP_SAMPLES,
                     window=HOP_SAMPLES * WINDOW_HOPS)  # fmt: skip
            said = subprocess.run([python, SIDE, "stream", source], check=True, text=True,
                                  capture_output=True).stdout  # fmt: skip
        medians["LibEMG online step"] = float(np.median(json.loads(said.splitlines()[-1])))
    print(f"\nCPU time of a step of {HOP_SAMPLES} ms, {SITES} channels, {RATE_HZ} Hz")
    for name, us in medians.items():
        print(f"  {name:28}{us:10.1f} us   {us / medians['Endplate']:8.1f} times ours")
    ratios = {name: us / medians["Endplate"] for name, us in medians.items()}
    held = ratios["scipy with state"] >= SCIPY_TIMES
    return held and ratios.get("LibEMG online step", LIBEMG_TIMES) >= LIBEMG_TIMES


def main() -> int:
    """Status 1 when a bar is missed."""
    parser = argparse.ArgumentParser(description="Endplate beside others.")
    parser.add_argument("--people", default="1,4,9", help="of biopatrec10 (1,4,9)")
    parser.add_argument("--rates", default="2000,250", help="samples/s (2000,250)")
    parser.add_argument("--data", type=Path, default=DATA, help="folder of biopatrec10")
    parser.add_argument("--libemg", type=Path, help="Python that has LibEMG")
    parser.add_argument("--decoders-only", action="store_true", help="leave out what a step costs")
    options = parser.parse_args()
    held = options.decoders_only or streaming(options.libemg)
    people = [int(number) for number in options.people.split(",")]
    if not options.data.is_dir():
        print(f"Decoders were not compared: {options.data} is not there.")
    elif options.libemg is None:
        print("Decoders were not compared: LibEMG is not installed (make bench installs it).")
    else:
        for rate_hz in map(int, options.rates.split(",")):
            held = decoders(people, rate_hz, options.libemg, options.data) and held
    print("bars held" if held else "bars MISSED")
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main())
