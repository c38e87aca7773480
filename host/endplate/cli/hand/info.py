# SPDX-License-Identifier: GPL-3.0-or-later
"""`endplate hand info`: what a hand says of itself, in words. It opens a session, which disarms."""

from __future__ import annotations

import argparse
import time
from typing import Any

from rich.console import Console
from rich.table import Table

from endplate.cli.hand.session import connected, serve
from endplate.errors import UsageError
from endplate.live import hand_words
from endplate.live.hand_clock import HandClock
from endplate.live.link import HandLink

EXAMPLES = """examples:
  endplate hand info /dev/ttyACM0
  endplate hand info /dev/ttyUSB1 --baud 115200
"""
_LISTEN_S = 3.0  # two LINK_STATS come in it, one a second
_DRIFT_S = 15  # after which a drift of the clock is fitted


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options."""
    from endplate.cli.hand import add_port

    add_port(parser)
    parser.add_argument(
        "--seconds", type=float, default=_LISTEN_S,
        help=f"how long to listen; after {_DRIFT_S} the clock's drift is known, too (%(default)g)",
    )  # fmt: skip


def run(arguments: argparse.Namespace) -> int:
    """Prints the table."""
    if not _LISTEN_S <= arguments.seconds <= 600.0:
        raise UsageError(f"--seconds may be from {_LISTEN_S:g} to 600.")
    with connected(arguments.port, arguments.baud) as link:
        stats: list[dict[str, Any]] = []

        def gather() -> bool:
            if link.stats and (not stats or link.stats is not stats[-1]):
                stats[1:] = [link.stats]
            return False

        serve(link, gather, arguments.seconds)
        rows = described(link.info) + answered(link, stats)
    table = Table("What", "The hand says", title=f"Hand on {arguments.port}")
    for what, said in rows:
        table.add_row(what, said)
    Console().print(table)
    return 0


def described(info: dict[str, Any]) -> list[tuple[str, str]]:
    """HELLO_ACK, as `hand_words.hello` made it: name and value of each row."""
    able = hand_words.capabilities(info["capabilities"])
    return [
        ("name", info["name"]),
        ("firmware", info["firmware"]),
        ("schema hash", f"{info['schema_hash']:08x} (the same as this program's)"),
        ("hand file hash", f"{info['hand_hash']:08x}"),
        ("parameters", f"{info['param_hash']:08x}" if info["param_hash"] else "as compiled"),
        ("decoder", f"{info['decoder_hash']:08x}" if info["decoder_hash"] else "none on the hand"),
        ("boot id", f"{info['boot_id']:08x}"),
        ("hardware id", info["uid"]),
        ("capabilities", "\n".join(able) or "none"),
        ("last start", hand_words.reset_cause(info["reset_cause"])),
        ("degrees of freedom", str(info["dofs"])),
        ("joints", str(info["joints"])),
        ("grips", str(info["grips"])),
    ]


def answered(link: HandLink, stats: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """State, clock, line."""
    now = link.state
    rows = [("state", now["word"] if now else "not told within 3 s")]
    if now:
        rows.append(("faults", ", ".join(now["faults"]) or "none"))
    return rows + clock(link.clock) + line(stats)


def clock(fitted: HandClock) -> list[tuple[str, str]]:
    """The hand's clock against the host's."""
    if not fitted.synchronised:
        return [("clock", "not compared: the hand answered too few times")]
    now = time.monotonic_ns()
    drift = (
        f"runs {abs(fitted.drift_ppm):.0f} ppm {'fast' if fitted.drift_ppm > 0 else 'slow'}"
        if fitted.drift_ppm
        else f"not known yet: listen with --seconds {_DRIFT_S}"
    )
    return [
        ("clock offset", f"{fitted.offset_ns / 1e9:+.6f} s, hand against this computer"),
        ("clock wrong by", f"at most {fitted.error_at(now) / 1e6:.2f} ms"),
        ("clock round trip", f"{fitted.round_trip_ns / 1e6:.2f} ms, the shortest"),
        ("clock drift", drift),
    ]


def line(stats: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """LINK_STATS, counted since the hand started; the first and the newest of a session."""
    if not stats:
        return [("line", "the hand tells nothing of it")]
    now, rx = stats[-1], stats[-1]["rx"]
    gone_s = (now["hand_us"] - stats[0]["hand_us"]) % (1 << 32) / 1e6
    rate = ""
    if gone_s:
        cycles = (now["bus_cycles"] - stats[0]["bus_cycles"]) % (1 << 32)
        rate = f" ({cycles / gone_s:.0f} a second)"
    refused = [f"{n} {words}" for name, words in hand_words.REFUSALS.items() if (n := rx[name])]
    return [
        ("frames to it", f"{rx['frames']} taken"),
        ("refused by it", "\n".join(refused) or "none"),
        ("frames from it", f"{now['tx_frames']} sent, {now['tx_dropped']} not: the line was full"),
        ("motor bus", f"{now['bus_cycles']} cycles{rate}"),
        ("motor bus errors", f"{now['bus_errors']} bad or missing replies"),
    ]
