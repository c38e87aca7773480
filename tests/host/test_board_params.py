# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings of a board as text, and a board that comes back elsewhere."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

pytest.importorskip("brainflow", reason="brainflow is not installed")

from endplate.errors import BoardError
from endplate.live import board_params, boards
from endplate.live.board import BoardSource, open_board
from endplate.live.boards import Port


@pytest.mark.parametrize("speed", ["fast", "", "nan", [1], True, {}])
def test_a_speed_that_is_no_number(tmp_path, speed):
    with pytest.raises(BoardError, match="setting speed is a number"):
        open_board("replay", file=str(tmp_path / "a.bdf"), speed=speed)


def test_text_becomes_what_the_driver_wants():
    source = open_board("synthetic", timeout="5", ip_port=7, serial_number=42, simulated="false")
    assert source._params == {"timeout": 5, "ip_port": 7, "serial_number": "42"}
    assert not source.info.simulated
    source = open_board("synthetic", commands="x")
    assert source._commands == ("x",)
    assert [board_params.as_flag("k", word) for word in ("TRUE", "false", 1, 0, "0", True)] == [
        True, False, True, False, False, True,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("params", "words"),
    [({"timeout": "soon"}, "timeout is a whole number"), ({"timeout": 2.5}, "whole number"),
     ({"timeout": True}, "whole number"), ({"ip_port": str(2**40)}, "whole number"),
     ({"simulated": "maybe"}, "simulated is true or false"), ({"mac_address": {}}, "is a text"),
     ({"commands": 5}, "commands is a text or a list"), ({"colour": 1}, "no setting")],
)  # fmt: skip
def test_what_cannot_be_a_setting_is_a_sentence(params, words):
    with pytest.raises(BoardError, match=words):
        open_board("synthetic", **params)


@pytest.mark.parametrize(("loop", "commands"), [("false", ()), ("true", ("loopback_true",))])
def test_loop_as_a_word(tmp_path, loop, commands):
    file = tmp_path / "a.tsv"
    file.write_text("\t".join(["0"] * 24) + "\n")
    assert open_board("playback", file=str(file), loop=loop)._commands == commands
    with pytest.raises(BoardError, match="loop is true or false"):
        open_board("playback", file=str(file), loop="for ever")


# ---- ports ----


@pytest.fixture
def ports(tmp_path, monkeypatch):
    """Ports by name with the serial number of what is plugged in there."""
    plugged: dict[str, str] = {}

    def plug(**names: str) -> dict[str, str]:
        for name in plugged:
            os.unlink(name)
        plugged.clear()
        for name, serial in names.items():
            path = tmp_path / name
            path.write_text("")
            plugged[str(path)] = serial
        return plugged

    monkeypatch.setattr(
        boards, "serial_ports", lambda: [Port(name, "", s) for name, s in plugged.items()]
    )
    return plug


def source_at(port: Path) -> BoardSource:
    source = BoardSource(boards.board_kind(0), str(port), {}, simulated=False)
    source._usb_serial = boards.usb_serial(str(port))
    return source


def test_it_comes_back_at_another_port(ports, tmp_path, monkeypatch):
    ports(usb0="A")
    source = source_at(tmp_path / "usb0")
    opened = []
    monkeypatch.setattr(source, "_connect", opened.append)
    ports(usb1="A", usb2="B")
    source._reopen()
    assert opened == [str(tmp_path / "usb1")]
    assert source._port == source.info.port == str(tmp_path / "usb1")
    assert "usb1" in source._place()
    source._reopen()  # and from there once more
    assert opened[1:] == [str(tmp_path / "usb1")]


def test_another_device_under_the_old_name_is_not_taken_for_it(ports, tmp_path):
    ports(usb0="A")
    source = source_at(tmp_path / "usb0")
    ports(usb0="B")
    assert source._find_port() is None
    ports(usb0="B", usb1="A")
    assert source._find_port() == str(tmp_path / "usb1")
    ports(usb0="A", usb1="B")
    assert source._find_port() == str(tmp_path / "usb0")
    ports(usb0="")  # it tells none: the name decides, as without serial numbers
    assert source._find_port() == str(tmp_path / "usb0")


def test_without_a_serial_number_the_name_decides(ports, tmp_path):
    ports(usb0="")
    source = source_at(tmp_path / "usb0")
    ports(usb0="B")
    assert source._find_port() == str(tmp_path / "usb0")
    ports(usb1="B")
    assert source._find_port() is None
