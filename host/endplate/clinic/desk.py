# SPDX-License-Identifier: GPL-3.0-or-later
"""The desk: keeps the session of a visit while windows come and go.

The control process ends with whoever started it, so that nobody leaves a hand driven and forgotten.
A window may crash at any moment: what starts the session is therefore another process, this one,
and a window asks it (a socket as the control process has one). A closed window ends it:

    begin {visit}   a session for this visit; the reply has its folder     end   ends it
    state           what is on: {visit, session}, either null

One visit is on at a time. A second desk on the same records is refused.
"""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from endplate.clinic.montage_file import write_montage
from endplate.clinic.records.database import Database
from endplate.clinic.records.patients import Patient, Patients
from endplate.clinic.records.visits import Visit, Visits
from endplate.errors import EndplateError, RecordsError, SessionError
from endplate.live.recording import recover
from endplate.live.requests import Asker, Fields, Later, RequestServer, refusal
from endplate.live.session import (
    ControlProcess,
    SessionLock,
    default_directory,
    start_control,
)

POLL_S = 0.02
PROFILE = "profile.json"


@dataclass(frozen=True)
class Setup:
    """What stands on the table: keys of live.session.Settings, montage and profile aside."""

    board: str
    port: str = ""
    board_params: dict[str, Any] = field(default_factory=dict)
    hand: str = "test-hand"
    hand_port: str | None = None
    hand_baud: int = 1_000_000
    mains_hz: float = 50.0


def profile_of(database: Database, patient: Patient, visit: Visit) -> Path | None:
    """The profile that a visit begins with: its own, or that of the newest visit with one."""
    for one in (visit, *Visits(database).of(patient)):
        if one.began <= visit.began and (path := one.folder / PROFILE).exists():
            return path
    return None


class Session:
    """One control process and the thread that it lives and ends with."""

    def __init__(self, settings: dict[str, Any], told: Callable[[Fields], object]) -> None:
        self._settings, self._told = settings, told
        self._over = threading.Event()
        self.control: ControlProcess | None = None
        self.directory = Path(settings["directory"])
        self._thread = threading.Thread(target=self._run, name="session")
        self._thread.start()

    def _run(self) -> None:
        try:
            self.control = start_control(self._settings)
        except EndplateError as error:
            self._told(refusal(error))
            return
        self._told({"ok": True, "session": str(self.directory)})
        while self.control.alive and not self._over.wait(0.2):
            pass
        self.control.stop()
        shutil.rmtree(self.directory, ignore_errors=True)

    @property
    def on(self) -> bool:
        """Whether it starts or runs."""
        return self._thread.is_alive()

    def end(self) -> list[str]:
        """Disarms, finishes the recording; sentences of what did not end well."""
        self._over.set()
        self._thread.join()
        return self.control.problems if self.control else []


class Desk:
    """Context manager. `poll` as often as you like."""

    def __init__(self, folder: Path, setup: Setup) -> None:
        self._database = Database(folder)
        self.setup, self.folder = setup, Path(folder)
        try:
            self._lock = SessionLock(self.folder)
        except SessionError:
            self._database.close()
            raise RecordsError(
                f"Endplate is open already on the records in {folder}: go on in that window, or "
                "close it first."
            ) from None
        #: Recordings that a crash had left open and that are whole again.
        self.repaired = [
            path for visit in self.folder.glob("patients/*/*") for path in recover(visit)
        ]
        self._server = RequestServer(self.folder, self._handle)
        self._session: Session | None = None
        self._visit = ""

    def __enter__(self) -> Desk:
        return self

    def __exit__(self, *_: object) -> None:
        if self._session is not None:
            self._session.end()
        self._server.close()
        self._lock.release()
        self._database.close()

    @property
    def session(self) -> Path | None:
        """Folder of the session that is on."""
        return self._session.directory if self._session and self._session.on else None

    def poll(self, seconds: float = POLL_S) -> None:
        """Answers what was asked, then waits."""
        self._server.poll()
        time.sleep(seconds)

    def _handle(self, verb: str, fields: Fields, asker: Asker) -> Fields:
        if verb == "state":
            on = self.session
            return {"ok": True, "visit": self._visit if on else None,
                    "session": str(on) if on else None}  # fmt: skip
        if verb == "begin":
            self._begin(str(fields.get("visit", "")), asker)
            raise Later
        if verb == "end":
            problems = self._session.end() if self._session else []
            self._session, self._visit = None, ""
            return {"ok": True, "problems": problems}
        raise SessionError(f'There is no request "{verb[:40]}".')

    def _begin(self, uid: str, asker: Asker) -> None:
        visit = Visits(self._database).find(uid)
        if self.session is not None:
            if uid != self._visit:
                raise SessionError("Another visit is on: end it first, then begin this one.")
            asker.answer({"ok": True, "session": str(self.session)})
            return
        patient = Patients(self._database).with_uid(visit.patient)
        assert patient is not None, "a visit goes with its patient"
        self._visit = uid

        def told(reply: Fields) -> None:
            with suppress(OSError):
                asker.answer(reply)

        self._session = Session(self._settings(patient, visit), told)

    def _settings(self, patient: Patient, visit: Visit) -> dict[str, Any]:
        setup = self.setup
        profile = profile_of(self._database, patient, visit)
        return {
            "directory": str(default_directory() / f"visit-{visit.uid}"),
            "board": setup.board, "port": setup.port, "board_params": setup.board_params,
            "hand": setup.hand, "hand_port": setup.hand_port, "hand_baud": setup.hand_baud,
            "mains_hz": setup.mains_hz,
            "montage": str(write_montage(patient, visit.folder)),
            "profile": str(profile) if profile else None,
            "recording": str(visit.folder / f"{datetime.now():%H%M%S}"),
            "meta": {"patient": patient.code, "visit": visit.uid},
        }  # fmt: skip
