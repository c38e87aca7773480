# SPDX-License-Identifier: GPL-3.0-or-later
"""What one hop of the chain costs, and how much less than the same chain in scipy.

    python tests/bench/chain.py [--json FILE] [--pairs N]

1000 samples/s, 50 ms hop, 50 Hz mains with its harmonics. Several ways take turns over
the same counts, so that whatever else the machine does hits all of them. A linear decoder on power,
at 8 and 32 sites:

    cffi      lib.chain_process with pointers made once: everything, with the sites' quality
    process   core.Chain.process, numpy arrays in and out
    scipy     sosfilt with state, power over the window, decoder and shape in numpy and Python,
              without the sites' quality, so the ratio is a lower bound

A mean decoder on all statistics at 8 sites, as large as a person's: 19 classes, 256 random features
of 23 outputs, a gate of 40 centres; its cffi alone. And the loop over samples alone, at 8 to 128
sites: filter_process of band and notch and features_add, of power and (8 sites) of all statistics.
And a dense array: 64 sites at 2000/s through the whole chain, its hop of 20 ms, as a share of one
core.

Figures are microseconds of CPU time per hop (of the loop: nanoseconds per sample of a channel) and
the ratio scipy / cffi, pair by pair: min / median / max.
Ends with status 1 when a bar is missed: at 8 sites linear <= 4 us, mean <= 20 us; loop of power
<= 3 ns at any number of sites; dense array <= 5 % of a core; each in the quietest pair (another
load on the machine only adds), ratio >= 25 in the median pair.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from scipy import signal

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "host"), str(ROOT / "tests"), str(ROOT / "tests" / "core")]

from typical import typical_counts, typical_settings  # noqa: E402

from endplate.core import HOP, Chain, ffi, lib  # noqa: E402
from endplate.live.decoder import STATISTICS, inputs  # noqa: E402
from endplate.live.decoder import settings as decoder_settings  # noqa: E402
from loop.chain_case import decoders  # noqa: E402

RATE_HZ, HOP_SAMPLES, WINDOW_HOPS = 1000, 50, 3
MAX_US, MAX_MEAN_US, MAX_LOOP_NS, MIN_RATIO, MAX_DENSE = 4.0, 20.0, 3.0, 25.0, 5.0
MAX_DIFFERENCE = 1e-4  # of a velocity, between the chain in C and the one in scipy
C_HOPS, SCIPY_HOPS = 100, 20
ALL = sum(STATISTICS.values())
LOOP_SAMPLES, LOOP_FLOATS = 4096, 2048
DENSE_SITES, DENSE_HZ, DENSE_HOP = 64, 2000, 40
#: Sites and statistics at which the loop over samples is measured.
LOOPS = ((8, 1), (16, 1), (32, 1), (64, 1), (128, 1), (8, ALL))


def weights(decoder: dict[str, Any]) -> tuple[np.ndarray, np.ndarray]:
    """Weight [dofs, inputs] and bias [dofs] of a linear decoder, from its pool (linear.h)."""
    part, pool = decoder["linear"], np.array(decoder["pool"])
    stride = -(-part["outputs"] // lib.LINEAR_PAD) * lib.LINEAR_PAD
    rows = pool[part["weight"] :][: part["inputs"] * stride].reshape(part["inputs"], stride)
    return rows[:, : part["outputs"]].T, pool[part["bias"] :][: part["outputs"]]


class ScipyChain:
    """The same chain with numpy and scipy, in float64, one hop at a time."""

    def __init__(self, settings: dict[str, Any]) -> None:
        self.settings = settings
        sites = settings["sites"]
        order = ("b0", "b1", "b2", "a1", "a2")
        self.filters = []
        for name in ("band", "notch"):
            rows = [[row[key] for key in order] for row in settings[name]["section"]]
            sos = np.insert(np.array(rows), 3, 1.0, axis=1)
            self.filters.append([sos, np.zeros((len(sos), 2, sites))])
        features, decoder = settings["features"], settings["decoder"]
        self.rest, self.reference = np.array(features["rest"]), np.array(features["reference"])
        self.weight, self.bias = weights(decoder)
        self.ring: list[np.ndarray] = []
        self.base: np.ndarray | None = None
        self.velocity = [0.0] * len(self.bias)
        self.moving = [0] * len(self.bias)

    def hop(self, counts: np.ndarray) -> list[float]:
        """One hop of counts -> velocity per DoF."""
        if self.base is None:
            self.base = counts[0].copy()
        x = (counts - self.base) * self.settings["uv_per_count"]
        for pair in self.filters:
            x, pair[1] = signal.sosfilt(pair[0], x, axis=0, zi=pair[1])
        self.ring = [*self.ring, np.sum(x * x, axis=0)][-WINDOW_HOPS:]
        power = np.sum(self.ring, axis=0) / (len(self.ring) * HOP_SAMPLES)
        activation = np.sqrt(np.maximum(power - self.rest, 0.0)) / self.reference
        return self._shape(self.weight @ activation + self.bias)

    def _shape(self, intent: np.ndarray) -> list[float]:
        shape = self.settings["shape"]
        wanted = []
        for d, y in enumerate(intent.tolist()):
            dof, sign = shape["dof"][d], (y > 0) - (y < 0)
            low = dof["dead_band"] * (shape["release_ratio"] if self.moving[d] == sign else 1.0)
            self.moving[d] = sign if abs(y) > low else 0
            side = dof["positive"] if sign > 0 else dof["negative"]
            knee = min(1.0, 2.0 * low)
            m = float(np.interp(abs(y), [low, knee, 1.0], [0.0, knee, 1.0]))
            wanted.append(sign * min(1.0, side["gain"] * m ** side["exponent"]))
        length = math.sqrt(sum(v * v for v in wanted))
        cap = shape["norm_cap"] / length if length > shape["norm_cap"] else 1.0
        for d, v in enumerate(wanted):
            sign, before = math.copysign(1.0, v), self.velocity[d]
            step = shape["dof"][d]["slew_per_s"] * HOP_SAMPLES / RATE_HZ
            self.velocity[d] = sign * min(abs(v * cap), max(0.0, sign * before) + step)
        return list(self.velocity)


def agree(settings: dict[str, Any], counts: np.ndarray) -> float:
    """Largest difference in velocity between the two chains: they must be the same chain."""
    chain, other = Chain(settings), ScipyChain(settings)
    worst = 0.0
    for start in range(0, len(counts), HOP_SAMPLES):
        block = counts[start : start + HOP_SAMPLES]
        theirs = other.hop(block)
        ours = chain.process(block)["velocity"][0, : len(theirs)]
        worst = max(worst, float(np.max(np.abs(ours - theirs))))
    return worst


def mean_settings() -> dict[str, Any]:
    """Eight sites with all statistics, a mean decoder of four DoF and a gate, full of numbers."""
    made = typical_settings(RATE_HZ, 8, HOP_SAMPLES, WINDOW_HOPS)
    decoder, gate = decoders("mean", inputs(ALL, 8))
    more = {"statistics": ALL, "form": 1, "recent_hops": 1}
    return made | {
        "features": made["features"] | more,
        "gate": gate,
        "decoder": decoder_settings(decoder),
        "shape": made["shape"] | {"dofs": 4, "dof": made["shape"]["dof"] * 2},
        "place": [0, 1, 2, 3],
        "needs": [255] * 4,
    }


def cffi_way(
    settings: dict[str, Any], pointers: list[Any], n: int = HOP_SAMPLES
) -> Callable[[], None]:
    """lib.chain_process over all blocks."""
    bare = Chain(settings)
    state, config, call, null = bare._state, bare.config, lib.chain_process, ffi.NULL
    hops = ffi.from_buffer("chain_hop[]", np.zeros(4, HOP))

    def cffi() -> None:
        for pointer in pointers:
            call(state, config, pointer, n, 0, hops, 4, null, null)

    cffi.keeps = bare  # type: ignore[attr-defined]
    return cffi


def loop_way(sites: int, statistics: int) -> Callable[[], None]:
    """Filters and sums of LOOP_SAMPLES, a hop, in blocks of as many floats for any number of sites:
    they stay in the nearest cache, and are long enough that calling from Python costs nothing."""
    settings = typical_settings(RATE_HZ, sites, LOOP_SAMPLES, 1)
    few = min(sites, lib.CORE_CHAIN_SITES)  # that a decoder looks at
    settings["features"] |= {
        "statistics": statistics, "recent_hops": 1, "chosen": few, "chosen_site": [*range(few)],
    }  # fmt: skip
    parts = []
    for name, kind in (("band", "filter"), ("notch", "filter"), ("features", "features")):
        config, state = ffi.new(f"{kind}_config *", settings[name]), ffi.new(f"{kind}_state *")
        assert getattr(lib, f"{kind}_init")(state, config) == 0
        parts.append((state, config))
    band, notch, features = parts
    n = LOOP_FLOATS // sites
    x = np.random.default_rng(3).normal(0, 40, (n, sites)).astype(np.float32)
    given, made = ffi.from_buffer("float[]", x), ffi.new("float[]", x.size)
    rows, turns = ffi.new("float[]", lib.FEATURES_MAX_ROWS), LOOP_SAMPLES // n

    def loop() -> None:
        for _ in range(turns):
            lib.filter_process(*band, given, n, made)
            lib.filter_process(*notch, made, n, made)
            lib.features_add(*features, made, n)
        assert lib.features_hop(*features, rows) == 0

    return loop


def take_turns(ways: dict[Any, tuple[Callable[[], None], float]], pairs: int) -> dict[Any, Any]:
    """Microseconds of CPU time per unit of each way, [pairs]; a way has so many units."""
    costs: dict[Any, list[float]] = {name: [] for name in ways}
    for _ in range(pairs + 1):
        for name, (way, units) in ways.items():
            begin = time.thread_time_ns()
            way()
            costs[name].append((time.thread_time_ns() - begin) / units / 1e3)
    return {name: np.array(values[1:]) for name, values in costs.items()}  # the first one warms up


def measure(sites: int, pairs: int) -> dict[str, Any]:
    """Costs and ratios of the linear decoder at one number of sites; at 8 of the mean one too."""
    settings = typical_settings(RATE_HZ, sites, HOP_SAMPLES, WINDOW_HOPS)
    counts = typical_counts(1, C_HOPS * HOP_SAMPLES, sites, RATE_HZ)
    blocks = [counts[k * HOP_SAMPLES : (k + 1) * HOP_SAMPLES] for k in range(C_HOPS)]
    pointers = [ffi.from_buffer("int32_t[]", block) for block in blocks]
    chain, other = Chain(settings), ScipyChain(settings)

    def process() -> None:
        for block in blocks:
            chain.process(block)

    def scipy() -> None:
        for block in blocks[:SCIPY_HOPS]:
            other.hop(block)

    ways = {"cffi": (cffi_way(settings, pointers), C_HOPS), "process": (process, C_HOPS)}
    ways |= {"scipy": (scipy, SCIPY_HOPS)}
    if sites == 8:
        ways["mean"] = cffi_way(mean_settings(), pointers), C_HOPS
    costs = take_turns(ways, pairs)
    return {
        "sites": sites,
        "rate_hz": RATE_HZ,
        "hop_ms": 1000 * HOP_SAMPLES / RATE_HZ,
        "sections": settings["band"]["sections"] + settings["notch"]["sections"],
        "pairs": pairs,
        "us_per_hop": {name: spread(values) for name, values in costs.items()},
        "ratio": spread(costs["scipy"] / costs["cffi"]),
        "largest_difference": agree(settings, counts),
    }


def measure_loops(pairs: int) -> list[dict[str, Any]]:
    """Nanoseconds per sample of a channel in the loop over samples."""
    ways = {
        (sites, statistics): (loop_way(sites, statistics), LOOP_SAMPLES * sites / 1e3)
        for sites, statistics in LOOPS
    }
    return [
        {"sites": sites, "statistics": statistics, "ns": spread(values)}
        for (sites, statistics), values in take_turns(ways, pairs).items()
    ]


def measure_dense(pairs: int) -> dict[str, float]:
    """Percent of one core that a dense array's chain takes."""
    settings = typical_settings(DENSE_HZ, DENSE_SITES, DENSE_HOP, 8)
    counts = typical_counts(1, C_HOPS * DENSE_HOP, DENSE_SITES, DENSE_HZ)
    blocks = [counts[k * DENSE_HOP : (k + 1) * DENSE_HOP] for k in range(C_HOPS)]
    pointers = [ffi.from_buffer("int32_t[]", block) for block in blocks]
    way = cffi_way(settings, pointers, DENSE_HOP), C_HOPS
    return spread(take_turns({"dense": way}, pairs)["dense"] * DENSE_HZ / DENSE_HOP / 1e4)


