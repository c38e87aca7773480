# SPDX-License-Identifier: GPL-3.0-or-later
"""The Cyton's protocol, byte by byte, without a port."""

from __future__ import annotations

import numpy as np
import pytest

from endplate.sim.cyton import COUNT_UV_AT_GAIN_1, LARGEST, PACKET_BYTES, SKIN_OHM, Cyton

COUNT_UV = COUNT_UV_AT_GAIN_1 / 24


def values(packet: bytes) -> list[int]:
    return [int.from_bytes(packet[2 + 3 * k : 5 + 3 * k], "big", signed=True) for k in range(8)]


def test_reset_ends_with_three_dollars_within_500_bytes():
    for daisy in (False, True):
        answer = Cyton(daisy).hear(b"v")
        assert answer.endswith(b"$$$") and len(answer) < 500
        assert (b"Daisy" in answer) is daisy


def test_defaults_are_acknowledged_and_not_as_a_failure():
    answer = Cyton().hear(b"d")
    assert answer.endswith(b"$$$") and not answer.startswith(b"Failure")


def test_count_is_22_nanovolts():
    assert COUNT_UV == pytest.approx(0.02235, abs=1e-5)
    assert list(Cyton().counts(np.full((1, 8), 100.0))[0]) == [round(100.0 / COUNT_UV)] * 8


def test_packet_layout():
    cyton = Cyton()
    counts = np.array([1, -1, LARGEST, -LARGEST - 1, 0, 256, -256, 65536], np.int32)
    first, second = cyton.packet(counts), cyton.packet(counts)
    assert len(first) == PACKET_BYTES
    assert (first[0], first[1], first[-1]) == (0xA0, 0, 0xC0) and second[1] == 1
    assert values(first) == list(counts)
    assert first[26:32] != bytes(6) and second[26:32] == bytes(6)  # 1 g at times, else zeros


def test_packet_number_wraps_at_256():
    cyton = Cyton()
    numbers = [cyton.packet(np.zeros(8, np.int32))[1] for _ in range(300)]
    assert numbers == [k % 256 for k in range(300)]


def test_daisy_alternates_between_the_halves():
    cyton = Cyton(daisy=True)
    counts = np.arange(16, dtype=np.int32)
    assert values(cyton.packet(counts)) == list(range(8, 16))  # even number: channels 9-16
    assert values(cyton.packet(counts)) == list(range(8))


def test_out_of_range_saturates():
    counts = Cyton().counts(np.array([[200_000.0] * 4 + [-200_000.0] * 4]))
    assert list(counts[0]) == [LARGEST] * 4 + [-LARGEST - 1] * 4
    assert COUNT_UV * LARGEST == pytest.approx(187_500.0, rel=1e-6)


def test_stream_starts_and_stops_and_restarts_at_zero():
    cyton = Cyton()
    assert not cyton.streaming and cyton.hear(b"b") == b"" and cyton.streaming
    cyton.packet(np.zeros(8, np.int32))
    assert cyton.hear(b"b") == b"" and cyton.number == 1  # already streaming: nothing new
    assert cyton.hear(b"s") == b"" and not cyton.streaming
    cyton.hear(b"b")
    assert cyton.number == 0


def test_nothing_is_answered_while_streaming_but_a_reset():
    cyton = Cyton()
    cyton.hear(b"b")
    assert cyton.hear(b"x1030110X") == b"" and cyton.gain[0] == 6
    assert cyton.hear(b"v").endswith(b"$$$") and not cyton.streaming and cyton.gain[0] == 24


