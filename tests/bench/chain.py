# SPDX-License-Identifier: GPL-3.0-or-later
"""What one hop of the chain costs, and how much less than the same chain in scipy.

    python tests/bench/chain.py [--json FILE] [--pairs N]

8 and 32 sites, 1000 samples/s, 50 ms hop, 50 Hz mains with its harmonics: 11 sections. Three ways
take turns over the same counts, so that whatever else the machine does hits all of them:

    cffi      lib.chain_process with pointers made once: everything, with the sites' quality
    process   core.Chain.process, numpy arrays in and out
    scipy     sosfilt with state, power over the window, decoder and shape in numpy and Python,
              without the sites' quality, so the ratio is a lower bound

Figures are microseconds of CPU time per hop and the ratio scipy / cffi, pair by pair: min / median
/ max.
Ends with status 1 when a bar is missed at 8 sites: cffi <= 5 us in the quietest pair (another load
on the machine only adds), ratio >= 20 in the median pair.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
from scipy import signal

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "host"), str(ROOT / "tests" / "core")]

from typical import typical_counts, typical_settings  # noqa: E402

from endplate.core import HOP, Chain, ffi, lib  # noqa: E402

RATE_HZ, HOP_SAMPLES, WINDOW_HOPS = 1000, 50, 3
MAX_US, MIN_RATIO = 5.0, 20.0
MAX_DIFFERENCE = 1e-4  # of a velocity, between the chain in C and the one in scipy
C_HOPS, SCIPY_HOPS = 100, 20


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
        self.weight, self.bias = np.array(decoder["weight"]), np.array(decoder["bias"])
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
            m = min(1.0, max(0.0, (abs(y) - low) / (1.0 - low)))
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


def measure(sites: int, pairs: int) -> dict[str, Any]:
    """Costs and ratios at one number of sites."""
    settings = typical_settings(RATE_HZ, sites, HOP_SAMPLES, WINDOW_HOPS)
    counts = typical_counts(1, C_HOPS * HOP_SAMPLES, sites, RATE_HZ)
    blocks = [counts[k * HOP_SAMPLES : (k + 1) * HOP_SAMPLES] for k in range(C_HOPS)]
    pointers = [ffi.from_buffer("int32_t[]", block) for block in blocks]
    chain, bare, other = Chain(settings), Chain(settings), ScipyChain(settings)
    state, config, call = bare._state, bare.config, lib.chain_process
    hops = ffi.from_buffer("chain_hop[]", np.zeros(4, HOP))
    null = ffi.NULL

    def cffi() -> None:
        for pointer in pointers:
            call(state, config, pointer, HOP_SAMPLES, 0, hops, 4, null)

    def process() -> None:
        for block in blocks:
            chain.process(block)

    def scipy() -> None:
        for block in blocks[:SCIPY_HOPS]:
            other.hop(block)

    ways = {"cffi": (cffi, C_HOPS), "process": (process, C_HOPS), "scipy": (scipy, SCIPY_HOPS)}
    costs: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(pairs + 1):
        for name, (way, hops_made) in ways.items():
            begin = time.thread_time_ns()
            way()
            costs[name].append((time.thread_time_ns() - begin) / hops_made / 1e3)
    costs = {name: values[1:] for name, values in costs.items()}  # the first pair warms up
    ratios = np.array(costs["scipy"]) / np.array(costs["cffi"])
    return {
        "sites": sites,
        "rate_hz": RATE_HZ,
        "hop_ms": 1000 * HOP_SAMPLES / RATE_HZ,
        "sections": settings["band"]["sections"] + settings["notch"]["sections"],
        "pairs": pairs,
        "us_per_hop": {name: spread(values) for name, values in costs.items()},
        "ratio": spread(ratios),
        "largest_difference": agree(settings, counts),
    }


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
    print(f"{RATE_HZ} samples/s, {HOP_SAMPLES} ms hop; us per hop, min / median / max")
    for result in results:
        print(f"{result['sites']} sites, {result['sections']} sections")
        for name, cost in (result["us_per_hop"] | {"ratio": result["ratio"]}).items():
            print(f"  {name:8} {cost['min']:8.2f} / {cost['median']:8.2f} / {cost['max']:8.2f}")
        print(f"  largest difference of a velocity: {result['largest_difference']:.1e}")
    cost, ratio = results[0]["us_per_hop"]["cffi"]["min"], results[0]["ratio"]["median"]
    same = all(result["largest_difference"] < MAX_DIFFERENCE for result in results)
    held = cost <= MAX_US and ratio >= MIN_RATIO and same
    print(
        f"bars at 8 sites: {cost:.2f} us of {MAX_US:g}, ratio {ratio:.0f} of {MIN_RATIO:g}, "
        f"both chains say the same: {same}; {'held' if held else 'MISSED'}"
    )
    if options.json:
        options.json.write_text(json.dumps({"held": bool(held), "chain": results}, indent=2) + "\n")
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main())