def spread(values: Any) -> dict[str, float]:
    """Minimum, median and maximum, rounded."""
    kinds = {"min": np.min, "median": np.median, "max": np.max}
    return {kind: round(float(of(values)), 2) for kind, of in kinds.items()}


def main() -> int:
    """Measures, prints, writes; returns the exit status."""
    parser = argparse.ArgumentParser(description="What one hop of the chain costs.")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the figures")
    parser.add_argument("--pairs", type=int, default=80, metavar="N", help="default 80")
    options = parser.parse_args()
    results = [measure(sites, options.pairs) for sites in (8, 32)]
    loops, dense = measure_loops(options.pairs), measure_dense(options.pairs)
    print(f"{RATE_HZ} samples/s, {HOP_SAMPLES} ms hop; us per hop, min / median / max")
    for result in results:
        print(f"{result['sites']} sites, {result['sections']} sections")
        for name, cost in (result["us_per_hop"] | {"ratio": result["ratio"]}).items():
            line(name, cost)
        print(f"  largest difference of a velocity: {result['largest_difference']:.1e}")
    print("filters and features alone; ns per sample of a channel")
    for loop in loops:
        of = "power" if loop["statistics"] == 1 else "all"
        line(f"{loop['sites']} sites, {of}", loop["ns"])
    print(f"{DENSE_SITES} sites at {DENSE_HZ}/s, everything; percent of one core")
    line("linear", dense)
    costs, ratio = results[0]["us_per_hop"], results[0]["ratio"]["median"]
    loop_ns = max(loop["ns"]["min"] for loop in loops if loop["statistics"] == 1)
    figures = costs["cffi"]["min"], costs["mean"]["min"], loop_ns, dense["min"]
    bars = (MAX_US, MAX_MEAN_US, MAX_LOOP_NS, MAX_DENSE)
    same = all(result["largest_difference"] < MAX_DIFFERENCE for result in results)
    within = all(a <= b for a, b in zip(figures, bars, strict=True))
    held = within and ratio >= MIN_RATIO and same
    print(
        f"bars: linear {figures[0]:.2f} us of {MAX_US:g}, mean {figures[1]:.2f} us of "
        f"{MAX_MEAN_US:g}, loop {figures[2]:.2f} ns of {MAX_LOOP_NS:g}, "
        f"dense {figures[3]:.2f} % of {MAX_DENSE:g}, ratio {ratio:.0f} of {MIN_RATIO:g}, "
        f"both chains say the same: {same}; {'held' if held else 'MISSED'}"
    )
    if options.json:
        figures_made = {"held": bool(held), "chain": results, "loop": loops, "dense": dense}
        options.json.write_text(json.dumps(figures_made, indent=2) + "\n")
    return 0 if held else 1


def line(name: str, cost: dict[str, float]) -> None:
    """One row of figures."""
    print(f"  {name:15} {cost['min']:8.2f} / {cost['median']:8.2f} / {cost['max']:8.2f}")


if __name__ == "__main__":
    sys.exit(main())
