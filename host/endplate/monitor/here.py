# SPDX-License-Identifier: GPL-3.0-or-later
"""Who is here: the records, the patient that is chosen, the visit that is on, and the desk that
keeps its session. Pages ask this; nobody else opens the records."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import Any

from PyQt6.QtCore import QObject, pyqtSignal

from endplate.clinic.records.database import Database
from endplate.clinic.records.patients import Patient, Patients
from endplate.clinic.records.scores import Scores
from endplate.clinic.records.visits import Result, Visit, Visits
from endplate.errors import EndplateError, RecordsError
from endplate.live.requests import ask

START_S = 45.0  # a board over radio takes half a minute
STATE_S = 2.0


class Here(QObject):
    """`folder` of the records, or None: a window onto a running session alone.

    `patient_changed`: another one, or the same with other facts; `visit_changed`: begun or ended;
    `session(path)`: where the session is now, "" for none; `said`: a sentence.
    """

    patient_changed = pyqtSignal()
    visit_changed = pyqtSignal()
    session = pyqtSignal(str)
    said = pyqtSignal(str)
    _answered = pyqtSignal(str, dict)

    def __init__(self, folder: Path | None, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.folder = folder
        self.problem = ""
        self.patient: Patient | None = None
        self.visit: Visit | None = None
        self.starting = self._closed = False
        self._asking = ThreadPoolExecutor(1, "desk")
        self._answered.connect(self._take)
        self._database: Database | None = None
        self.reopen()

    def reopen(self) -> bool:
        """Opens the records; what is wrong with them stands in `problem`, and is tried again."""
        if self.folder is None or self._database is not None:
            return self._database is not None
        try:
            self._database = Database(self.folder)
        except EndplateError as error:
            self.problem = str(error)
            return False
        self.problem = ""
        return True

    @property
    def database(self) -> Database:
        """The records. Raises RecordsError."""
        if not self.reopen() or self._database is None:
            raise RecordsError(
                self.problem
                or "This window was opened without patients: `endplate clinic` opens one with them."
            )
        return self._database

    @property
    def patients(self) -> Patients:
        """All of them."""
        return Patients(self.database)

    @property
    def visits(self) -> Visits:
        """Of all of them."""
        return Visits(self.database)

    @property
    def scores(self) -> Scores:
        """Of all of them."""
        return Scores(self.database)

    def choose(self, patient: Patient | None) -> None:
        """Another patient; not while a visit is on."""
        if self.visit is not None and (patient is None or patient.uid != self.visit.patient):
            self.said.emit("A visit is on: end it before you go on to another patient.")
            return
        self.patient = patient
        self.patient_changed.emit()

    def refresh(self) -> None:
        """The chosen patient as the records have them: another window may have changed them."""
        if self.patient is not None:
            self.patient = self.patients.with_uid(self.patient.uid)

    def kinds_today(self) -> set[str]:
        """Kinds of the results of the visit that is on."""
        return {one.kind for one in self._results()}

    def newest(self, kind: str) -> dict[str, Any]:
        """Content of today's last result of a kind, {} without."""
        return next((one.content for one in reversed(self._results(kind))), {})

    def _results(self, kind: str = "") -> list[Result]:
        if self.visit is None:
            return []
        try:
            return self.visits.results(self.visit, kind)
        except EndplateError as error:
            self.said.emit(str(error))
            return []

    def keep(self, kind: str, content: dict[str, Any]) -> bool:
        """A result of the visit that is on; False without one, or after the sentence why not."""
        if self.visit is None:
            return False
        try:
            self.visits.keep(self.visit, kind, content, datetime.now())
        except EndplateError as error:
            self.said.emit(str(error))
            return False
        return True

    # ---- the visit ----

    def begin(self) -> None:
        """Begins today's visit of the chosen patient and its session."""
        if self.patient is None or self.starting:
            return
        try:
            visit = self.visits.today(self.patient, datetime.now())
        except EndplateError as error:
            self.said.emit(str(error))
            return
        self.starting = True
        self.said.emit("The board is being opened ...")
        self.visit_changed.emit()
        self._ask("begin", START_S, visit=visit.uid)

    def finish(self) -> None:
        """Ends the visit: the hand is disarmed, the recording finished."""
        if self.visit is None:
            return
        self._ask("end", START_S)

    def recover(self) -> None:
        """After a crash of the window: is a visit on?"""
        if self.folder is not None:
            self._ask("state", STATE_S)

    def _ask(self, verb: str, timeout_s: float, **fields: Any) -> None:
        folder = self.folder

        def work() -> None:
            try:
                reply = ask(folder, verb, timeout_s=timeout_s, **fields)  # type: ignore[arg-type]
            except EndplateError as error:
                reply = {"error": str(error)}
            self._answered.emit(verb, {**fields, **reply})

        self._asking.submit(work)

    def _take(self, verb: str, reply: dict[str, Any]) -> None:
        if self._closed:
            return
        self.starting = False
        try:
            if "error" in reply:
                if verb != "state":  # a window without a desk has none to ask
                    self.said.emit(str(reply["error"]))
            elif verb == "end":
                self._over(reply)
            elif reply.get("visit") and reply.get("session"):
                self._on(str(reply["visit"]), str(reply["session"]))
        except EndplateError as error:
            self.said.emit(str(error))
        self.visit_changed.emit()

    def _on(self, visit: str, session: str) -> None:
        self.visit = self.visits.find(visit)
        self.patient = self.patients.with_uid(self.visit.patient)
        self.patient_changed.emit()
        self.session.emit(session)

    def _over(self, reply: dict[str, Any]) -> None:
        if self.visit is not None:
            self.visits.end(self.visit, datetime.now())
        self.visit = None
        self.session.emit("")
        problems = " ".join(reply.get("problems") or [])
        self.said.emit(problems or "The visit is ended; its recording is kept.")

    def close(self) -> None:
        """The window closes; the session goes on."""
        self._closed = True
        self._asking.shutdown(wait=False, cancel_futures=True)
        if self._database is not None:
            self._database.close()
