# SPDX-License-Identifier: GPL-3.0-or-later
"""Was this repetition done as the cue asked, and is it like the others?

Measured while the calibration goes on, from the few seconds around a cue, and again afterwards from
all of it: how late it followed, how strong it was beside the reference contraction, whether there
was rest before it, which sites took part, whether one of them lost contact. The words are for the
person who was asked, so they say what to do otherwise.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from endplate.fit.guided.protocol import Cue, words
from endplate.fit.recorded.labels import alignment, windowed_level

EARLIEST_S, LATEST_S = -0.4, 1.6  # searched
EARLY_S, LATE_S = -0.1, 0.8  # people show 0.2-0.5 s, slow starters up to 0.8 s
LEAST_CORRELATION = 0.6
WEAK, STRONG = 0.4, 2.5  # of the reference contraction
HEARD = 0.5  # of the noise at rest: less is no contraction
UNREST = 0.35  # of the contraction itself, in the half second before
BEFORE_S = 0.5
ALIKE = 0.9  # cosine of what the sites say with what they said before; people repeat to 0.96
FAULTY = 0.03  # share of a repetition without contact: a jump spoils what is around it
NOISY = 2.0  # times the RMS at rest, before a movement that the site then does not hear above it
HELD = 0.9
RESTLESS = 8.0  # power of the loudest tenth of a rest over its median
#: An outlier is this far from the others of its direction, and this many spreads beyond what is
#: usual for this person.
LEAST_DISTANCE, SPREADS = 0.45, 4.0
MAD_TO_SIGMA = 1.4826  # of a Gaussian

Key = tuple[tuple[str, float], ...]


@dataclass(frozen=True)
class Measured:
    """One cue as it was done. `reaction_s` and `correlation`: how late and how well it followed;
    `level_uv` [sites]: RMS above rest in its hold; `before`: activity just before it, of that in
    its hold; `noise_uv` [sites]: at rest; `faulty`: sites (indices) that lost contact; `calm_uv`
    [sites]: RMS just before or after it, whichever is less, rest included."""

    cue: Cue
    number: int
    reaction_s: float
    correlation: float
    level_uv: np.ndarray
    noise_uv: np.ndarray
    before: float
    faulty: tuple[int, ...]
    calm_uv: np.ndarray

    @property
    def key(self) -> Key:
        """Which movement it is."""
        return key_of(self.cue)

    @property
    def level(self) -> float:
        """All sites together, microvolt."""
        return float(np.linalg.norm(self.level_uv))


def key_of(cue: Cue) -> Key:
    """Equal for cues of the same movement."""
    return tuple((dof, 1.0 if value > 0 else -1.0) for dof, value in sorted(cue.target.items()))


def measure(
    cue: Cue, number: int, power: np.ndarray, bad: np.ndarray, since_s: np.ndarray,
    window_s: float, rest: np.ndarray,
) -> Measured:  # fmt: skip
    """From power [hops, sites] in microvolt^2 and contact faults bool [hops, sites]; `since_s`
    [hops] from the cue's start to the end of each hop's window, `rest` power at rest [sites]."""
    above = np.sqrt(np.maximum(0.0, power - rest))
    total = np.linalg.norm(above, axis=1)
    reaction, correlation = alignment(total, since_s, window_s, cue, EARLIEST_S, LATEST_S)
    level = windowed_level(cue, since_s - reaction, window_s)
    held, during = level > HELD, (since_s > 0) & (since_s <= cue.active_s + max(0.0, reaction))
    hold = power[held].mean(0) if held.any() else rest
    level_uv = np.sqrt(np.maximum(0.0, hold - rest))
    calm = (since_s > -BEFORE_S) & (since_s <= window_s)
    size = float(np.linalg.norm(level_uv))
    before = float(np.median(total[calm])) / max(size, 1e-9) if calm.any() else 0.0
    over = since_s > cue.active_s + max(0.0, reaction) + window_s
    quiet = [np.median(power[some], axis=0) for some in (calm, over) if some.any()]
    calm_uv = np.sqrt(np.min(quiet, axis=0)) if quiet else np.sqrt(rest)
    lost = bad[during].mean(0) > FAULTY if during.any() else np.zeros(power.shape[1], bool)
    return Measured(
        cue, number, reaction, correlation, level_uv, np.sqrt(rest), before,
        tuple(int(site) for site in np.flatnonzero(lost)), calm_uv,
    )  # fmt: skip


def unheard(one: Measured) -> np.ndarray:
    """Sites that are noisy before the movement and hear nothing more in it, bool [sites]: an
    electrode off the skin does so."""
    held = np.hypot(one.level_uv, one.noise_uv)
    return (one.calm_uv > NOISY * one.noise_uv) & (held < NOISY * one.calm_uv)


@dataclass(frozen=True)
class Verdict:
    """`fault` is "" for a good one, else contact, silent, other, late, early, unrest, weak, strong,
    joined, unsteady or apart; `sentence` is for the person."""

    fault: str
    sentence: str


GOOD = Verdict("", "Good")
#: From the worst on: what is better than what, when one of two has to be taken.
ORDER = ("silent", "contact", "other", "late", "early", "unsteady", "unrest", "joined", "apart",
         "weak", "strong", "")  # fmt: skip


def verdict(one: Measured, earlier: Sequence[Measured], labels: Sequence[str]) -> Verdict:
    """What to say at once of a repetition, given those before it that were good; `labels` of the
    sites."""
    if one.faulty:
        at = ", ".join(labels[site] for site in one.faulty)
        return Verdict("contact", f"{at} lost contact: press the electrode on, then repeat")
    noise = float(np.linalg.norm(one.noise_uv))
    if unheard(one).any():
        at = ", ".join(labels[site] for site in np.flatnonzero(unheard(one)).tolist())
        return Verdict("contact", f"{at} noisy at rest, too: press the electrode on, then repeat")
    if one.level < HEARD * noise:
        return Verdict("silent", "Nothing heard: repeat, with a comfortable effort")
    if one.before > UNREST and one.before * one.level > noise:
        return Verdict("unrest", "Not at rest before it: let go between movements, then repeat")
    if one.correlation < LEAST_CORRELATION:
        return Verdict("unsteady", "Does not follow the bar: repeat, hold it until the bar falls")
    strange = _strange(one, earlier)
    if strange is not None and strange.fault == "other":
        return strange
    if one.reaction_s > LATE_S:
        return Verdict("late", f"Too late ({one.reaction_s:.1f} s): repeat, begin with the bar")
    effort = _effort(one, earlier)
    if effort < WEAK:
        return Verdict("weak", f"Too weak ({100 * effort:.0f} % of the first): repeat, stronger")
    if one.reaction_s < EARLY_S:
        return Verdict("early", "Too early: wait for the word, then repeat")
    if effort > STRONG:
        return Verdict("strong", f"Too strong ({effort:.1f} times the first): repeat, gently")
    return strange or GOOD


def _effort(one: Measured, earlier: Sequence[Measured]) -> float:
    """Beside the reference contraction of this movement, or else the others of it."""
    same = [m for m in earlier if m.key == one.key]
    first = [m for m in same if m.cue.kind == "reference"] or same
    if not first:
        return 1.0
    return one.level / max(float(np.median([m.level for m in first])), 1e-9)


def _strange(one: Measured, earlier: Sequence[Measured]) -> Verdict | None:
    """Whether other sites take part than before, and whether that is another movement."""
    patterns: dict[Key, np.ndarray] = {}
    for key in {m.key for m in earlier}:
        seen = [m.level_uv / max(m.level, 1e-9) for m in earlier if m.key == key]
        patterns[key] = np.median(seen, axis=0)
    if one.key not in patterns:
        return None
    alike = {key: _cosine(one.level_uv, pattern) for key, pattern in patterns.items()}
    if alike[one.key] >= ALIKE:
        return None
    nearest = max(alike, key=lambda key: alike[key])
    if nearest != one.key and alike[nearest] >= ALIKE:
        what = " + ".join(words(dof, sign).lower() for dof, sign in nearest)
        return Verdict("other", f"This was {what}: repeat, {one.cue.label.lower()}")
    return Verdict("joined", f"Other muscles joined in: repeat, {one.cue.label.lower()} alone")


def _cosine(a: np.ndarray, b: np.ndarray) -> float:
    size = float(np.linalg.norm(a)) * float(np.linalg.norm(b))
    return float(a @ b) / max(size, 1e-12)


def restless(power: np.ndarray) -> bool:
    """Whether somebody contracted during a rest, from power [hops, sites]."""
    if len(power) < 5:
        return False
    quiet = np.maximum(np.median(power, axis=0), 1e-9)
    return bool((np.quantile(power, 0.9, axis=0) / quiet > RESTLESS).any())


def distances(done: Sequence[Measured]) -> np.ndarray:
    """How far each is from the median of the others of its movement, in parts of that, [n]; NaN
    where there are fewer than two others."""
    found = np.full(len(done), np.nan)
    for k, one in enumerate(done):
        others = [m.level_uv for j, m in enumerate(done) if j != k and m.key == one.key]
        if len(others) >= 2:
            usual = np.median(others, axis=0)
            size = max(float(np.linalg.norm(usual)), 1e-9)
            found[k] = float(np.linalg.norm(one.level_uv - usual)) / size
    return found


def outliers(done: Sequence[Measured]) -> dict[int, float]:
    """Repetitions (indices) that are unlike the others of their movement, with their distance.

    What is usual is this person's: the median distance, and its spread by the median deviation, so
    that a few odd ones do not hide each other.
    """
    far = distances(done)
    known = far[np.isfinite(far)]
    if len(known) < 3:
        return {}
    middle = float(np.median(known))
    spread = MAD_TO_SIGMA * float(np.median(np.abs(known - middle)))
    limit = max(LEAST_DISTANCE, middle + SPREADS * spread)
    return {k: float(value) for k, value in enumerate(far) if np.isfinite(value) and value > limit}
