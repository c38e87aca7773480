# SPDX-License-Identifier: GPL-3.0-or-later
"""A clinic without flesh: the simulated rig and the desk in a thread, as `endplate clinic
--simulated` has them in a process."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from endplate.cli.simulated_patient import SimulatedPatient
from endplate.clinic.desk import Desk, Setup
from endplate.sim.rig import Rig


@contextmanager
def clinic(tmp_path: Path) -> Iterator[tuple[Path, Rig]]:
    """Folder of the records, and the rig."""
    folder, over, made = tmp_path / "data", threading.Event(), queue.Queue()

    def work() -> None:
        with Rig(tmp_path / "rig") as rig:
            setup = Setup("cyton", rig.board_port, {"simulated": True}, "test-hand", rig.hand_port)
            with Desk(folder, setup) as desk:
                follow = SimulatedPatient(rig)
                made.put(rig)
                while not over.is_set():
                    desk.poll()
                    follow(desk.session)

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield folder, made.get(timeout=30)
    finally:
        over.set()
        thread.join()
