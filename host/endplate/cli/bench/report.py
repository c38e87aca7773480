# SPDX-License-Identifier: GPL-3.0-or-later
"""Gathers a bench run into one result and a folder: results.json and figures as PNG."""

from __future__ import annotations

import json
from argparse import Namespace
from pathlib import Path
from typing import Any

import numpy as np

from endplate import __version__
from endplate.cli.bench import result as measured
from endplate.core import REFUSALS, SCHEMA_HASH
from endplate.fit.evaluation import tracking
from endplate.live.feed import FeedInfo
from endplate.live.profile import Profile
from endplate.live.traces import APPLIED, COMMANDS, records
from endplate.sim.prompts import DOFS as TRUTH_DOFS
from endplate.sim.rig import Rig


def modelled_delay_ms(profile: Profile) -> dict[str, float]:
    """Mean delay that the window adds before a change of effort is seen in full: half a window and
    half a hop."""
    hop = 1000 * profile.hop_samples / profile.rate_hz
    window = hop * profile.window_hops
    return {"window": window / 2, "hop": hop / 2, "total": window / 2 + hop / 2}


def calibration_line(profile: Profile) -> str:
    """One sentence about the calibration."""
    report = profile.report
    snr = [value for value in report.get("snr_db", []) if value is not None]
    best = f", best site {max(snr):.0f} dB" if snr else ""
    return (
        f"Calibrated {', '.join(profile.dofs)}: {report['chosen']['decoder']}, "
        f"window {1000 * profile.hop_samples * profile.window_hops / profile.rate_hz:.0f} ms{best}."
    )


def collect(
    *,
    arguments: Namespace,
    rig: Rig,
    directory: Path,
    folder: Path,
    first: int,
    last: int,
    status: dict[str, Any],
    info: FeedInfo,
    profile: Profile,
    profile_path: Path,
    dofs: list[str],
    sites: int,
    spans: list[tuple[str, int, int]],
) -> dict[str, Any]:
    """The result, from what the parts wrote down between samples `first` and `last`."""
    truth = rig.truth()
    commands = measured.between(records(directory / "commands.bin", COMMANDS), first, last)
    applied = measured.between(records(directory / "applied.bin", APPLIED), first, last)
    stages = {
        "arrival_to_wire": measured.arrival_to_wire_ms(truth, commands),
        "wire_to_motion": measured.wire_to_motion_ms(commands, applied),
        "sample_to_motion": measured.sample_to_motion_ms(truth, commands, applied),
    }
    grid, intent, command = measured.followed(
        truth, commands, first, last, profile.hop_samples, profile.rate_hz
    )
    columns = [TRUTH_DOFS.index(dof) for dof in dofs]
    figures = tracking(
        intent[:, columns], command[:, columns], rate_hz=profile.rate_hz / profile.hop_samples
    )
    hand, board = status["hand"], status["board"]
    delay = modelled_delay_ms(profile)
    result = {
        "simulated": True,
        "version": __version__,
        "schema_hash": f"{SCHEMA_HASH:08x}",
        "firmware": arguments.firmware,
        "patient": arguments.patient,
        "seed": arguments.seed,
        "board": {
            "name": arguments.board,
            "rate_hz": info.rate_hz,
            "sites": sites,
            "samples": int(board["samples"]),
            "lost": int(board["lost"]),
        },
        "latency_ms": {name: measured.spread(values) for name, values in stages.items()},
        "modelled_delay_ms": delay,
        "clock_error_us": round(float(np.median(applied["error_ns"])) / 1e3, 1)
        if len(applied)
        else 0.0,
        "tracking": {**figures, "r2": dict(zip(dofs, figures["r2"], strict=True))},
        "link": {
            "commands": int(hand["counters"]["commands"]),
            "states": int(hand["counters"]["states"]),
            "refused": refused(hand),
            "sent_share": round(len(commands) / max(1, len(grid)), 4),
        },
        "chain_us_per_hop": status["latency_ms"]["chain"]["p50"] * 1000,
        "priority": status.get("priority", ""),
        "recording": status["recording"]["path"],
        "profile": str(profile_path),
        "calibration": {"report": profile.report},
    }
    if spans:
        result["monitor_pairs"] = compare(truth, commands, spans)
    note = f"SIMULATED, {arguments.patient}, firmware {arguments.firmware}"
    # Here, not above: it loads matplotlib, and a mistyped option need not wait for that.
    from endplate.cli.bench import figures as bench_figures

    bench_figures.tracking(
        folder / "tracking.png",
        (grid - first) / info.rate_hz,
        intent[:, columns],
        command[:, columns],
        dofs,
        note,
    )
    bench_figures.latency(folder / "latency.png", stages, note)
    bench_figures.sites(folder / "sites.png", profile.report, list(profile.site_labels), note)
    return result


def refused(hand: dict[str, Any]) -> dict[str, int]:
    """Frames refused by either end, by reason: by the hand as its LINK_STATS says, and here."""
    there = (hand.get("stats") or {}).get("rx") or {}
    here = hand.get("refused_here") or {}
    return {reason: int(there.get(reason, 0)) + int(here.get(reason, 0)) for reason in REFUSALS}


FEWEST = 100  # commands of a turn: of fewer a p99 says nothing


def compare(
    truth: np.ndarray, commands: np.ndarray, spans: list[tuple[str, int, int]]
) -> dict[str, Any]:
    """Arrival to wire with the window closed and open, and the ratio of the p99s, turn by turn; of
    turns with fewer than FEWEST commands there is none."""
    turns = [
        (
            which,
            measured.spread(
                measured.arrival_to_wire_ms(truth, measured.between(commands, begin, end))
            ),
        )
        for which, begin, end in spans
    ]
    closed = [row for which, row in turns if which == "closed"]
    opened = [row for which, row in turns if which == "open"]
    ratios = [
        float(after["p99"] or 0) / float(before["p99"] or 1)
        for before, after in zip(closed, opened, strict=True)
        if all((row["n"] or 0) >= FEWEST for row in (before, after))
    ]
    return {
        "closed": closed,
        "open": opened,
        "p99_ratio": [round(ratio, 3) for ratio in ratios],
        "p99_ratio_median": round(float(np.median(ratios)), 3) if ratios else None,
    }


def write(result: dict[str, Any], folder: Path) -> None:
    """results.json."""
    (folder / "results.json").write_text(json.dumps(result, indent=2) + "\n")


def finish(result: dict[str, Any], folder: Path, recording: str | None) -> dict[str, Any]:
    """Writes results.json once the recording has its final name."""
    result["recording"] = recording
    write(result, folder)
    return result
