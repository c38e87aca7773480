# SPDX-License-Identifier: GPL-3.0-or-later
"""What the hand keeps over the loss of its power, whenever that comes: the whole program on a file
for its flash. The store alone, cut at every operation, is in tests/core/test_store.py."""

from __future__ import annotations

import struct
from contextlib import contextmanager
from pathlib import Path

import google_crc32c
import pytest

from endplate.core import lib
from endplate.errors import HandError
from endplate.sim import firmware

from .builds import built
from .params_asking import (
    ALL,
    BLANK,
    DAMAGED,
    KEPT,
    NOT_KEPT,
    OK,
    OLDER,
    OTHER,
    ask,
    at_rest,
    in_force,
    index_of,
    set_named,
    table,
)  # fmt: skip
from .wire_host import STATE, connected

RECORD, SECTOR, PLACES = 256, 2048, 8  # store.h, flash_pc.c
POWER_GONE = 3
FAULT_BIT = lib.GUARD_FAULT_PARAMETERS
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def flash(tmp_path) -> Path:
    return tmp_path / "flash"


@pytest.fixture
def life(pc_firmware, bus, flash, tmp_path):
    """One life of the hand, from power to power: `with life() as host`."""

    @contextmanager
    def living(cut: int = 0):
        with (
            firmware.start("pc", bus.port, tmp_path, flash=flash, power_cut=cut) as running,
            connected(running.port) as host,
        ):
            host.hand = running
            yield host

    return living


def lost_ms(host) -> int:
    return ask(host, "PARAM_GET", index=index_of(host, "link_lost_ms")["index"])["value"]


def keep(host, value: int) -> None:
    assert set_named(host, "link_lost_ms", value)["status"] == OK
    answer = ask(host, "PARAM_SAVE", index=ALL)
    assert (answer["status"], answer["store"]) == (OK, KEPT)


def test_saved_values_are_in_force_after_the_power_was_off(life, flash):
    with life() as host:
        at_rest(host)
        assert ask(host, "PARAM_GET", index=0)["store"] == BLANK
        keep(host, 222)
        assert set_named(host, "neutral", 80)["kept"] == 50, "set, not saved"
        told = host.hello().fields["param_hash"]
    with life() as host:
        assert at_rest(host).info["param_hash"] not in (0, told)
        assert lost_ms(host) == 222
        assert set_named(host, "neutral", 50)["store"] == KEPT
        host.hand.reset()
        host.quiet(0.1)
        at_rest(host)
        assert lost_ms(host) == 222, "after a reset as well"
        before = flash.read_bytes()
        assert ask(host, "PARAM_SAVE", index=ALL)["status"] == OK
        assert flash.read_bytes() == before, "nothing new: nothing written"
        assert ask(host, "PARAM_RESET", index=ALL)["status"] == OK and lost_ms(host) == 300
    with life() as host:
        assert at_rest(host) and lost_ms(host) == 222, "a reset is kept only when it is saved"


@pytest.mark.parametrize("cut", [1, 33, 63, 64])
def test_power_that_goes_while_saving_leaves_the_old_or_the_new(life, cut):
    with life() as host:
        keep(at_rest(host), 250)
    with life(cut) as host:
        at_rest(host)
        assert set_named(host, "link_lost_ms", 200)["status"] == OK
        host.send("PARAM_SAVE", {"index": ALL})
        assert host.hand.process.wait(2) == POWER_GONE
    with life() as host:
        assert lost_ms(at_rest(host)) == (200 if cut == 64 else 250)
        assert ask(host, "PARAM_GET", index=0)["store"] == KEPT
        keep(host, 220)
    with life() as host:
        assert lost_ms(at_rest(host)) == 220


def test_power_that_goes_in_the_first_save_ever_is_no_damage(life):
    with life(40) as host:
        at_rest(host)
        assert set_named(host, "link_lost_ms", 200)["status"] == OK
        host.send("PARAM_SAVE", {"index": ALL})
        assert host.hand.process.wait(2) == POWER_GONE
    with life() as host:
        assert lost_ms(at_rest(host)) == 300
        assert ask(host, "PARAM_GET", index=0)["store"] == BLANK
        keep(host, 220)


def test_a_full_sector_moves_on_and_power_may_go_while_it_erases(life, flash):
    with life() as host:
        at_rest(host)
        for value in range(200, 200 + 2 * PLACES):  # both sectors are full now
            keep(host, value)
    newest = 200 + 2 * PLACES - 1
    with pytest.raises((HandError, AssertionError, OSError)), life(1) as host:
        at_rest(host)  # it erases before it serves the link, and power goes in the middle
    with life() as host:
        assert lost_ms(at_rest(host)) == newest
        keep(host, 290)
        assert flash.read_bytes()[SECTOR - 4 : SECTOR] == b"\xff" * 4, "the first holds one record"
    with life() as host:
        assert lost_ms(at_rest(host)) == 290


