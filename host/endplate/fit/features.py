# SPDX-License-Identifier: GPL-3.0-or-later
"""Recorded counts -> statistics per hop and site, by the same C that runs live; vectors from them.

Training on anything but the live engine's own features is how trainers and controllers drift apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from endplate import core, core_decoder
from endplate.live.decoder import STATISTICS
from endplate.live.profile import FORMS, chain_settings, recent_hops

#: No floor and no rest power is below this (microvolt^2): the noise of the converter.
LEAST_UV2 = 0.01
PAIR_SITES: int = core.lib.FEATURES_PAIR_SITES
ALL_STATISTICS = sum(STATISTICS.values())
NO_PAIRS = STATISTICS["power"] + STATISTICS["recent"] + STATISTICS["difference"]


@dataclass(frozen=True)
class Statistics:
    """Second-order statistics of some sites, microvolt^2, float64, a row per hop (features.h).

    `power`, `recent` and `difference` [hops, sites]; `covariance` and `difference_covariance`
    [hops, pairs], pairs in the order 01 02 .. 12 .., no columns where more than PAIR_SITES sites
    were chosen.
    """

    power: np.ndarray
    recent: np.ndarray
    difference: np.ndarray
    covariance: np.ndarray
    difference_covariance: np.ndarray

    @property
    def parts(self) -> tuple[np.ndarray, ...]:
        """All of them, in the order of features.h."""
        return (
            self.power, self.recent, self.difference, self.covariance, self.difference_covariance
        )  # fmt: skip

    def __len__(self) -> int:
        return len(self.power)

    def __getitem__(self, hops: Any) -> Statistics:
        return Statistics(*(part[hops] for part in self.parts))

    def without(self, sites: np.ndarray) -> Statistics:
        """With the sites of this mask silent, as a bad electrode's are."""
        keep = np.where(sites, 0.0, 1.0)
        pairs = np.array([keep[i] * keep[j] for i, j in pairs_of(len(keep))])
        return Statistics(
            *(part * keep for part in self.parts[:3]),
            *(part * pairs if part.shape[1] else part for part in self.parts[3:]),
        )  # fmt: skip

    def only(self, sites: Sequence[int]) -> Statistics:
        """Of these sites alone, in this order."""
        index = {pair: k for k, pair in enumerate(pairs_of(self.power.shape[1]))}
        chosen = list(sites)
        pairs = [index[min(chosen[i], chosen[j]), max(chosen[i], chosen[j])]
                 for i, j in pairs_of(len(chosen))]  # fmt: skip
        return Statistics(
            *(part[:, chosen] for part in self.parts[:3]),
            *(part[:, pairs] if part.shape[1] else part for part in self.parts[3:]),
        )  # fmt: skip

    def then(self, other: Statistics) -> Statistics:
        """These hops and then the other's."""
        return Statistics(*map(np.concatenate, zip(self.parts, other.parts, strict=True)))


def pairs_of(sites: int) -> list[tuple[int, int]]:
    """The pairs of sites in the order of features.h."""
    return [(i, j) for i in range(sites) for j in range(i + 1, sites)]


def superposed(a: Statistics, b: Statistics, rest: Statistics) -> Statistics:
    """Two muscles' signals at once: their statistics add; the noise at rest is there once only.

    `rest` is one row, the median at rest. The two signals are taken to be independent.
    """
    made = [x + y - r for x, y, r in zip(a.parts, b.parts, rest.parts, strict=True)]
    powers = [np.maximum(part, least) for part, least in zip(made[:3], rest.parts[:3], strict=True)]
    return Statistics(*powers, *made[3:])


@dataclass(frozen=True)
class Hops:
    """What the chain made of a recording, one row per hop.

    `end` [hops]: samples taken when the hop closed. `power` [hops, channels] in microvolt^2 over
    the window that ends there. `bad` bool [hops, channels]: flat, railed, lifted or missing.
    `clean_uv` is the conditioned signal [samples, channels] in microvolt. `chosen` are statistics
    of the chosen channels.
    """

    rate_hz: float
    hop_samples: int
    window_hops: int
    end: np.ndarray
    power: np.ndarray
    bad: np.ndarray
    clean_uv: np.ndarray
    chosen: Statistics

    @property
    def window_s(self) -> float:
        """Length of the window in seconds."""
        return self.hop_samples * self.window_hops / self.rate_hz

    @property
    def step_s(self) -> float:
        """Seconds from hop to hop."""
        return self.hop_samples / self.rate_hz

    @property
    def time_s(self) -> np.ndarray:
        """Seconds from the first sample to the end of each hop's window."""
        return self.end / self.rate_hz


