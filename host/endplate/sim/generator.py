# SPDX-License-Identifier: GPL-3.0-or-later
"""The patient in a process of their own, so that their muscles never delay a packet.

A forked child makes blocks when asked; requests and blocks go over one socket in order, so which
block a prompt meets depends on nothing but the order in which things were asked for. The child
ends when the parent's side closes.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
from typing import Any

import numpy as np

from endplate.sim import scheduling
from endplate.sim.patient import Chunk, Patient
from endplate.sim.playback import Recording
from endplate.sim.prompts import Prompt


class Generator:
    """The parent's side: ask for blocks, take them when they are there, pass requests on."""

    def __init__(self, source: Patient | Recording) -> None:
        self.is_patient = isinstance(source, Patient)
        self.sites = source.sites
        self.ended = False
        self.outstanding = 0  # blocks asked for and not yet here
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.child = os.fork()
        if self.child == 0:
            ours.close()
            try:
                _serve(source, theirs)
            finally:
                os._exit(0)
        theirs.close()
        ours.setblocking(False)
        self._socket = ours

    def fileno(self) -> int:
        """For select."""
        return self._socket.fileno()

    def ask(self) -> None:
        """Asks for one block more."""
        self._socket.send(b"n")
        self.outstanding += 1

    def tell(self, **request: Any) -> None:
        """Passes on a prompt, play, show, look, lift, restore or knob, for the next block."""
        self._socket.send(json.dumps(request).encode())

    def take(self) -> Chunk | None:
        """The next block if it has arrived."""
        try:
            data = self._socket.recv(65536)
        except BlockingIOError:
            return None
        self.outstanding = max(0, self.outstanding - 1)
        if not data:  # the recording is over, or the child is gone
            self.ended = True
            return None
        rows = np.frombuffer(data[1:]).reshape(data[0], -1)
        return Chunk(rows[:, : self.sites], rows[:, self.sites :])

    def close(self) -> None:
        """Ends the child and waits for it."""
        self._socket.close()
        os.waitpid(self.child, 0)


def _serve(source: Patient | Recording, connection: socket.socket) -> None:
    """The child: blocks on demand until the parent has gone or the recording is over."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent ends us
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    scheduling.come_first(scheduling.PATIENT)
    while True:
        message = connection.recv(65536)
        if not message:
            return
        if message != b"n":
            if isinstance(source, Patient):
                try:
                    _apply(source, json.loads(message))
                except (ValueError, TypeError, KeyError, AttributeError) as error:
                    print(f"request {message[:200]!r} not understood: {error}", file=sys.stderr)
            continue
        chunk = source.chunk()
        if chunk is None:
            return
        rows = np.concatenate([chunk.uv, chunk.intent], axis=1)
        assert len(rows) < 256
        try:
            connection.send(bytes([len(rows)]) + rows.astype(float).tobytes())
        except BrokenPipeError:
            return


def _apply(patient: Patient, request: dict[str, Any]) -> None:
    if "prompt" in request:
        patient.prompt(Prompt.from_request(request["prompt"]))
    if "play" in request:
        patient.play(request["play"])
    if "show" in request:
        target = request["show"]["target"]
        patient.show(target, float(request["show"].get("radius", 0.0)))
    if "look" in request:
        patient.look(request["look"])
    if "knob" in request:
        patient.turn(request["knob"], request["value"])
    if "lift" in request:
        patient.electrodes.lifted[request["lift"] - 1] = True
    if "restore" in request:
        which = request["restore"]
        patient.electrodes.lifted[slice(None) if which == 0 else which - 1] = False