def is_a_fault(host) -> None:
    assert host.hello().fields["accepted"] == 1
    state = host.until_state("fault")
    assert state["faults"] & FAULT_BIT
    assert ask(host, "PARAM_GET", index=0)["store"] == DAMAGED
    assert in_force(host) == [row["factory"] for row in table(host)]
    host.arm()
    host.quiet(0.1)
    assert host.until(lambda f: f.msg == "STATE", 1.0).fields["state"] == STATE["fault"]


@pytest.mark.parametrize("damage", ["a bit", "all of it"])
def test_a_store_that_does_not_check_is_a_fault_until_dealt_with(life, flash, damage):
    with life() as host:
        keep(at_rest(host), 222)
    data = bytearray(flash.read_bytes())
    data[35] ^= 16
    flash.write_bytes(bytes(data) if damage == "a bit" else b"\x5a" * 4096 + data[4096:])
    with life() as host:
        is_a_fault(host)
        assert ask(host, "PARAM_RESET", index=ALL)["status"] == OK  # as built is what is wanted
        host.send("CLEAR_FAULT", {"reason": 0})
        host.until_state("disarmed")
    with life() as host:
        is_a_fault(host)  # but nothing was saved
        keep(host, 230)
        host.send("CLEAR_FAULT", {"reason": 0})
        assert host.until_state("disarmed")["faults"] == 0
    with life() as host:
        assert lost_ms(at_rest(host)) == 230


def record(fmt: int, sequence: int, values: list[int]) -> bytes:
    """A record as store.h says, from another CRC-32C."""
    words = struct.pack(f"<IIII{len(values)}i", 0x50415245, sequence, fmt, len(values), *values)
    body = words.ljust(RECORD - 8, b"\xff")
    return body + struct.pack("<II", google_crc32c.value(body), 0)


def test_records_are_as_the_header_says_and_none_is_believed_blindly(life, flash):
    with life() as host:
        keep(at_rest(host), 222)
        keep(host, 223)
        values, lost = in_force(host), index_of(host, "link_lost_ms")["index"]
    data = flash.read_bytes()
    fmt = struct.unpack_from("<I", data, 8)[0]
    assert data[RECORD : 2 * RECORD] == record(fmt, 2, values), "a second codec writes the same"

    def with_third(third: bytes) -> None:
        flash.write_bytes(data[: 2 * RECORD] + third + data[3 * RECORD :])

    wanted = list(values)
    wanted[lost] = 240
    with_third(record(fmt, 3, wanted))
    with life() as host:
        assert lost_ms(at_rest(host)) == 240
    broken = bytearray(record(fmt, 3, wanted))
    broken[20] ^= 1
    with_third(bytes(broken))
    with life() as host:  # the one before it
        assert lost_ms(at_rest(host)) == 223
        assert ask(host, "PARAM_GET", index=0)["store"] == OLDER
    wanted[lost] = 120  # whole, in range, and the guard does not have it
    with_third(record(fmt, 3, wanted))
    with life() as host:
        is_a_fault(host)
    with_third(record(fmt ^ 1, 3, values))
    with life() as host:
        assert lost_ms(at_rest(host)) == 300
        assert ask(host, "PARAM_GET", index=0)["store"] == OTHER
        keep(host, 260)
    with life() as host:
        assert lost_ms(at_rest(host)) == 260


def test_a_file_that_is_no_flash_is_refused_in_one_sentence(pc_firmware, bus, flash, tmp_path):
    flash.write_bytes(b"too short")
    with pytest.raises(HandError, match="no flash of this hand"):
        firmware.start("pc", bus.port, tmp_path, flash=flash)


def test_in_the_emulator_nothing_is_kept_and_the_hand_says_so(arm_tools, bus, tmp_path):
    built("f405")
    with firmware.start("f405", bus.port, tmp_path) as hand, connected(hand.port) as host:
        at_rest(host)
        assert len(table(host)) >= 11
        assert set_named(host, "link_lost_ms", 250)["status"] == OK
        answer = ask(host, "PARAM_SAVE", index=ALL)
        assert (answer["status"], answer["store"]) == (NOT_KEPT, BLANK)
        assert lost_ms(host) == 250, "in force all the same"
        hand.reset()
        host.hello(5.0)
        host.until_state("disarmed")
        assert lost_ms(host) == 300
