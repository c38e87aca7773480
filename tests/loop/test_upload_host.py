# SPDX-License-Identifier: GPL-3.0-or-later
"""Uploads through the real link and the command line, and what a person is told of a bad one."""

from __future__ import annotations

from dataclasses import replace

import pytest

from endplate.errors import EndplateError, HandError
from endplate.hardware import load_hand
from endplate.live import hand_blobs
from endplate.live.hand_blobs import CALIBRATION, DECODER, GRIPS
from endplate.live.hand_upload import HandBlobs, grips_of, profile_blobs
from endplate.live.profile_file import load_profile
from endplate.sim import firmware

from .chain_case import settings
from .hand_link import endplate, serve

HAND = load_hand("test-hand")


@pytest.fixture
def hand(pc_firmware, bus, tmp_path):
    with firmware.start("pc", bus.port, tmp_path, flash=tmp_path / "flash") as running:
        yield running


def test_a_profile_is_uploaded_by_the_command(hand, offline_profile, capsys):
    assert endplate("upload", hand.port, str(offline_profile)) == 0
    said = " ".join(capsys.readouterr().out.split())
    wanted = hand_blobs.crc(profile_blobs(load_profile(offline_profile), HAND)[DECODER])
    assert f"decoder of offline ({wanted:08x}) and computes the same bits" in said
    assert endplate("info", hand.port) == 0
    assert f"{wanted:08x}" in capsys.readouterr().out


def test_the_grips_of_a_hand_file_are_uploaded_by_the_command(hand, root, tmp_path, capsys):
    text = (root / "hw" / "hands" / "test-hand.toml").read_text()
    path = tmp_path / "mine.toml"
    first = HAND.grips[0].close_s
    path.write_text(text.replace(f"close_s = {first:g}", "close_s = 3.0", 1))
    assert load_hand(path).grips[0].close_s == 3.0
    assert endplate("upload", hand.port, "--grips", str(path)) == 0
    assert "keeps the grips of test-hand" in capsys.readouterr().out


def test_a_running_session_keeps_its_port(monkeypatch, tmp_path):
    for module in ("params", "upload"):
        monkeypatch.setattr(
            f"endplate.cli.hand.{module}.session_on", lambda _port: (tmp_path, "test-hand"),
            raising=False,
        )  # fmt: skip
    with pytest.raises(HandError, match="A session runs on /dev/ttyX: end it, then upload"):
        endplate("upload", "/dev/ttyX", "--grips", "test-hand")


def test_an_armed_hand_is_not_changed(link):
    link.arm()
    serve(link, lambda: link.armed)
    with pytest.raises(HandError, match="only while it is disarmed, and it is armed; disarm it"):
        HandBlobs(link).upload(GRIPS, hand_blobs.grips_blob(HAND))
    assert link.armed


def test_the_hands_own_verdicts_are_sentences(link):
    hand = HandBlobs(link)
    calibration = hand_blobs.calibration_blob(settings(1), HAND.hash32)
    decoder = hand_blobs.decoder_blob(settings(1), HAND.hash32, calibration)
    with pytest.raises(HandError, match="does not fit the rest .* upload the calibration first"):
        hand.upload(DECODER, decoder)
    hand.upload(CALIBRATION, calibration)
    pool = len(decoder) - 4 * len(settings(1)["decoder"]["pool"])
    nan = decoder[:pool] + b"\0\0\xc0\x7f" + decoder[pool + 4 :]
    for data, words in (
        (nan, r"refused: pool \(field 15, index 0\) is wrong; it may be -1e6 to 1e6"),
        (decoder[:16] + b"abcd" + decoder[20:], "computes other numbers with this decoder"),
        (decoder[:8] + b"abcd" + decoder[12:], "made for another hand file"),
        (calibration, "does not read this decoder"),
        (decoder[:-8], "its size is not as it should be"),
    ):
        with pytest.raises(HandError, match=words):
            hand.upload(DECODER, data)
        assert hand.status(DECODER)["size"] == 0 and hand.status(CALIBRATION)["size"] > 0


def test_a_decoder_that_is_longer_than_a_hop_is_refused_before_it_is_sent(offline_profile):
    """A piece of work is a millisecond: one a sample, three a hop, the decoder's, and two."""
    profile = load_profile(offline_profile)
    assert profile_blobs(profile, HAND)
    with pytest.raises(HandError, match=r"takes \d+ ms of each 4 ms on the hand, .*ridge on RMS"):
        profile_blobs(replace(profile, hop_samples=1, window_hops=40), HAND)


def edited(**fields):
    changed = settings(1)
    for place, value in fields.items():
        *path, last = place.split("__")
        at = changed
        for key in path:
            at = at[int(key)] if key.isdigit() else at[key]
        at[int(last) if last.isdigit() else last] = value
    return changed


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"rate_hz": 1000}, r"rate_hz \(field 3, index 0\) is 1000; it may be 50 to 500"),
        ({"features__rest__3": float("nan")}, r"rest \(field 20, index 3\) is nan"),
        ({"shape__dof__0__dead_band": 0.95}, "dead_band .* is 0.95; it may be 0 to 0.9"),
        ({"quality__frame_samples": 1}, "frame_samples .* is 1; it may be 2 to 25, and 0.05 s at"),
    ],
)
def test_a_calibration_that_no_hand_takes_is_refused_before_it_is_sent(fields, words):
    with pytest.raises(HandError, match=words):
        hand_blobs.calibration_blob(edited(**fields), HAND.hash32)


def test_a_weight_that_is_no_number_is_refused_before_it_is_sent():
    broken = edited(decoder__pool__17=float("nan"))
    with pytest.raises(HandError, match=r"pool \(field 15, index 17\) is nan; .* -1e6 to 1e6"):
        hand_blobs.decoder_blob(broken, HAND.hash32, b"")


def test_a_profile_or_hand_file_that_is_not_this_hands_is_refused(hand, link, offline_profile):
    profile = load_profile(offline_profile)
    with pytest.raises(HandError, match="made for the hand other, not for test-hand"):
        profile_blobs(replace(profile, hand="other"), HAND)
    wide = replace(profile, channels=(17, *profile.channels[1:]))
    with pytest.raises(HandError, match="uses channel 17, and a hand decodes at most 16"):
        profile_blobs(wide, HAND)
    info = link.info
    with pytest.raises(HandError, match="it has name transradial, the hand says test-hand"):
        grips_of(load_hand("transradial"), info)
    with pytest.raises(HandError, match="it has joints 8, the hand says 9"):
        grips_of(replace(HAND, joints=HAND.joints[:8]), info)
    slow = (replace(HAND.joints[0], speed_dps=1.0), *HAND.joints[1:])
    with pytest.raises(HandError, match=f"its {HAND.joints[0].name} is not as the hand's"):
        grips_of(replace(HAND, joints=slow), info)


def test_the_command_says_what_is_missing(hand, tmp_path, offline_profile):
    for words, said in (
        ((), "Name a profile or, with --grips, a hand file"),
        ((str(offline_profile), "--grips", "test-hand"), "one of the two"),
        ((str(tmp_path / "none.json"),), "There is no profile at"),
        (("--grips", str(tmp_path / "none.toml")), "none.toml"),
        ((str(offline_profile), "--hand", "transradial"), "is not the one the hand was built from"),
    ):
        with pytest.raises(EndplateError, match=said):
            endplate("upload", hand.port, *words)
