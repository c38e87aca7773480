# SPDX-License-Identifier: GPL-3.0-or-later
"""`endplate hand info`: what a hand says of itself, in words. It opens a session, which disarms."""

from __future__ import annotations

import argparse
import time
from typing import Any

from rich.console import Console
from rich.table import Table

from endplate.live import hand_words
from endplate.live.link import HandLink

EXAMPLES = """examples:
  endplate hand info /dev/ttyACM0
  endplate hand info /dev/ttyUSB1 --baud 115200
"""
_LISTEN_S = 2.0  # at most, until the clocks are compared and a STATE has come


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options."""
    from endplate.cli.hand import add_port

    add_port(parser)


def run(arguments: argparse.Namespace) -> int:
    """Prints the table."""
    link = HandLink(arguments.port, arguments.baud)
    link.open()
    try:
        deadline = time.monotonic() + _LISTEN_S
        while time.monotonic() < deadline and not (link.clock.exchanges >= 5 and link.state):
            link.service()
            time.sleep(0.001)
        rows = described(link.info) + answered(link)
    finally:
        link.close()
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


def answered(link: HandLink) -> list[tuple[str, str]]:
    """State and clock."""
    now = link.state
    rows = [("state", now["word"] if now else "not told within 2 s")]
    if now:
        rows.append(("faults", ", ".join(now["faults"]) or "none"))
    if link.clock.synchronised:
        rows.append(("clock round trip", f"{2e-6 * link.clock.error_ns:.2f} ms, the shortest"))
        rows.append(("clock known to", f"within {1e-6 * link.clock.error_ns:.2f} ms"))
    else:
        rows.append(("clock round trip", "not measured: the hand answered too few times"))
    return rows
