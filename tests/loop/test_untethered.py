# SPDX-License-Identifier: GPL-3.0-or-later
"""The hand decodes by itself on the whole rig: simulated patient, board, control process, and the
hand's program. No COMMAND is sent. The STM32F405 does so in test_own_electrodes_f405.py."""

from __future__ import annotations

import numpy as np
import pytest

from endplate import core
from endplate.errors import HandError
from endplate.live import hand_blobs
from endplate.live.hand_blobs import CALIBRATION, DECODER
from endplate.sim import firmware
from endplate.sim.rig import Rig

from .blobs_asking import CHUNK, OK, ask, decode_mode, kinds, upload
from .builds import built
from .chain_case import recording, settings
from .driving import FINGERS, Driving, until
from .hand_link import set_up
from .params_asking import at_rest
from .servo_standin import ServoStandin
from .test_decoding import streamed
from .wire_host import connected

SAMPLES = 1000


@pytest.fixture
def rig(pc_firmware, tmp_path):
    with Rig(tmp_path / "rig", trace=True, flash=tmp_path / "flash") as made:
        yield made


@pytest.fixture
def driving(rig, offline_profile, tmp_path):
    """Starts a session, in a mode of the hand's."""
    made: list[Driving] = []

    def start(mode: int, uploaded=offline_profile) -> Driving:
        set_up(rig.hand_port, uploaded, decode=mode)
        made.append(Driving(rig, tmp_path / "session", offline_profile))
        return made[0]

    yield start
    for one in made:
        one.control.stop()


def own(driving: Driving) -> dict:
    return (driving.control.feed().status().get("hand") or {}).get("decoding") or {}


def closes_and_opens(driving: Driving) -> None:
    """The fingers follow the patient."""
    before = driving.rig.motion()["position_deg"][-1][FINGERS].copy()
    driving.rig.prompt({"hand": 0.6}, rise_s=0.2, hold_s=2.5, fall_s=0.2, label="close")
    until(
        lambda: np.max(driving.rig.motion()["position_deg"][-1][FINGERS] - before) > 20.0, 6,
        "the fingers closed",
    )  # fmt: skip


@pytest.mark.timeout(300)
def test_the_hand_decodes_and_drives_by_itself(driving):
    drive = driving(2)
    until(lambda: own(drive).get("equal", 0) > 50, 15, "hops are compared")
    drive.rig.prompt({}, rise_s=0, hold_s=0.1, fall_s=0, label="rest")
    drive.ask("arm")
    until(lambda: drive.state() == 4, 5, "the hand became active")
    closes_and_opens(drive)
    said = own(drive)
    print(f"\n{said}")
    assert (said["mode"], said["different"]) == ("hand", 0) and said["equal"] > 100
    assert len(drive.commands()) == 0, "no COMMAND was sent"
    with pytest.raises(HandError, match="keeps its grip"):
        drive.control.ask("grip", name="key")
    drive.control.process.kill()
    until(lambda: drive.state() == 6, 3, "LINK LOST")


@pytest.mark.timeout(300)
def test_the_shadow_agrees_and_does_not_drive(driving):
    drive = driving(1)
    until(lambda: own(drive).get("equal", 0) > 50, 15, "hops are compared")
    drive.arm()
    drive.close_hand()
    said = own(drive)
    print(f"\n{said}")
    assert (said["mode"], said["different"]) == ("shadow", 0)
    assert len(drive.commands()) > 20, "the host drives"
    apart = [abs(a - b) for a, b in zip(said["hand"], said["host"], strict=True)]
    assert apart and max(apart) < 3000, "a hop apart, at most"


@pytest.mark.timeout(300)
def test_without_the_profiles_decoder_a_hand_that_decodes_is_not_armed(driving):
    drive = driving(2, None)
    with pytest.raises(HandError, match="another decoder than this profile's: upload it"):
        drive.control.ask("arm")


@pytest.fixture
def image(arm_tools):
    built("f405")


@pytest.mark.timeout(200)
def test_same_bits_on_the_f405_over_the_wire(image, pc_firmware, bus, tmp_path):
    """As fast as the emulator decodes; its upload is refused, because QEMU writes no flash."""
    flash, slot, blobs = tmp_path / "flash", tmp_path / "slot", kinds()
    with (
        firmware.start("pc", bus.port, tmp_path / "pc", flash=flash) as running,
        connected(running.port) as host,
    ):
        at_rest(host)
        for kind in blobs:
            assert upload(host, kind, blobs[kind])["status"] == OK
    firmware.slots_of(flash, slot)
    counts = recording(8)[:SAMPLES]
    hops = {int(hop["samples"]): hop for hop in core.Chain(settings(1)).process(counts)}
    with (
        ServoStandin() as servos,
        firmware.start("f405", servos.port, tmp_path / "f405", slots=slot) as running,
        connected(running.port) as host,
    ):
        assert host.hello(10.0).fields["decoder_hash"] == hand_blobs.crc(blobs[DECODER])
        host.until_state("disarmed", 10.0)
        other = kinds(0)[CALIBRATION]
        begun = ask(host, "BLOB_BEGIN", CALIBRATION, size=len(other), hash=hand_blobs.crc(other))
        assert begun["status"] == OK, "the other slot is empty"
        chunk = {"offset": 0, "count": CHUNK, "bytes": list(other[:CHUNK])}
        said = ask(host, "BLOB_CHUNK", CALIBRATION, **chunk)
        assert (said["status"], said["received"]) == (core.lib.WIRE_BLOB_NOT_KEPT, 0)
        said = ask(host, "BLOB_CHUNK", CALIBRATION, **chunk)
        assert said["status"] == core.lib.WIRE_BLOB_NOT_BEGUN, "it has to begin anew"
        assert said["hash"] == hand_blobs.crc(blobs[CALIBRATION]), "the old one stays in force"
        decode_mode(host, 1)
        host.compare_clocks()
        got = streamed(host, 7000, counts)
    assert len(got) > 0.9 * len(hops) and not got[-1]["filled"]
    for told in got:
        assert told["hop_hash"] == hand_blobs.hop_hash(hops[told["sample"] - 6999], 8, 4)
    print(f"\n{SAMPLES} samples, {len(got)} of {len(hops)} hops heard of, all with the same bits")