def test_channel_setup_changes_gain_power_and_input():
    cyton = Cyton()
    assert cyton.hear(b"x3020000X") == b"Success: Channel set for 3$$$"
    assert cyton.gain[2] == 4
    cyton.hear(b"x4160110X")
    cyton.hear(b"x5061110X")
    counts = cyton.counts(np.full((1, 8), 240.0))[0]
    assert counts[0] == round(240.0 / COUNT_UV)
    assert counts[2] == round(240.0 * 4 / COUNT_UV_AT_GAIN_1)
    assert counts[3] == 0 and counts[4] == 0  # switched off; shorted
    cyton.hear(b"d")
    assert list(cyton.counts(np.full((1, 8), 240.0))[0]) == [counts[0]] * 8


def test_commands_may_arrive_in_pieces():
    cyton = Cyton()
    assert cyton.hear(b"x10") == b"" and cyton.hear(b"5011") == b""
    assert cyton.hear(b"0X") == b"Success: Channel set for 1$$$" and cyton.gain[0] == 12


@pytest.mark.parametrize("wrong", [b"x9060110X", b"xA060110X", b"x1070110X", b"x106011QX"])
def test_wrong_channel_setups_fail_and_change_nothing(wrong):
    cyton = Cyton()
    assert cyton.hear(wrong).startswith(b"Failure")
    assert np.all(cyton.gain == 24) and cyton.power.all()


def test_channels_switch_off_and_on_by_single_letters():
    cyton = Cyton(daisy=True)
    cyton.hear(b"28i")
    assert list(np.flatnonzero(~cyton.power)) == [1, 7, 15]
    cyton.hear(b"@*I")
    assert cyton.power.all()


def test_daisy_channels_have_letters():
    assert Cyton(daisy=True).hear(b"xQ060110X") == b"Success: Channel set for 9$$$"
    assert Cyton().hear(b"xQ060110X").startswith(b"Failure")


def test_impedance_comes_back_by_the_formula():
    cyton = Cyton()
    cyton.impedance_ohm[2] = 75_000.0
    cyton.hear(b"x1000000Xx3000000X")
    assert cyton.hear(b"z101Zz301Z").count(b"Success") == 2
    uv = cyton.counts(np.zeros((250, 8))) * COUNT_UV_AT_GAIN_1
    ohm = np.sqrt(2) * uv.std(axis=0) * 1e-6 / 6e-9 - 2200
    assert ohm[0] == pytest.approx(SKIN_OHM, rel=0.01)
    assert ohm[2] == pytest.approx(75_000.0, rel=0.01)
    assert uv[:, 1].std() == 0.0


def test_current_goes_through_the_electrode_that_was_chosen():
    cyton = Cyton()
    cyton.impedance_ohm[0] = 10_000.0, 300_000.0

    def ohm() -> float:
        uv = cyton.counts(np.zeros((250, 8)))[:, 0] * COUNT_UV
        return float(np.sqrt(2) * uv.std() * 1e-6 / 6e-9 - 2200)

    for command, expected in ((b"z110Z", 10_000), (b"z101Z", 300_000), (b"z111Z", 312_200)):
        cyton.hear(command)
        assert ohm() == pytest.approx(expected, rel=0.01)
    cyton.hear(b"z100Z")
    assert ohm() == pytest.approx(-2200)


def test_internal_test_signal_is_a_square_wave_of_about_1_hz():
    cyton = Cyton()
    cyton.hear(b"-")
    uv = cyton.counts(np.zeros((2500, 8)))[:, 0] * COUNT_UV
    assert np.unique(np.round(np.abs(uv))) == pytest.approx([1875.0], abs=1)
    assert 18 <= np.count_nonzero(np.diff(np.sign(uv))) <= 20


def test_railed_channel_sits_at_full_scale():
    cyton = Cyton()
    cyton.rail[4] = True
    counts = cyton.counts(np.zeros((3, 8)))
    assert np.all(counts[:, 4] == LARGEST) and counts.sum() == 3 * LARGEST


def test_unknown_bytes_are_ignored():
    cyton = Cyton()
    assert cyton.hear(bytes(range(128, 256)) + b"\n\r") == b""
    assert cyton.hear(b"v").endswith(b"$$$")
