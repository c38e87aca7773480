# SPDX-License-Identifier: GPL-3.0-or-later
"""`endplate hand update` on the whole hand's program, with a file for its flash. The parts, cut at
every operation, are in tests/core/test_update.py; the f405's boot loader in test_update_f405.py."""

from __future__ import annotations

import time
from contextlib import contextmanager

import pytest

from endplate.cli import parser
from endplate.cli.hand.update import ON_TRIAL
from endplate.core import lib
from endplate.errors import HandError
from endplate.sim import firmware
from slips import one_in

from .params_asking import at_rest
from .updating import BUILD, image, signer, update_file
from .wire_host import STATE, connected

KIND = lib.WIRE_BLOB_FIRMWARE
SOFTWARE = 5  # reset cause


@pytest.fixture
def life(pc_firmware, bus, tmp_path):
    """One life of the hand, from power to power; its flash stays."""
    signer()

    @contextmanager
    def living(cut: int = 0, bad: str = "", flash: bool = True):
        kept = tmp_path / "flash" if flash else None
        with firmware.start(
            "pc", bus.port, tmp_path, flash=kept, power_cut=cut, bad_image=bad
        ) as running:
            yield running

    return living


@pytest.fixture
def file(tmp_path):
    return update_file(tmp_path / "new.epfw")


def update(running, file, *more: str) -> int:
    chosen = parser("hand").parse_args(["hand", "update", running.port, str(file), *more])
    return chosen.run(chosen)


def runs(running) -> tuple[tuple[int, ...], int]:
    """(version, slot) of a hand."""
    with connected(running.port) as host:
        version = at_rest(host).ack.fields["firmware"] if hasattr(host, "ack") else None
        version = version or host.hello().fields["firmware"]
        return tuple(version), blob(host, "BLOB_GET", hash=0)["slot"]


def blob(host, msg: str, **fields):
    seq = host.send(msg, {"kind": KIND, **fields})
    answer = host.until(lambda f: f.msg == "BLOB_STATUS" and f.ack == seq, 2.0, msg)
    return answer.fields


def test_update_runs_after_a_restart_and_after_the_power_was_off(life, file, tmp_path, capsys):
    with life() as hand:
        assert runs(hand) == ((0, 1, 0), 0)
        assert update(hand, file) == 0
        assert "firmware 0.2.0 from slot B; it was 0.1.0" in " ".join(
            capsys.readouterr().out.split()
        )
        assert runs(hand) == ((0, 2, 0), 1)
    for _ in range(5):
        with life() as hand:
            assert runs(hand) == ((0, 2, 0), 1)
    with life() as hand:
        assert update(hand, update_file(tmp_path / "third", (0, 3, 0))) == 0
        assert runs(hand) == ((0, 3, 0), 0)


def test_firmware_of_a_hand_in_fault_is_said_to_be_on_trial(life, file, bus, capsys):
    def said() -> str:
        return " ".join(capsys.readouterr().out.split())

    with life() as hand:
        bus.silent.update(range(1, 10))  # motors without power, as on a bench
        began = time.monotonic()
        assert update(hand, file) == ON_TRIAL
        took, words = time.monotonic() - began, said()
        print(f"\n{took:.1f} s: {words}")
        assert "0.2.0 from slot B on trial only" in words and "none of its motors answers" in words
        assert "start it again; until then it may fall back to 0.1.0" in words and took < 30
        with connected(hand.port) as host:
            host.hello()
            assert blob(host, "BLOB_GET", hash=0)["result"] == 1
    bus.silent.clear()
    with life() as hand, connected(hand.port) as host:
        at_rest(host)
        end = time.monotonic() + 12
        while blob(host, "BLOB_GET", hash=0)["result"] and time.monotonic() < end:
            host.quiet(0.2)
        told = blob(host, "BLOB_GET", hash=0)
        assert (told["slot"], told["result"]) == (1, 0), "its motors have power: it is trusted"


def test_image_that_does_not_start_gives_way_to_the_one_before(life, file):
    with life(bad="0.2.0") as hand:
        with pytest.raises(HandError, match="0.2.0 did not start: the hand runs 0.1.0 from slot A"):
            update(hand, file)
        assert runs(hand) == ((0, 1, 0), 0)
    with life(bad="0.2.0") as hand:
        assert runs(hand) == ((0, 1, 0), 0)
    with life() as hand:  # it was given up for good
        assert runs(hand) == ((0, 1, 0), 0)
        assert update(hand, file) == 0


@pytest.mark.parametrize("cut", one_in(2, [1, 100, 323, 258]))
def test_power_that_goes_in_an_update_leaves_a_hand_that_runs(life, file, cut):
    try:
        with life(cut=cut) as hand:
            update(hand, file)
    except HandError:
        pass
    with life() as hand:
        assert runs(hand) in (((0, 1, 0), 0), ((0, 2, 0), 1))
        if runs(hand)[1] == 0:
            assert update(hand, file) == 0
        assert runs(hand) == ((0, 2, 0), 1)


def test_file_of_the_build_is_taken(life):
    path = BUILD / "f405" / "endplate-hand.epfw"
    if not path.exists():
        pytest.skip("no f405 image was built")
    with life() as hand:
        began = time.monotonic()
        assert update(hand, path) == 0
        print(f"\n{path.stat().st_size // 2} bytes, {time.monotonic() - began:.1f} s with restart")
        assert runs(hand)[1] == 1


