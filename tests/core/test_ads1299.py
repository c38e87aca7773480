# SPDX-License-Identifier: GPL-3.0-or-later
"""The EMG front end's driver against a simulated ADS1299. What is expected of it is written down
here from TI's datasheet, SBAS499C: section 9.5.3 (commands), 9.6 (registers), 10.1.2 ("setting the
device up for basic data capture", the flow diagram) and 11.1 (power-up)."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
from ads1299_rig import APP, Rig

from slips import one_in

FINE, NOT_FOUND, TOO_SMALL, BAD_REGISTER, SILENT, BAD_STATUS = range(6)
RUNNING, FAILED = 7, 8
CLOCK_US = 1 / 2.048
FOUND_S = 0.32  # POWER, REFERENCE and the settling of the filter
RATES = (250, 500, 1000)


@pytest.fixture(scope="module")
def rig(tmp_path_factory) -> Rig:
    if shutil.which("gcc") is None:
        pytest.skip("gcc is not installed")
    return Rig(tmp_path_factory.mktemp("ads1299"))


def noise(n: int, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).integers(-(2**23), 2**23, (n, 8))


# ---- the sequence ----

# Flow diagram: wait for tPOR, pulse RESET, SDATAC; reference on (CONFIG3), wait for it; write the
# other registers; start; RDATAC. Values: CONFIG1 96 (250), 95 (500), 94 (1000): daisy off, no clock
# out, bit 4 is 1 and bit 3 is 0. CONFIG2 C0: no test signal. CONFIG3 EC: reference buffer on, bias
# reference inside, bias buffer on. LOFF 00. CHnSET 60: on, gain 24, electrodes. BIAS_SENSP and
# BIAS_SENSN FF: all. LOFF_SENSP, LOFF_SENSN, LOFF_FLIP 00. MISC1, MISC2, CONFIG4 00.
SET_UP = [
    "high", "low", "high",
    "11 20 00 00",  # SDATAC; RREG of one register from 00, ID
    "43 00 ec",  # WREG CONFIG3
    "41 10 96 c0 ec 00 60 60 60 60 60 60 60 60 ff ff 00 00 00",  # WREG 01 to 11
    "55 02 00 00 00",  # WREG 15 to 17
    "20 17" + 24 * " 00",  # RREG of 24 registers from 00
    "08 10",  # START, RDATAC
]  # fmt: skip
FRAME = " ".join(27 * ["00"])
CHECK = "11 20 17" + 24 * " 00" + " 10"  # SDATAC, RREG of all, RDATAC


@pytest.mark.parametrize("rate", RATES)
def test_sequence_is_the_flow_diagram_of_the_datasheet_byte_for_byte(rig, rate):
    assert rig.start(rig.config(rate_sps=rate)) == 0
    rig.run(3.0)
    at, sent = zip(*rig.lines(), strict=True)
    dr = {250: "96", 500: "95", 1000: "94"}[rate]
    assert list(sent[: len(SET_UP)]) == [one.replace("96", dr) for one in SET_UP]
    high, low, up, identify, reference, others, _, _, start = at[: len(SET_UP)]
    assert high == 0 and low >= 2**18 * CLOCK_US, "tPOR"
    assert up - low >= 2 * CLOCK_US, "tRST"
    assert identify - up >= 18 * CLOCK_US
    assert others - reference >= 150_000, "the reference settles"
    frames = np.array([one for one, what in zip(at, sent, strict=True) if what == FRAME])
    checks = [one for one, what in zip(at, sent, strict=True) if what == CHECK]
    assert len(frames) + len(checks) + len(SET_UP) == len(sent), "nothing else is ever sent"
    settling = (4 * 128 * {250: 64, 500: 32, 1000: 16}[rate] + 9) * CLOCK_US
    assert 0 <= frames[0] - start - settling < 1000
    assert np.diff(frames) == pytest.approx(1e6 / rate, abs=250)
    assert len(checks) == 2 and rig.driver.checks == 2
    assert not rig.broken()
    assert (rig.driver.stage, rig.driver.error, rig.driver.lost) == (RUNNING, FINE, 0)


def test_every_field_of_the_configuration_reaches_its_register(rig):
    config = rig.config(
        4, gain=12, bias_p=0b0101, bias_n=0b0011, lead_off_p=0b1001, lead_off_n=0b0110, srb1=1,
        input=[0, 1, 5, 8, 0, 0, 0, 0],
    )  # fmt: skip
    assert rig.start(config) == 0
    rig.run(FOUND_S + 0.1)
    held = bytes(rig.chip.registers)
    # gain 12 is code 5; test signal on; LOFF_SENS, comparators on (CONFIG4 02), SRB1 closed
    assert held[1:18] == bytes.fromhex("96 d0 ec 00 50 51 55 81 81 81 81 81 05 03 09 06 00")
    assert held[21:24] == bytes.fromhex("20 00 02")
    assert not rig.broken() and rig.driver.stage == RUNNING


def test_without_bias_electrodes_the_bias_amplifier_stays_off(rig):
    rig.start(rig.config(bias_p=0, bias_n=0))
    rig.run(FOUND_S + 0.1)
    assert rig.chip.registers[3] == 0xE0


@pytest.mark.parametrize(("ident", "channels"), [(0x3E, 8), (0x3D, 6), (0x3C, 4), (0x9E, 8)])
def test_chips_of_8_6_and_4_channels_and_another_revision(rig, ident, channels):
    rows = noise(40)
    assert rig.start(rig.config(channels), rows, id=ident) == 0
    taken = rig.run(FOUND_S + 0.1)
    assert len(taken) > 20 and not rig.broken()
    assert np.array_equal(taken["counts"][:, :channels], rows[: len(taken), :channels])
    assert not taken["counts"][:, channels:].any()


# ---- samples ----


@pytest.mark.parametrize("rate", RATES)
def test_samples_come_bit_for_bit_in_order_with_the_time_of_drdy(rig, rate):
    n = 10 * rate
    rows = noise(n)
    rows[:6] = [[2**23 - 1, -(2**23), 1, -1, 0, 255, 256, -256]] * 6
    assert rig.start(rig.config(rate_sps=rate), rows) == 0
    taken = rig.run(FOUND_S + n / rate)[:n]
    assert len(taken) == n and rig.driver.lost == 0 and not rig.broken()
    assert np.array_equal(taken["counts"], rows)
    assert np.array_equal(taken["counter"], np.arange(1, n + 1))
    assert np.all(taken["saturated"][:6] == 0b11) and not taken["saturated"][6:].any()
    period = 128 * {250: 64, 500: 32, 1000: 16}[rate] * CLOCK_US
    assert np.diff(taken["time_us"].astype(float)) == pytest.approx(period, abs=1.01)


@pytest.mark.parametrize("ppm", [-25_000, 25_000])
@pytest.mark.parametrize("rate", RATES)
def test_an_oscillator_at_either_end_of_its_tolerance(rig, rate, ppm):
    rows = noise(3 * rate)
    rig.start(rig.config(rate_sps=rate), rows, clock_ppm=ppm)
    taken = rig.run(3.0)
    assert len(taken) > 2.5 * rate and not rig.broken()
    assert np.array_equal(taken["counts"], rows[: len(taken)])
    assert rig.driver.lost == 0 and rig.driver.error == FINE


def test_scale_is_the_hosts(rig):
    host = 4.5 / (2**23 - 1) / 24 * 1e6
    assert rig.lib.ads1299_uv(24) == pytest.approx(host, rel=1e-7)
    assert rig.lib.ads1299_uv(24) == pytest.approx(0.0223517, rel=1e-5)
    assert rig.lib.ads1299_uv(1) == pytest.approx(24 * host, rel=1e-7)


def test_the_chips_own_square_wave(rig):
    """VREF / 2400 at fCLK / 2^21: 1875 uV, near 1 Hz."""
    rig.start(rig.config(2, input=[5, 1, 0, 0, 0, 0, 0, 0]))
    taken = rig.run(3.0)["counts"]
    assert 24 * rig.lib.ads1299_uv(24) * np.abs(taken[:, 0]) == pytest.approx(24 * 1875, rel=1e-4)
    turns = np.flatnonzero(np.diff(np.sign(taken[:, 0])))
    assert len(turns) >= 4 and np.all(np.diff(turns) == 128)
    assert not taken[:, 1].any()


def test_what_is_missed_is_counted_and_leaves_a_gap(rig):
    rows = noise(600)
    rig.start(rows=rows)
    before = rig.run(0.5)
    rig.lib.bench_sleep(100_000)
    after = rig.run(0.5)
    taken = np.concatenate([before, after])
    gap = int(after["counter"][0] - before["counter"][-1]) - 1
    assert 23 <= gap <= 26
    assert rig.driver.lost == gap and not rig.broken()
    assert np.array_equal(taken["counts"], rows[taken["counter"] - 1])
    assert np.all(np.diff(after["counter"]) == 1)


def test_a_step_every_millisecond_loses_nothing_at_250(rig):
    rows = noise(1000)
    rig.start(rows=rows)
    taken = rig.run(FOUND_S + 3.5, step_us=1000)
    assert rig.driver.lost == 0 and not rig.broken() and rig.driver.checks >= 2
    assert np.array_equal(taken["counts"], rows[: len(taken)])


@pytest.mark.parametrize("step_us", [37, 90, 230, 410, 700, 1300, 2900, 5100])
@pytest.mark.parametrize("rate", RATES)
def test_no_step_is_so_slow_that_a_frame_is_read_across_drdy(rig, rate, step_us):
    """Then samples are lost, and counted, and those that come are right."""
    rows = noise(4 * rate)
    rig.start(rig.config(rate_sps=rate), rows)
    taken = rig.run(2.5, step_us=step_us)
    assert not rig.broken() and rig.driver.stage == RUNNING
    assert np.array_equal(taken["counts"], rows[taken["counter"] - 1])
    assert rig.driver.lost + len(taken) in (rig.driver.counter, rig.driver.counter - 1)


# ---- faults ----


def failed_after(rig, error: int, seconds: float = 5.0) -> float:
    """Runs until FAILED; milliseconds since the newest edge of DRDY, or since power."""
    rig.run(seconds, stop=True)
    assert rig.driver.stage == FAILED, f"still in stage {rig.driver.stage}"
    assert rig.driver.error == error
    assert rig.said.strip() == rig.ffi.string(rig.lib.ads1299_says(error)).decode()
    assert not rig.broken()
    last = rig.chip.edge_ns / 1000 if rig.chip.edges else 1_000_000
    return (rig.now_us - last) / 1000


@pytest.mark.parametrize("ident", [0x00, 0xFF, 0x3F, 0x92, 0x2E])
def test_another_chip_or_none_is_not_found(rig, ident):
    rig.start(id=ident)
    assert failed_after(rig, NOT_FOUND) < 155


def test_nothing_on_the_line_is_not_found(rig):
    rig.start(present=0)
    assert failed_after(rig, NOT_FOUND) < 155


def test_transfers_that_never_end_are_not_found(rig):
    rig.start()
    rig.lib.bench_cut(1)
    assert failed_after(rig, NOT_FOUND) < 165


def test_transfers_that_end_no_more(rig):
    rig.start()
    rig.run(1.0)
    rig.lib.bench_cut(1)
    before = rig.now_us
    rig.run(1.0, stop=True)
    assert rig.driver.error == NOT_FOUND and rig.now_us - before < 15_000


def test_fewer_channels_than_wanted(rig):
    rig.start(rig.config(8), id=0x3D)
    assert failed_after(rig, TOO_SMALL) < 155


WRITTEN = [*range(0x01, 0x11), 0x15, 0x17]


@pytest.mark.parametrize("register", WRITTEN)
def test_a_register_that_takes_no_value(rig, register):
    config = rig.config(lead_off_p=255, lead_off_n=255, srb1=1, rate_sps=500, input=[5] * 8)
    rig.start(config, stuck_register=register)
    if register == 0x04:  # it stands at what is wanted anyway
        rig.run(1.0)
        assert rig.driver.stage == RUNNING
        return
    assert failed_after(rig, BAD_REGISTER) < 310


FIXED = [at for at in range(24) if at not in (0x12, 0x13, 0x14)]


@pytest.mark.parametrize("bit", [0, 3, 7])
@pytest.mark.parametrize("register", FIXED)
def test_a_bit_that_turns_over_while_running_is_found_within_a_second(rig, register, bit):
    rows = noise(1000)
    rig.start(rows=rows, flip_at=100, flip_register=register, flip_bits=1 << bit)
    if (register, bit) == (0x03, 0):  # BIAS_STAT is the chip's own
        rig.run(3.0)
        assert rig.driver.stage == RUNNING
        return
    taken = rig.run(5.0, stop=True)
    assert rig.driver.stage == FAILED and rig.driver.error in (BAD_REGISTER, SILENT)
    assert (rig.driver.error == SILENT) <= (register == 0x01)
    assert len(taken) - 100 <= 252 + 100, "a second of samples"


@pytest.mark.parametrize(("rate", "most_ms"), [(250, 37), (500, 21), (1000, 13)])
def test_drdy_that_stands_still(rig, rate, most_ms):
    rig.start(rig.config(rate_sps=rate), silent_at=200)
    assert failed_after(rig, SILENT) < most_ms
    assert rig.driver.samples == 199


def test_drdy_that_never_comes(rig):
    rig.start(silent_at=1)
    rig.run(5.0, stop=True)
    assert rig.driver.error == SILENT and rig.now_us - 1_000_000 < 345_000


def test_a_supply_that_dips_ends_the_samples_and_they_come_again(rig):
    rig.start(rows=noise(2000), reset_at=200)
    assert failed_after(rig, SILENT) < 37
    again = rig.run(2.0)
    assert rig.driver.stage == RUNNING and rig.driver.error == FINE and rig.driver.restarts == 1
    assert len(again) > 100 and again["counter"][0] == 201 and not rig.broken()


def test_a_fault_stays_named_until_samples_come(rig):
    rig.start(id=0x00)
    rig.run(1.0, stop=True)
    rig.run(10.0)
    assert rig.driver.error == NOT_FOUND and rig.driver.restarts >= 8
    assert rig.said.count("\n") == 1, "said once"


def test_three_bad_frames_in_a_row(rig):
    rows = noise(1000)
    rig.start(rows=rows, status_at=101, status_frames=3)
    taken = rig.run(5.0, stop=True)
    assert rig.driver.error == BAD_STATUS and rig.driver.bad == 3
    assert np.array_equal(taken["counts"], rows[:100])


def test_one_bad_frame_is_dropped(rig):
    rows = noise(1000)
    rig.start(rows=rows, status_at=101, status_frames=2)
    taken = rig.run(2.0)
    assert rig.driver.error == FINE and rig.driver.bad == 2
    assert np.array_equal(taken["counts"], rows[taken["counter"] - 1])
    assert set(range(1, 200)) - set(taken["counter"].tolist()) == {101, 102}


def test_railed_and_lifted_channels_are_named(rig):
    config = rig.config(lead_off_p=0b1111_1100, lead_off_n=0b0000_1111)
    rig.start(config, noise(500) // 2, railed=0b1, lifted=0b1000_0010)
    taken = rig.run(1.0)
    assert np.all(taken["saturated"] == 0b1000_0011)
    assert np.all(taken["counts"][:, 0] == 2**23 - 1)
    assert np.all(taken["counts"][:, [1, 7]] == -(2**23))
    assert np.all(taken["lead_off_p"] == 0b1000_0000) and np.all(taken["lead_off_n"] == 0b10)


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"channels": 0}, "channels"),
        ({"channels": 9}, "channels"),
        ({"rate_sps": 2000}, "rate_sps"),
        ({"rate_sps": 0}, "rate_sps"),
        ({"gain": 3}, "gain"),
        ({"gain": -24}, "gain"),
        ({"input": [4] * 8}, "input"),
        ({"channels": 4}, "bias"),
        ({"channels": 4, "bias_p": 0, "bias_n": 0, "lead_off_n": 16}, "lead_off"),
    ],
)
def test_a_bad_configuration_is_named_and_nothing_is_sent(rig, fields, named):
    assert rig.start(rig.config(**{"channels": 8}) if not fields else changed(rig, fields)) < 0
    rig.run(1.0)
    assert named in rig.said and rig.said.count("\n") == 1
    assert rig.driver.stage == 0 and not rig.lines()


def changed(rig, fields):
    config = rig.config()
    for name, value in fields.items():
        setattr(config, name, value)
    return config


# ---- these tests can fail ----

SLIPS = [
    ("    put(ads, SDATAC);\n    put_read(ads, ID, ADS", "    put_read(ads, ID, ADS"),
    ("            put(ads, SDATAC);\n", "            put(ads, RDATAC);\n"),
    ("gone_us >= ADS1299_POWER_US", "gone_us >= 100000"),
    ("gone_us >= ADS1299_REFERENCE_US", "gone_us >= 100000"),
    ("if (gone_us < UPDATE_US)", "if (gone_us + 3u < UPDATE_US)"),
    ("period_us(ads) * 95u", "period_us(ads) * 130u"),
    ("value - 2 * (CODE_MOST + 1)", "value - 2 * CODE_MOST"),
    ("(in[0] & 0xF0u) != 0xC0u", "0"),
    ("fail(ads, ADS1299_SILENT, now_us)", "(void)0"),
    ("now_us - ads->checked_us < ADS1299_CHECK_US", "1"),
    ("ads->lost += more - 1u", "ads->lost += 0u"),
    ("if (kind < 0 || kind > 2)", "if (kind > 2)"),
    ("ads->present < ads->config.channels", "0"),
]  # fmt: skip


@pytest.mark.parametrize(("stands", "slip"), one_in(3, SLIPS))
def test_slip_is_noticed(tmp_path, stands, slip):
    text = (APP / "ads1299.c").read_text()
    assert text.count(stands) == 1, "ads1299.c changed: state the slip anew"
    broken = Rig(tmp_path, text.replace(stands, slip))
    rows = noise(1500)
    noticed = []

    def see(name: str, good: bool) -> None:
        if not good:
            noticed.append(name)

    for rate, step in ((250, 200), (1000, 90), (250, 1), (1000, 700), (1000, 1300), (250, 2900)):
        broken.start(broken.config(rate_sps=rate), rows)
        taken = broken.run(1.4, step_us=step)
        see("rules", not broken.broken())
        see("bits", np.array_equal(taken["counts"], rows[(taken["counter"] - 1) % 1500]))
        see("running", broken.driver.stage == RUNNING and len(taken) > 0)
        see("lost", broken.driver.counter - broken.driver.lost - len(taken) <= 1)
        see("checked", broken.driver.checks > 0)
    for wants, faults in (
        (SILENT, {"silent_at": 100}), (BAD_STATUS, {"status_at": 100, "status_frames": 9}),
        (NOT_FOUND, {"id": 0x1B}), (TOO_SMALL, {"id": 0x3C}),
    ):  # fmt: skip
        broken.start(broken.config(), rows, **faults)
        broken.run(2.0, stop=True)
        see(f"error {wants}", broken.driver.error == wants)
    assert noticed
