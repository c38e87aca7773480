# SPDX-License-Identifier: GPL-3.0-or-later
"""The hand's parameters over its real link: what it lists, takes and refuses, and what they do."""

from __future__ import annotations

import json
import random

import google_crc32c
import pytest

from endplate.core import ffi, lib
from endplate.hardware import load_hand

from .params_asking import (
    ALL,
    BLANK,
    CONTRADICTS,
    NOT_DISARMED,
    NOT_KEPT,
    OK,
    OUT_OF_RANGE,
    UNKNOWN,
    WRONG_TYPE,
    ask,
    at_rest,
    in_force,
    index_of,
    set_named,
    table,
)  # fmt: skip
from .wire_host import STATE

HAND = load_hand("test-hand")
UNITS = {"ms": "ms", "c": "C", "v": "V"}
#: An end of theirs does not go with the others as compiled.
CONTRADICT = ("link_lost_ms", "hot_c", "too_hot_c", "low_v", "good_v")


def defaults():
    """The configurations that parameters go to, as the core makes them."""
    guard, strain = ffi.new("guard_config *"), ffi.new("strain_config *")
    lib.guard_defaults(guard, 1)
    lib.strain_defaults(strain)
    return guard, strain


def fits_together(rows, values) -> bool:
    """Whether guard and strain take these values, put in as the documents say."""
    guard, strain = defaults()
    for row, value in zip(rows, values, strict=True):
        for config in (guard, strain):
            if hasattr(config, row["name"]):
                scale = 1000 if row["type"] == lib.WIRE_PARAM_MILLI else 1
                setattr(config, row["name"], value / scale if scale > 1 else value)
    return lib.guard_check(guard) == 0 and lib.strain_check(strain) == 0


def goal_currents(bus) -> list[int]:
    return [int.from_bytes(bytes(t[102:104]), "little") for t in bus.registers.values()]


def test_the_list_is_whole_and_its_defaults_are_the_guards_own(host):
    rows = table(at_rest(host))
    assert [row["index"] for row in rows] == list(range(len(rows))) and len(rows) >= 12
    assert len({row["name"] for row in rows}) == len(rows)
    compiled = {"guard": 0, "strain": 0}
    for row in rows:
        assert row["status"] == OK and row["name"] and 10 < len(row["text"]) <= 80
        assert row["low"] <= row["factory"] <= row["high"] and row["low"] < row["high"]
        assert row["unit"] == UNITS.get(row["name"].rpartition("_")[2], "")
        for which, config in zip(compiled, defaults(), strict=True):
            if hasattr(config, row["name"]):
                compiled[which] += 1
                scale = 1000 if row["type"] == lib.WIRE_PARAM_MILLI else 1
                assert getattr(config, row["name"]) == pytest.approx(row["factory"] / scale)
    assert compiled == {"guard": 12, "strain": 6}
    grip = next(row for row in rows if row["type"] == lib.WIRE_PARAM_GRIP)
    names = [g.name for g in HAND.grips]
    assert (grip["high"], names[grip["factory"]]) == (len(names) - 1, HAND.rest_grip)
    past = ask(host, "PARAM_INFO", index=len(rows))
    assert (past["status"], past["count"], any(past["name"])) == (UNKNOWN, len(rows), False)


def test_each_takes_its_ends_and_nothing_beyond(host):
    at_rest(host)
    for row in table(host):
        asked = {"index": row["index"], "type": row["type"]}
        for value in (row["low"] - 1, row["high"] + 1, -(2**31), 2**31 - 1):
            before = in_force(host)
            answer = ask(host, "PARAM_SET", value=value, **asked)
            assert (answer["status"], answer["value"]) == (OUT_OF_RANGE, row["factory"])
            assert in_force(host) == before
        for value in (row["low"], row["high"]):
            ask(host, "PARAM_RESET", index=row["index"])
            answer = ask(host, "PARAM_SET", value=value, **asked)
            if answer["status"] == CONTRADICTS:  # tried with the others as compiled
                assert row["name"] in CONTRADICT and answer["value"] == row["factory"]
                continue
            assert (answer["status"], answer["value"], answer["kept"]) == (
                OK, value, row["factory"],
            )  # fmt: skip
        assert ask(host, "PARAM_RESET", index=row["index"])["value"] == row["factory"]
    assert host.counters()["bad_value"] == 0