def test_older_firmware_only_when_asked_for(life, tmp_path):
    older = update_file(tmp_path / "older", (0, 0, 9))
    with life() as hand:
        with pytest.raises(HandError, match="firmware 0.0.9, older than the hand's 0.1.0: say"):
            update(hand, older)
        assert runs(hand) == ((0, 1, 0), 0)
        assert update(hand, older, "--allow-older") == 0
        assert runs(hand) == ((0, 0, 9), 1)


def test_files_that_are_not_for_this_hand_are_refused_in_one_sentence(life, tmp_path):
    ed25519 = pytest.importorskip("cryptography.hazmat.primitives.asymmetric.ed25519")
    stranger = ed25519.Ed25519PrivateKey.generate()
    cases = [
        ({"hand": 1}, "was built for another hand"),
        ({"key": stranger}, "does not know"),
        ({"key": stranger, "named": signer()}, "signature that is not its maker's"),
    ]
    with life() as hand:
        for more, why in cases:
            with pytest.raises(HandError, match=why):
                update(hand, update_file(tmp_path / "bad", **more))
        damaged = tmp_path / "damaged"
        damaged.write_bytes(image(0) + image(1)[:-1] + b"\0")
        with pytest.raises(HandError, match="checksum"):
            update(hand, damaged)
        assert runs(hand) == ((0, 1, 0), 0)


def test_hand_without_a_flash_takes_none(life, file):
    with life(flash=False) as hand, pytest.raises(HandError, match="takes no update"):
        update(hand, file)


def test_only_a_disarmed_hand_is_updated_or_restarted(life, bus):
    data = image(1)
    with life() as hand, connected(hand.port) as host:
        boot = at_rest(host).hello().fields["boot_id"]
        assert blob(host, "BLOB_BEGIN", size=len(data), hash=1)["status"] == lib.WIRE_BLOB_OK
        host.activate()
        first = {"offset": 0, "count": 144, "bytes": data[:144]}
        for msg, fields in (
            ("BLOB_BEGIN", {"size": len(data), "hash": 1}),
            ("BLOB_CHUNK", first),
            ("BLOB_COMMIT", {"hash": 1}),
        ):
            assert blob(host, msg, **fields)["status"] == lib.WIRE_BLOB_NOT_DISARMED
        assert blob(host, "BLOB_GET", hash=0)["received"] == 0
        host.send("RESTART", {"boot_id": boot})
        host.quiet(0.2)
        host.send("DISARM", {"reason": 0})
        host.until_state("disarmed")
        assert host.hello().fields["boot_id"] == boot
        assert blob(host, "BLOB_CHUNK", **first)["status"] == lib.WIRE_BLOB_NOT_BEGUN

        before = host.counters()["bad_value"]
        host.send("RESTART", {"boot_id": boot ^ 1})
        host.quiet(0.2)
        assert host.counters()["bad_value"] == before + 1
        seq = host.send("RESTART", {"boot_id": boot})
        host.until(lambda f: f.msg == "STATE" and f.ack == seq, 1.0, "STATE")
        host.quiet(0.2)
        again = host.hello().fields
        assert again["boot_id"] != boot and again["reset_cause"] == SOFTWARE


def test_estop_stays_through_update_and_restart(life):
    with life() as hand, connected(hand.port) as host:
        boot = at_rest(host).hello().fields["boot_id"]
        host.send("ESTOP", {"reason": 0})
        host.until_state("estop")
        status = blob(host, "BLOB_BEGIN", size=1024, hash=1)["status"]
        assert status == lib.WIRE_BLOB_NOT_DISARMED
        host.send("RESTART", {"boot_id": boot})
        host.quiet(0.2)
        assert host.hello().fields["boot_id"] == boot
        host.until(lambda f: f.msg == "STATE" and f.fields["state"] == STATE["estop"], 1.0, "estop")


def test_chunk_out_of_order_says_what_comes_next(life):
    data = image(1)
    with life() as hand, connected(hand.port) as host:
        at_rest(host)
        assert blob(host, "BLOB_CHUNK", offset=0, count=144, bytes=data[:144])["status"] == (
            lib.WIRE_BLOB_NOT_BEGUN
        )
        assert blob(host, "BLOB_BEGIN", size=len(data), hash=1)["room"] == 0x30000
        told = blob(host, "BLOB_CHUNK", offset=144, count=144, bytes=data[144:288])
        assert (told["status"], told["received"]) == (lib.WIRE_BLOB_WRONG_OFFSET, 0)
        for _ in range(2):
            told = blob(host, "BLOB_CHUNK", offset=0, count=144, bytes=data[:144])
        assert (told["status"], told["received"]) == (lib.WIRE_BLOB_WRONG_OFFSET, 144)
        assert blob(host, "BLOB_COMMIT", hash=1)["status"] == lib.WIRE_BLOB_WRONG_OFFSET
        told = blob(host, "BLOB_CHUNK", offset=144, count=143, bytes=data[144:287] + b"\0")
        assert told["status"] == lib.WIRE_BLOB_WRONG_SIZE