def hops_of(
    counts: np.ndarray,
    rate_hz: float,
    uv_per_count: float,
    full_scale_uv: float,
    mains_hz: float,
    *,
    hop_samples: int | None = None,
    window_hops: int | None = None,
    chosen: Sequence[int] | None = None,
) -> Hops:
    """Runs counts int32 [samples, channels] through core.Chain without a decoder.

    `chosen` are columns of counts (all of them by default).
    """
    channels = counts.shape[1]
    columns = list(range(channels)) if chosen is None else list(chosen)
    settings = chain_settings(
        None, rate_hz=rate_hz, channels=channels, uv_per_count=uv_per_count,
        full_scale_uv=full_scale_uv, mains_hz=mains_hz,
    )
    features = settings["features"]
    features["chosen"], features["chosen_site"] = len(columns), columns
    paired = 2 <= len(columns) <= PAIR_SITES
    features["statistics"] = ALL_STATISTICS if paired else NO_PAIRS
    if hop_samples is not None:
        features["hop_samples"] = hop_samples
    if window_hops is not None:
        features["window_hops"] = window_hops
    features["recent_hops"] = recent_hops(features["window_hops"])
    inputs = core_decoder.inputs(features)
    settings["decoder"] |= {"inputs": inputs}
    chain = core.Chain(settings)
    clean = np.zeros(counts.shape, np.float32)
    rows = np.zeros((len(counts) // features["hop_samples"] + 1, core.MAX_ROWS), np.float32)
    made = chain.process(counts, clean=clean, rows=rows)
    bits = (made["bad_sites"][:, None] >> np.arange(channels, dtype=np.uint64)) & 1
    n, pairs = len(columns), len(columns) * (len(columns) - 1) // 2 if paired else 0
    cuts = np.cumsum([channels, n, n, pairs, pairs])
    power, *others = np.split(rows[: len(made)].astype(float), cuts, axis=1)[:5]
    return Hops(
        rate_hz, features["hop_samples"], features["window_hops"],
        made["samples"].astype(np.int64), power, bits.astype(bool), clean,
        Statistics(power[:, columns], *others),
    )  # fmt: skip


@dataclass(frozen=True)
class Look:
    """How statistics become the vector that a decoder sees: the settings of features.h.

    Per site: `rest` and `floor` and `difference_floor` in microvolt^2, `reference` in microvolt.
    `statistics` are bits, `form` one of FORMS.
    """

    rest: np.ndarray
    reference: np.ndarray
    floor: np.ndarray
    difference_floor: np.ndarray
    statistics: int = 1
    form: str = "rms"

    def seen(self, statistics: int, form: str) -> Look:
        """The same person, looked at otherwise."""
        return replace(self, statistics=statistics, form=form)

    def only(self, sites: Sequence[int]) -> Look:
        """Of these sites alone."""
        each = {name: getattr(self, name)[list(sites)] for name in
                ("rest", "reference", "floor", "difference_floor")}  # fmt: skip
        return replace(self, **each)

    def settings(self) -> dict[str, Any]:
        """`features_config` for vectors of these sites alone."""
        sites = len(self.rest)
        return {
            "sites": sites, "statistics": self.statistics, "hop_samples": 1, "window_hops": 1,
            "recent_hops": 1, "form": FORMS.index(self.form), "chosen": sites,
            "chosen_site": list(range(sites)),
            "rest": self.rest.tolist(), "reference": self.reference.tolist(),
            "floor": self.floor.tolist(), "difference_floor": self.difference_floor.tolist(),
        }  # fmt: skip

    def vectors(self, statistics: Statistics) -> np.ndarray:
        """Vectors float32 [hops, inputs], by the core."""
        asked = [part for bit, part in zip(STATISTICS.values(), statistics.parts, strict=True)
                 if self.statistics & bit]  # fmt: skip
        return core_decoder.vectors(self.settings(), np.concatenate(asked, axis=1))
