# SPDX-License-Identifier: GPL-3.0-or-later
"""An OpenBCI Cyton, with or without Daisy, by its serial protocol. No I/O and no clock.

Bytes from the host go into `hear`, which returns the answer; microvolts go into `packets`, which
returns the 33-byte packets of the stream. Protocol: docs.openbci.com "Cyton Board SDK" and "Cyton
Data Format". Impedance and test signals are there, SD card and radio commands are not.
"""

from __future__ import annotations

import numpy as np

PACKET_BYTES = 33
PACKET_HZ = 250
COUNT_UV_AT_GAIN_1 = 4.5 / (2**23 - 1) * 1e6
GAINS = (1, 2, 4, 6, 8, 12, 24)
LARGEST = 2**23 - 1
TEST_UV = 1875.0  # internal square wave, 4.5 V / 2400
LEAD_OFF_A = 6e-9
LEAD_OFF_HZ = 31.25
SERIES_OHM = 2200.0
SKIN_OHM = 20_000.0  # a gelled electrode
GRAVITY = b"\x00\x00\x00\x00\x1f\x40"  # accelerometer at rest: 0, 0, 1 g in steps of 0.125 mg
ACCELERATION_EVERY = 10  # packets; the others carry zeros, as the board's do

NORMAL, SHORTED, TEST = 0, 1, 5  # input selections that matter here

_CHANNEL = "12345678QWERTYUI"
_OFF = "12345678qwertyui"
_ON = "!@#$%^&*QWERTYUI"
_LENGTH = {"x": 9, "z": 5, "/": 2, "~": 2}


class Cyton:
    """The board: its channel settings, whether it streams, and its packet counter."""

    def __init__(self, daisy: bool = False) -> None:
        self.daisy = daisy
        self.channels = 16 if daisy else 8
        self.streaming = False
        self.number = 0  # of the next packet, not wrapped
        self.rail = np.zeros(self.channels, bool)
        self.impedance_ohm = np.full((self.channels, 2), SKIN_OHM)  # of P and N
        self._command = ""
        self._defaults()

    def _defaults(self) -> None:
        self.gain = np.full(self.channels, 24.0)
        self.power = np.ones(self.channels, bool)
        self.input = np.zeros(self.channels, int)
        self.lead_off = np.zeros((self.channels, 2), bool)  # current into P, out of N
        self._test_hz = 0.977

    # ---- commands ----

    def hear(self, data: bytes) -> bytes:
        """Takes bytes from the host; returns the answer, nothing while it streams."""
        answer = ""
        for character in data.decode("latin-1"):
            self._command += character
            expected = _LENGTH.get(self._command[0], 1)
            if len(self._command) >= expected:
                command, self._command = self._command, ""
                streaming = self.streaming
                reply = self._obey(command)
                if not streaming or command == "v":
                    answer += reply
        return answer.encode("latin-1")

    def _obey(self, command: str) -> str:
        match command[0]:
            case "v":
                self.streaming = False
                self._defaults()
                return self._banner()
            case "b":
                if not self.streaming:
                    self.number = 0
                self.streaming = True
                return ""
            case "s":
                self.streaming = False
                return ""
            case "d":
                self._defaults()
                return "updating channel settings to default$$$"
            case "D":
                return "060110$$$"
            case "V":
                return "v3.1.2$$$"
            case "C":
                return "16$$$" if self.daisy else "no daisy to attach!8$$$"
            case "c":
                return "8$$$"
            case "x":
                return self._setup(command)
            case "z":
                return self._impedance(command)
            case "0" | "-" | "=" | "p" | "[" | "]":
                self.input[:] = SHORTED if command == "0" else TEST
                self._test_hz = {"=": 1.953, "]": 1.953, "p": 0.0}.get(command, 0.977)
                return "Success: Configured internal test signal.$$$"
            case "/":
                return "Success: default$$$"
            case "~":
                return "Success: Sample rate is 250Hz$$$"
        if command in _OFF or command in _ON:
            channel = (_OFF if command in _OFF else _ON).index(command)
            if (
                command in _OFF and command in _ON
            ):  # Q..I switch on, q..i off; digits are only in _OFF
                channel = _ON.index(command)
            if channel < self.channels:
                self.power[channel] = command in _ON
        return ""

    def _banner(self) -> str:
        daisy = "On Daisy ADS1299 Device ID: 0x3E\n" if self.daisy else ""
        return (
            "OpenBCI V3 8-16 channel\nOn Board ADS1299 Device ID: 0x3E\n"
            + daisy
            + "LIS3DH Device ID: 0x33\nFirmware: v3.1.2\n$$$"
        )

    def _channel(self, letter: str) -> int | None:
        channel = _CHANNEL.find(letter)
        return channel if 0 <= channel < self.channels else None

    def _setup(self, command: str) -> str:
        channel = self._channel(command[1])
        if channel is None or command[8] != "X" or not command[2:8].isdigit():
            return "Failure: channel settings not understood$$$"
        power_down, gain, source = (int(c) for c in command[2:5])
        if gain >= len(GAINS):
            return "Failure: gain out of range$$$"
        self.power[channel] = power_down == 0
        self.gain[channel] = GAINS[gain]
        self.input[channel] = source
        return f"Success: Channel set for {channel + 1}$$$"

    def _impedance(self, command: str) -> str:
        channel = self._channel(command[1])
        if channel is None or command[4] != "Z" or not command[2:4].isdigit():
            return "Failure: lead off settings not understood$$$"
        self.lead_off[channel] = [letter == "1" for letter in command[2:4]]
        return f"Success: Lead off set for {channel + 1}$$$"

    # ---- samples ----

    def counts(self, uv: np.ndarray, first: int = 0) -> np.ndarray:
        """What the converter makes of `uv` [n, channels], int32; `first`: index of its start."""
        seen = np.array(uv, float)
        test, shorted = self.input == TEST, self.input == SHORTED
        if test.any():
            t = (first + np.arange(len(seen))) / PACKET_HZ
            square = np.where(np.sin(2.0 * np.pi * self._test_hz * t + 0.1) >= 0, TEST_UV, -TEST_UV)
            seen[:, test] = square[:, None]
        if shorted.any():
            seen[:, shorted] = 0.0
        if self.lead_off.any():
            phase = 2.0 * np.pi * LEAD_OFF_HZ * (first + np.arange(len(seen))) / PACKET_HZ
            ohm = ((self.impedance_ohm + SERIES_OHM) * self.lead_off).sum(axis=1)
            seen += np.sin(phase)[:, None] * (LEAD_OFF_A * ohm * 1e6)
        counts = np.rint(seen * (self.gain / COUNT_UV_AT_GAIN_1))
        counts = np.clip(counts, -LARGEST - 1, LARGEST)
        counts[:, self.rail] = LARGEST
        counts[:, ~self.power] = 0
        return counts.astype(np.int32)

    def packet(self, counts: np.ndarray) -> bytes:
        """The stream's next packet, from one row of `counts` [channels]; counts it.

        With a Daisy, even packets carry channels 9-16 and odd ones 1-8.
        """
        number = self.number
        self.number += 1
        part = counts[8:16] if self.daisy and number % 2 == 0 else counts[:8]
        values = part.astype(">i4").view(np.uint8).reshape(8, 4)[:, 1:].tobytes()
        aux = GRAVITY if number % ACCELERATION_EVERY == 0 else bytes(6)
        return bytes((0xA0, number & 0xFF)) + values + aux + b"\xc0"