def test_what_is_wrong_is_said_and_nothing_changes(host):
    at_rest(host)
    row = index_of(host, "link_lost_ms")
    assert set_named(host, "ramp_ms", 40)["status"] == OK
    before = in_force(host)
    index, kind = row["index"], row["type"]
    for status, msg, fields in (
        (UNKNOWN, "PARAM_GET", {"index": 99}),
        (UNKNOWN, "PARAM_GET", {"index": ALL}),
        (UNKNOWN, "PARAM_SET", {"index": 99, "type": 0, "value": 1}),
        (UNKNOWN, "PARAM_SET", {"index": ALL, "type": 0, "value": 1}),
        (UNKNOWN, "PARAM_SAVE", {"index": index}),
        (UNKNOWN, "PARAM_RESET", {"index": 99}),
        (WRONG_TYPE, "PARAM_SET", {"index": index, "type": kind + 1, "value": 250}),
        (WRONG_TYPE, "PARAM_SET", {"index": index, "type": 200, "value": 250}),
        (OUT_OF_RANGE, "PARAM_SET", {"index": index, "type": kind, "value": 99}),
        (CONTRADICTS, "PARAM_SET", {"index": index, "type": kind, "value": 139}),
        (NOT_KEPT, "PARAM_SAVE", {"index": ALL}),  # this hand was started without a flash
    ):
        answer = ask(host, msg, **fields)
        assert (answer["status"], answer["store"]) == (status, BLANK), (msg, fields)
        assert in_force(host) == before, (msg, fields)
    assert ask(host, "PARAM_SET", index=index, type=kind, value=140)["status"] == OK


def test_a_set_is_taken_exactly_when_the_guard_would_take_it(host):
    rows = table(at_rest(host))
    chance, taken, refused = random.Random(4), 0, 0
    values = [row["factory"] for row in rows]
    for _ in range(250):
        row = chance.choice([r for r in rows if r["unit"]])
        wanted = list(values)
        ends = [row["low"], row["high"], chance.randint(row["low"], row["high"])]
        wanted[row["index"]] = chance.choice(ends)
        fits = fits_together(rows, wanted)
        answer = ask(
            host, "PARAM_SET", index=row["index"], type=row["type"], value=wanted[row["index"]]
        )
        assert answer["status"] == (OK if fits else CONTRADICTS)
        values = wanted if fits else values
        assert answer["value"] == values[row["index"]]
        taken, refused = taken + fits, refused + (not fits)
    assert in_force(host) == values and taken > 100 and refused > 10


def test_the_hash_is_that_of_the_values_in_force(host):
    at_rest(host)
    assert host.info["param_hash"] == 0
    told = set_named(host, "neutral", 75)["param_hash"]
    data = b"".join(v.to_bytes(4, "little", signed=True) for v in in_force(host))
    assert told == google_crc32c.value(data) != 0
    assert host.hello().fields["param_hash"] == told
    assert ask(host, "PARAM_RESET", index=ALL)["param_hash"] == 0
    assert host.hello().fields["param_hash"] == 0


