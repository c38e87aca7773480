# SPDX-License-Identifier: GPL-3.0-or-later
"""Alarms on real people in whose recordings no electrode came off: once in ten minutes at most.

Counted apart is what the recordings' own READMEs list: transients in the first half second of a
motion of biopatrec-artifacts, blinks and the jaw clench of cyton-jawclench as motion; and mains,
where a Welch spectrum of the same second says the same.
"""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from scipy import signal
from typical import FULL_SCALE_UV, UV_PER_COUNT

from endplate.core import Chain, lib
from endplate.core_meter import HEART, MOTION
from endplate.fit.sites.quality import mains_db
from endplate.live.meters import SiteMeters
from endplate.live.profile import chain_settings
from readers import biopatrec_artifacts, cyton

BY_WELCH = "mains, as Welch says"
LOOK_S = 0.2
FAULTS_S = 0.1  # how long after it a fault may be told
MAINS_DOUBT_DB = -13.0  # Welch of one second against the meter's smoothed one


def chain_of(rate_hz: int, sites: int, mains_hz: float, rest_uv2=None) -> Chain:
    """As a session has it: without a profile, or with the rest that one knows."""
    made = chain_settings(
        None, rate_hz=rate_hz, channels=sites, uv_per_count=UV_PER_COUNT,
        full_scale_uv=FULL_SCALE_UV, mains_hz=mains_hz,
    )  # fmt: skip
    if rest_uv2 is not None:
        made["features"] = made["features"] | {"rest": list(rest_uv2)}
    return Chain(made)


def rest_power(uv: np.ndarray, rate_hz: int) -> np.ndarray:
    """Power of the quietest fifth of a recording's frames, conditioned, microvolt^2."""
    band = signal.butter(2, [20, min(450, 0.45 * rate_hz)], "bandpass", fs=rate_hz, output="sos")
    clean = signal.sosfilt(band, uv - uv[0], axis=0)
    for line in (50, 60):
        clean = signal.lfilter(*signal.iirnotch(line, line / 2, rate_hz), clean, axis=0)
    frame = rate_hz // 12
    frames = (clean[: len(clean) // frame * frame].reshape(-1, frame, uv.shape[1]) ** 2).mean(1)
    return np.percentile(frames[12:], 20, axis=0)


def alarms(streams, rate_hz: int, mains_hz: float = 50, rest_uv2=None):
    """(stream, second, site, kind) of every alarm that begins; the first stream's filters begin
    with it, before the others there is a gap, and the electrodes' offsets go on."""
    sites = streams[0].shape[1]
    chain = chain_of(rate_hz, sites, mains_hz, rest_uv2)
    meters = SiteMeters(rate_hz, sites, UV_PER_COUNT)
    found, last, on = [], streams[0][0], set()
    step = round(LOOK_S * rate_hz)
    for number, uv in enumerate(streams):
        moved = uv - uv[0] + last
        last = moved[-1]
        limit = 2**23 - 1
        counts = np.clip(np.round(moved / UV_PER_COUNT), -limit - 1, limit).astype(np.int32)
        for start in range(0, len(counts), step):
            part = counts[start : start + step]
            clean = np.zeros(part.shape, np.float32)
            bad = int(np.bitwise_or.reduce(chain.process(part, 0, clean)["bad_sites"], initial=0))
            meters.take(part, clean, chain, (1 << sites) - 1 if number and not start else 0)
            quality, values = chain.quality, meters.meter.values
            now = {(i, "contact") for i in range(sites) if bad >> i & 1}
            now |= {(i, "clipped") for i in np.flatnonzero(quality["clipped_share"] > 1e-3)}
            now |= {(i, "mains") for i in np.flatnonzero(quality["bits"] & lib.QUALITY_MAINS)}
            now |= {(i, "motion") for i in np.flatnonzero(values["bits"] & MOTION)}
            now |= {(i, "heart") for i in np.flatnonzero(values["bits"] & HEART)}
            second = start / rate_hz
            for site, kind in sorted(now - on, key=str):
                if kind == "mains":
                    end = max(start + step, rate_hz)
                    ratio_db = mains_db(moved[end - rate_hz : end, site], rate_hz, mains_hz)
                    kind = BY_WELCH if ratio_db > MAINS_DOUBT_DB else kind
                found.append((number, second, int(site), kind))
            on = now
    return found


@pytest.fixture(scope="module")
def told(recordings) -> dict[str, tuple[float, Counter, Counter]]:
    """Per set: minutes, false alarms and those counted apart."""
    sets: dict[str, tuple[float, Counter, Counter]] = {}

    def count(name, minutes, found, apart):
        _, false, known = sets.setdefault(name, (0.0, Counter(), Counter()))
        sets[name] = (sets[name][0] + minutes, false, known)
        for alarm in found:
            (known if alarm[3] == BY_WELCH or apart(alarm) else false)[alarm[3]] += 1

    def listed_there(alarm):
        begun = alarm[1] <= biopatrec_artifacts.TRANSIENT_S + FAULTS_S
        return begun and alarm[3] in ("contact", "clipped", "motion")

    for path in sorted((recordings / "biopatrec-artifacts").glob("*.npz")):
        for uv in biopatrec_artifacts.motions(path).values():
            for rest in (None, rest_power(uv, 1000)):
                found = alarms([uv], 1000, rest_uv2=rest)
                name = "biopatrec-artifacts" + ("" if rest is None else ", rest known")
                count(name, len(uv) / 60_000, found, listed_there)
    path = next((recordings / "cyton-jawclench").glob("*.gz"))
    uv = cyton.microvolts(path)
    for rest in (None, rest_power(uv, 250)):
        found = alarms([uv], 250, cyton.MAINS_HZ, rest)
        name = "cyton-jawclench" + ("" if rest is None else ", rest known")
        count(name, len(uv) / 15_000, found, lambda a: a[3] == "motion")
    for path in sorted((recordings / "intensity8ch").glob("*.npz")):
        with np.load(path) as file:
            streams = {key: file[key].astype(float) for key in file.files}
        held = np.concatenate([streams[f"60P_C{c}_R1"] for c in range(2, 8)])
        scale = 100.0 / np.sqrt(np.mean((held - held.mean(0)) ** 2))  # the gain is not stated
        pieces = [uv * scale for uv in streams.values()]
        rest_uv2 = rest_power(streams["30P_C1_R1"] * scale, 1000)
        for rest in (None, rest_uv2):
            found = alarms(pieces, 1000, rest_uv2=rest)
            name = "intensity8ch" + ("" if rest is None else ", rest known")
            count(name, sum(map(len, pieces)) / 60_000, found, lambda a: False)
    return sets


def test_false_alarms_on_real_people_are_rarer_than_one_in_ten_minutes(told):
    for name, (minutes, false, known) in told.items():
        print(f"\n{name}: {minutes:.1f} min, false {dict(false)}, apart {dict(known)}", end="")
    names = ("biopatrec-artifacts", "cyton-jawclench", "intensity8ch")
    for rest in ("", ", rest known"):
        of = [told[name + rest] for name in names]
        minutes = sum(one[0] for one in of)
        false = sum((one[1] for one in of), Counter())
        print(f"\nall{rest}: {sum(false.values())} in {minutes:.1f} min", end="")
        assert minutes > 15
        assert sum(false.values()) <= minutes / 10, false


def test_the_strong_mains_and_the_transients_that_are_there_are_told(told):
    assert told["biopatrec-artifacts"][2]["contact"] > 0
    assert told["cyton-jawclench"][2][BY_WELCH] == 8
