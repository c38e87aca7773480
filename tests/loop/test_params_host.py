# SPDX-License-Identifier: GPL-3.0-or-later
"""The hand's parameters through the real link and the command line."""

from __future__ import annotations

import os
import signal
import threading
import time

import pytest

from endplate.errors import HandError
from endplate.live.hand_params import HandParams
from endplate.sim import firmware

from .hand_link import endplate, serve


@pytest.fixture
def hand(pc_firmware, bus, tmp_path):
    with firmware.start("pc", bus.port, tmp_path, flash=tmp_path / "flash") as running:
        yield running


def test_set_save_and_reset(link, hand):
    params = HandParams(link, ["power", "pinch"])
    assert [row.value for row in params.read()] == [row.factory for row in params.read()]
    assert params.set("link_lost_ms", "250").value == 250
    assert params.set("rest_grip", "pinch").value == 1
    with pytest.raises(HandError, match="contradict another parameter: link_lost_ms is at least"):
        params.set("link_lost_ms", "120")
    assert params.get("link_lost_ms").value == 250 and params.hash != 0
    params.save()
    assert params.get("link_lost_ms").kept == 250
    params.reset()
    row = params.get("link_lost_ms")
    assert (row.value, row.kept, params.hash) == (300, 250, 0)
    with pytest.raises(HandError, match='no parameter "speed"; it has valid_max_ms, '):
        params.set("speed", "1")


def test_an_armed_hand_is_refused_with_what_to_do(link):
    params = HandParams(link)
    params.read()
    link.arm()
    serve(link, lambda: link.armed and not link.at_rest)
    for change in (lambda: params.set("ramp_ms", "60"), params.save, params.reset):
        with pytest.raises(HandError, match="only while it is disarmed, and it is armed; disarm"):
            change()
    assert link.armed and params.get("ramp_ms").value == 50


def test_a_hand_that_is_long_silent_while_it_saves_is_asked_again(link, hand):
    """As one is that has to erase its flash: the session ends meanwhile."""
    params = HandParams(link)
    params.set("link_lost_ms", "250")
    os.kill(hand.pid, signal.SIGSTOP)
    awake = threading.Timer(1.3, os.kill, (hand.pid, signal.SIGCONT))
    awake.start()
    params.save()
    awake.join()
    assert params.get("link_lost_ms").kept == 250
    assert params.get("link_lost_ms").value == 250


def test_a_hand_that_ends_is_said_to_be_gone(link, hand):
    params = HandParams(link)
    params.read()
    hand.stop()
    with pytest.raises(HandError, match="cable on .* is out|does not answer"):
        params.get("ramp_ms")


def test_the_command_line(hand, capsys):
    port = hand.port

    def said(*words: str) -> str:
        assert endplate(words[0], port, *words[1:]) == 0
        return capsys.readouterr().out

    assert said("get", "link_lost_ms") == "300 ms\n"
    assert said("set", "link_lost_ms", "250").startswith("link_lost_ms is 250 ms (was 300). Until")
    assert "is key (was power)" in said("set", "rest_grip", "key")
    listed = {words[3]: words for line in said("params").splitlines()
              if len(words := line.split()) > 4}  # fmt: skip
    assert listed["link_lost_ms"][1] == "*!" and listed["link_lost_ms"][5] == "250"
    assert "key" in listed["rest_grip"] and "hash" in said("params")
    assert said("save") == "The hand keeps its parameters as they are now.\n"
    assert "*!" not in said("params")
    assert said("reset", "rest_grip").startswith("rest_grip is as the hand was built.\nUntil")
    assert said("get", "rest_grip") == "power\n"
    assert said("reset").startswith("Every parameter") and said("get", "link_lost_ms") == "300 ms\n"
    hand.reset()
    time.sleep(0.1)
    assert said("get", "rest_grip") == "key\n", "what was saved"
    with pytest.raises(HandError, match="may be 100 to 350 ms, not 99"):
        endplate("set", port, "link_lost_ms", "99")


def test_a_hand_whose_link_was_lost_is_disarmed_to_be_set(hand, link, capsys):
    link.arm()
    serve(link, lambda: link.armed and link.clock.synchronised)
    for sample in range(20):
        link.command([0] * 8, 0, 0, time.monotonic_ns(), sample)
        link.service()
        time.sleep(0.02)
    serve(link, lambda: link.state["word"] == "link lost")
    link.close()
    assert endplate("set", hand.port, "ramp_ms", "60") == 0
    assert "ramp_ms is 60 ms (was 50)" in capsys.readouterr().out