def test_an_armed_hand_takes_nothing_and_answers_what_is_in_force(host):
    at_rest(host)
    rows = {row["name"]: row for row in table(host)}
    assert set_named(host, "ramp_ms", 60)["status"] == OK
    host.activate()
    lost = rows["link_lost_ms"]

    def refused(name: str) -> None:
        fields = {"index": lost["index"], "type": lost["type"], "value": 200}
        for msg, given in (
            ("PARAM_SET", fields), ("PARAM_SAVE", {"index": ALL}), ("PARAM_RESET", {"index": ALL}),
            ("PARAM_RESET", {"index": rows["ramp_ms"]["index"]}),
        ):  # fmt: skip
            assert ask(host, msg, **given)["status"] == NOT_DISARMED, (name, msg)
        answer = ask(host, "PARAM_GET", index=lost["index"])
        assert (answer["status"], answer["value"]) == (OK, 300)
        assert ask(host, "PARAM_GET", index=rows["ramp_ms"]["index"])["value"] == 60

    host.command(0.3)
    refused("active or stale")
    host.until_state("link lost")
    refused("link lost")
    host.send("RELEASE", {"reason": 0})
    host.until_state("releasing")
    refused("releasing")
    host.send("DISARM", {"reason": 0})
    host.until_state("disarmed")
    assert set_named(host, "link_lost_ms", 250)["status"] == OK


def test_without_its_session_nothing_is_taken_or_answered(host):
    at_rest(host)
    before = host.counters()["bad_session"]
    host.send("PARAM_SET", {"index": 4, "type": 0, "value": 250}, session=host.session + 1)
    host.send("PARAM_GET", {"index": 4}, session=0)
    assert not [f for f in host.quiet(0.2) if f.msg == "PARAM_VALUE"]
    assert host.counters()["bad_session"] == before + 2
    assert ask(host, "PARAM_GET", index=4)["value"] == 300


@pytest.mark.parametrize("lost_ms", [160, 350])
def test_link_lost_comes_when_it_was_set_to_come(host, hand, lost_ms):
    at_rest(host)
    assert set_named(host, "link_lost_ms", lost_ms)["value"] == lost_ms
    host.activate()
    host.drive(0.2, seconds=0.3)
    lost = host.until_state("link lost")
    rows = [json.loads(s) for s in hand.trace.read_text().splitlines() if s.endswith("}")]
    at_us = next(r["us"] for r in rows if r["state"] == STATE["link lost"])
    took_ms = ((at_us - lost["command_us"]) & 0xFFFFFFFF) / 1000
    print(f"\nlink_lost_ms = {lost_ms}: LINK LOST {took_ms:.1f} ms after the last fresh command")
    assert lost_ms - 1 <= took_ms < lost_ms + 25, "the guard counts whole milliseconds"


def test_the_motors_current_follows_at_once(host, bus):
    host.activate()
    host.drive(0.3, seconds=0.1)
    limits = [round(joint.current_ma) for joint in HAND.joints]
    assert goal_currents(bus) == limits
    host.send("DISARM", {"reason": 0})
    host.until_state("disarmed")
    assert set_named(host, "motor_current", 500)["status"] == OK
    host.quiet(0.1)
    half = goal_currents(bus)
    assert half == [pytest.approx(limit / 2, abs=3) for limit in limits]
    host.activate()
    host.drive(0.3, seconds=0.1)
    for cap, share in ((63, 0.25), (200, 0.5), (255, 0.5)):  # the least of both
        host.command(0.3, force_cap=[cap] * 8)
        host.quiet(0.04)
        assert goal_currents(bus) == [pytest.approx(limit * share, abs=4) for limit in limits]


def test_the_rest_grip_is_taken_up_at_once_and_by_itself_only_when_set(host):
    at_rest(host)
    assert host.until_state("disarmed")["grip"] == 0
    assert set_named(host, "rest_grip", 3)["status"] == OK
    host.until(lambda f: f.msg == "STATE" and f.fields["grip"] == 3, 1.0, "the grip")
    host.activate()
    host.drive(0.0, seconds=0.1)  # commands of grip 0
    host.until(lambda f: f.msg == "STATE" and f.fields["grip"] == 0, 1.0, "the host's grip")
    host.send("DISARM", {"reason": 0})
    host.until_state("disarmed")
    assert set_named(host, "neutral", 60)["status"] == OK
    host.quiet(0.1)
    assert host.until_state("disarmed")["grip"] == 0, "another parameter leaves the grip alone"
