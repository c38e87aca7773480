# SPDX-License-Identifier: GPL-3.0-or-later
"""The STM32F405 hand by itself in QEMU: electrodes, decoder, guard and motors, and a host that only
arms it and listens. The front end's chip is simulated inside the image, behind the real driver
(tests/c/frontend_memory.c)."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest

from endplate import core
from endplate.hardware import load_hand
from endplate.live import hand_blobs
from endplate.live.hand_blobs import DECODER
from endplate.live.hand_upload import hand_settings, profile_blobs
from endplate.live.profile_file import load_profile
from endplate.live.traces import records
from endplate.sim import firmware
from endplate.sim.rig import MOTION

from .builds import built
from .grasping import mechanics
from .hand_link import set_up
from .params_asking import OK, at_rest, set_named
from .test_firmware_f405 import FIRMWARE
from .test_own_electrodes import CLOSE_S, INDEX, REST_S, patients_rows
from .wire_host import STATE, connected

ROWS_AT = 0x08040000  # frontend_memory.c
MOST_ROWS = 8000
HAND = load_hand("test-hand")


@pytest.fixture(scope="module")
def image(arm_tools) -> Path:
    built("own")
    return FIRMWARE / "build" / "f405" / "own.elf"


@pytest.fixture
def slot(pc_firmware, bus, offline_profile, tmp_path) -> Path:
    """QEMU writes no flash: what the Linux program was given and kept is loaded into it."""
    flash = tmp_path / "flash"
    with firmware.start("pc", bus.port, tmp_path / "pc", flash=flash) as running:
        set_up(running.port, offline_profile)
    return firmware.slots_of(flash, tmp_path / "slot")


@pytest.mark.alone
@pytest.mark.timeout(200)
def test_the_f405_decodes_its_own_electrodes_and_drives(image, slot, offline_profile, tmp_path):
    rows = patients_rows()
    assert len(rows) < MOST_ROWS
    memory = tmp_path / "rows"
    memory.write_bytes(struct.pack("<I", len(rows)) + rows.tobytes())
    profile = load_profile(offline_profile)
    with (
        mechanics(tmp_path) as part,
        firmware.start("f405", part.ready["bus"], tmp_path, slots=slot, program=image,
                       loaded=[(memory, ROWS_AT)]) as running,
        connected(running.port) as host,
    ):  # fmt: skip
        at_rest(host)
        wanted = hand_blobs.crc(profile_blobs(profile, HAND)[DECODER])
        assert host.info["decoder_hash"] == wanted
        for name, value in (("emg_source", 1), ("decode", 2)):
            assert set_named(host, name, value)["status"] == OK
        host.until(lambda f: f.msg == "DECODED" and f.fields["drives"], 5.0, "its own hops")
        host.arm()
        host.until_state("active", 5.0)
        # From here on: what the simulated person does is all that moves it.
        host.until(
            lambda f: f.msg == "DECODED" and f.fields["target"][0] > 0, REST_S + 2 * CLOSE_S,
            "the person closes the hand",
        )  # fmt: skip
        host.until(
            lambda f: f.msg == "DECODED" and moved(tmp_path) > 20.0, CLOSE_S,
            "the index finger closes",
        )  # fmt: skip
        ended = host.until_state("active")
        host.send("DISARM", {"reason": 0})
        host.until_state("disarmed")
        heard = [f.fields for f in host.frames if f.msg == "DECODED"]
    assert ended["state"] == STATE["active"] and not ended["faults"]
    same, lost = decoded_as_here(heard, rows, hand_settings(profile, HAND))
    print(f"\nindex moved {moved(tmp_path):.0f} degrees; {same} of {len(heard)} hops compared, the "
          f"same bits; {lost} conversions lost to the emulator")  # fmt: skip
    assert len(heard) > 100 and same > 0


def decoded_as_here(heard: list[dict], rows: np.ndarray, settings: dict) -> tuple[int, int]:
    """Hops that are a chain's on the same rows, to the bit, and how many conversions were lost.

    What the emulator does to them when it stands still for some milliseconds: the driver is late
    and has the last row twice (the hand says how often, not where, and counts some ahead of the
    hop), or it stands between asking and reading and has the next row. Where none of those ways
    fits, nothing behind can be compared; before the first loss every hop must fit.
    """
    used, filled, behind = rows.copy(), 0, 0
    for same, told in enumerate(heard):
        end = (told["sample"] - told["start"] + 1) & 0xFFFFFFFF
        for places, late in mishaps(range(behind, end), told["filled"] - filled):
            tried = used[:end].copy()
            tried[late] = rows[[n + 1 for n in late]]
            for place in places:
                tried[place] = tried[place - 1]
            hop = core.Chain(settings).process(tried)[-1]
            if told["hop_hash"] == hand_blobs.hop_hash(hop, rows.shape[1], len(HAND.dofs)):
                break
        else:
            assert told["filled"], f"the hop at sample {end} is not the chain's: {told}"
            return same, told["filled"]
        used[:end], filled, behind = tried, filled + len(places), end
    return len(heard), filled


def mishaps(samples: range, most: int) -> Iterator[tuple[tuple[int, ...], list[int]]]:
    """The ways in which up to so many of these samples may be repetitions, and one be late."""
    for late in ([], *([n] for n in samples)):
        for count in range(min(most, len(samples)), -1, -1):
            for places in combinations(samples, count):
                yield places, late


def moved(folder: Path) -> float:
    """Degrees by which the index finger is more closed than at first."""
    at = records(folder / "hand.bin", MOTION)["position_deg"][:, INDEX]
    return float(at[-1] - at[0]) if len(at) else 0.0
