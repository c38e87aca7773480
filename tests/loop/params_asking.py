# SPDX-License-Identifier: GPL-3.0-or-later
"""Parameters over the bare host: one request, its one answer."""

from __future__ import annotations

from typing import Any

from endplate.core import lib

from .wire_host import Host

OK, UNKNOWN, WRONG_TYPE = lib.WIRE_PARAM_OK, lib.WIRE_PARAM_UNKNOWN, lib.WIRE_PARAM_WRONG_TYPE
OUT_OF_RANGE, CONTRADICTS = lib.WIRE_PARAM_OUT_OF_RANGE, lib.WIRE_PARAM_CONTRADICTS
NOT_DISARMED, NOT_KEPT = lib.WIRE_PARAM_NOT_DISARMED, lib.WIRE_PARAM_NOT_KEPT
ALL = lib.WIRE_PARAM_ALL
BLANK, KEPT, OLDER = lib.WIRE_STORE_BLANK, lib.WIRE_STORE_KEPT, lib.WIRE_STORE_OLDER
DAMAGED, OTHER = lib.WIRE_STORE_DAMAGED, lib.WIRE_STORE_OTHER


def ask(host: Host, msg: str, **fields: int) -> dict[str, Any]:
    """Fields of the answer, which carries the request's number as ack."""
    seq = host.send(msg, fields)
    answer = host.until(lambda f: f.msg in ("PARAM_VALUE", "PARAM_DESCRIPTION"), 2.0, msg)
    assert (answer.session, answer.ack) == (host.session, seq)
    assert answer.fields["index"] == fields["index"]
    return answer.fields


def words(row: tuple[int, ...]) -> str:
    return bytes(row).rstrip(b"\0").decode()


def table(host: Host) -> list[dict[str, Any]]:
    """All descriptions, texts as text."""
    count = ask(host, "PARAM_INFO", index=0)["count"]
    rows = [ask(host, "PARAM_INFO", index=i) for i in range(count)]
    return [r | {key: words(r[key]) for key in ("name", "unit", "text")} for r in rows]


def index_of(host: Host, name: str) -> dict[str, Any]:
    return next(row for row in table(host) if row["name"] == name)


def set_named(host: Host, name: str, value: int) -> dict[str, Any]:
    row = index_of(host, name)
    return ask(host, "PARAM_SET", index=row["index"], type=row["type"], value=value)


def in_force(host: Host) -> list[int]:
    count = ask(host, "PARAM_GET", index=0)["count"]
    return [ask(host, "PARAM_GET", index=i)["value"] for i in range(count)]


def at_rest(host: Host) -> Host:
    """Session open, self-test over."""
    assert host.hello().fields["accepted"] == 1
    host.until_state("disarmed")
    return host
