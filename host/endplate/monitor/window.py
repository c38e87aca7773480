# SPDX-License-Identifier: GPL-3.0-or-later
"""The window: six pages in a frame, over the feed of a session. Keys work wherever the focus is."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from PyQt6.QtCore import QEvent, QObject, Qt
from PyQt6.QtGui import QCloseEvent, QKeyEvent, QKeySequence, QShortcut
from PyQt6.QtWidgets import (
    QApplication,
    QHBoxLayout,
    QLineEdit,
    QMainWindow,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from endplate.live.feed import FeedInfo
from endplate.monitor import keys, one_task, words
from endplate.monitor.asking import Asking
from endplate.monitor.frame import Alerts, Foot, Rail, TopBar
from endplate.monitor.help_text import KEYS
from endplate.monitor.here import Here
from endplate.monitor.pages.calibrate import CalibratePage
from endplate.monitor.pages.follow_up import FollowUpPage
from endplate.monitor.pages.hand import HandPage
from endplate.monitor.pages.page import ENDS_FIRST, Page
from endplate.monitor.pages.patient import PatientPage
from endplate.monitor.pages.sites import SitesPage
from endplate.monitor.pages.test import TestPage
from endplate.monitor.room import Room
from endplate.monitor.status_line import LONG_S, StatusLine
from endplate.monitor.theme import Palette, style_sheet
from endplate.monitor.watch import FeedWatch, Fresh

NUMBERS_S = 0.2  # numbers change at most 5 times a second
DRIVING = (*words.ARMED, "releasing", "open only")
HELP = (
    "Space STOP (the hand holds still until armed again) · R RELEASE (opens slowly) "
    "· A arm · D disarm · C clear a fault · "
    "G next grip · I contacts · S shadow drives, or back · X direct control, or back · "
    "P pause traces · + - scale · 1-6 pages · Enter next step · Ctrl+Z undo · F1 this line · "
    "Ctrl+E emergency stop (drive off until the hand is switched off and on)"
)
BY_CLICK = "Enter does not end a visit: click the button, or go to it with Tab, then Enter."
PAUSED = "Traces paused; everything else goes on. P lets them run."


class Window(QMainWindow):
    """`directory`: session folder of a control process, running or about to; None: the one that a
    visit begins. `records`: folder of the patients, None without."""

    def __init__(
        self, directory: Path | None, palette: Palette, records: Path | None = None
    ) -> None:
        super().__init__()
        self.setWindowTitle("Endplate")
        self.setStyleSheet(style_sheet(palette))
        self.resize(1280, 800)
        self._numbers_at = 0.0
        self._info: FeedInfo | None = None
        self._status: dict[str, Any] = {}
        self._said: list[str] | None = None  # by the session, so far
        self._contacts: dict[str, Any] | None = None  # how the last measuring ended

        self.here = Here(records, self)
        self.asking = Asking(directory, self)
        self.patient = PatientPage(palette, self.here)
        self.sites = SitesPage(palette, self.here)
        self.calibrate = CalibratePage(palette, self.here)
        self.hand = HandPage(palette, self.here)
        self.test = TestPage(palette, self.here, self.asking)
        self.follow_up = FollowUpPage(palette, self.here)
        self.pages: list[Page] = [
            self.patient, self.sites, self.calibrate, self.hand,
            self.test, self.follow_up,
        ]  # fmt: skip
        self._stack = QStackedWidget()
        for page in self.pages:
            self._stack.addWidget(Room(page))
            page.refusal = partial(self._refusal, page)
            page.said.connect(self.say)
            page.asked.connect(self._ask)
            page.changed.connect(self._show_step)
            page.done.connect(self._done)
        self.hand.beside.asked.connect(self.switch)

        self.top, self.alerts = TopBar(), Alerts()
        self.rail = Rail([page.TITLE for page in self.pages])
        self.rail.chosen.connect(self.leave_for)
        self.foot = Foot(self.next_step, self.release, self.stop)
        self.note = self.foot.note
        self.line = StatusLine(self.note, self._resting)
        body = QHBoxLayout()
        body.setSpacing(0)
        body.addWidget(self.rail)
        body.addWidget(self._stack, 1)
        whole = QVBoxLayout()
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(0)
        whole.addWidget(self.top)
        whole.addWidget(self.alerts)
        whole.addLayout(body, 1)
        whole.addWidget(self.foot)
        frame = QWidget()
        frame.setLayout(whole)
        self.setCentralWidget(frame)

        self.asking.answered.connect(self._answered)
        self.watch = FeedWatch(directory, self)
        self.watch.begun.connect(self._begun)
        self.watch.fresh.connect(self._fresh)
        self.watch.gone.connect(self._gone)
        self.here.said.connect(self.say)
        self.here.session.connect(self._session)
        self.here.patient_changed.connect(self._show_who)
        self.here.visit_changed.connect(self._show_who)
        self.sites.watch_session(directory)
        self._keys()
        self.turn_to(0 if records is not None else 1)
        if directory is None:
            self.here.recover()
        self.watch.start()

    # ---- pages ----

    @property
    def page(self) -> Page:
        """The one that is seen."""
        return self.pages[self._stack.currentIndex()]

    def leave_for(self, index: int) -> None:
        """Another page, by its key or the rail; a test that is played is not lost by accident."""
        page = self.page
        if page.held and self.pages[index] is not page:
            self.rail.show_page(self._stack.currentIndex())
            self.say(ENDS_FIRST.format(page.busy))
        else:
            self.turn_to(index)

    def turn_to(self, index: int) -> None:
        """Another page."""
        self._stack.setCurrentIndex(index)
        self.rail.show_page(index)
        self.rail.buttons[index].setFocus()  # a line that is hidden now would swallow keys
        if self._status:
            self.page.show_numbers(self._status)
        self.say("")
        self._show_step()

    def enter(self) -> None:
        """Enter clicks the button that has the focus; in a line of text it first keeps what was
        typed there; else it is the page's next step."""
        if (button := keys.button_in_focus()) is not None:
            button.click()
            return
        line = QApplication.focusWidget()
        if isinstance(line, QLineEdit) and line.isModified():
            line.setModified(False)
            line.editingFinished.emit()
            if not self.page.step().of_form:
                return
        if self.page.step().by_click:
            self.say(BY_CLICK)
        else:
            self.next_step()

    def next_step(self) -> None:
        """The page's own."""
        step = self.page.step()
        if step.ready:
            self.page.do_step()
        elif step.why:
            self.say(step.why)

    def _done(self, go_on: bool) -> None:
        """The page's work of this visit is done: a tick, and perhaps on to the next page."""
        page = self.sender()
        index = self.pages.index(page) if isinstance(page, Page) else self._stack.currentIndex()
        self.rail.tick(index, True)
        if go_on and index == self._stack.currentIndex():
            self.turn_to(min(index + 1, len(self.pages) - 1))

    def undo(self) -> None:
        """The last change on this page."""
        if not self.page.undo():
            self.say("There is nothing to take back on this page.")

    def help(self) -> None:
        """What to click on this page, its own keys, and those of all pages."""
        of_page = self.page.invites(), KEYS.get(self.page.TITLE), HELP
        self.line.say("\n".join(filter(None, of_page)), LONG_S)

    def say(self, sentence: str) -> None:
        """In the line below, for a while; "": nothing any more."""
        self.line.say(sentence)

    def _resting(self) -> str:
        """What that line says of the next step, while nothing else is said."""
        return self.page.step().why or self.page.invites()

    def _answered(self, sentence: str) -> None:
        """Of a request; what has nothing to say leaves the line as it is."""
        if sentence:
            self.say(sentence)

    def _show_step(self) -> None:
        self.line.follow([page.busy for page in self.pages])
        had_focus = self.foot.step.hasFocus()
        self.foot.show_step(self.page.step())
        if had_focus and not self.foot.step.hasFocus():
            # Qt gives it to the next button: an Enter more would click that.
            self.rail.buttons[self._stack.currentIndex()].setFocus()

    def _refusal(self, page: Page, cued: bool) -> str:
        return one_task.refusal(self.pages, page, self._status, cued)

    def _show_who(self) -> None:
        here = self.here
        code = here.patient.code if here.patient else ""
        visit = f" · visit {here.visit.began:%Y-%m-%d}" if here.visit else ""
        self.top.who.setText(code + visit)
        simulated = here.patient is not None and here.patient.simulated
        self.top.simulated.setVisible(simulated or bool(self._info and self._info.simulated))
        self._show_step()

    # ---- keys ----

    def _keys(self) -> None:
        actions: dict[str, Callable[[], None]] = {
            "R": self.release, "A": self.arm, "D": self.disarm, "C": self.clear_fault,
            "Ctrl+E": self.emergency_stop, "G": self.next_grip, "I": lambda: self._ask("contacts"),
            "S": lambda: self.switch("s"), "X": lambda: self.switch("x"), "P": self.pause,
            "+": lambda: self.sites.traces.zoom(1), "-": lambda: self.sites.traces.zoom(-1),
            "F1": self.help, "Return": self.enter, "Enter": self.enter,
            "Ctrl+Z": self.undo,
            **{str(k + 1): partial(self.leave_for, k) for k in range(len(self.pages))},
        }  # fmt: skip
        for key, action in actions.items():
            shortcut = QShortcut(QKeySequence(key), self)
            shortcut.setContext(Qt.ShortcutContext.ApplicationShortcut)
            shortcut.activated.connect(action)
        # Space must stop whatever has the focus, a button included: it is taken before any widget
        # sees it.
        application = QApplication.instance()
        assert application is not None
        application.installEventFilter(self)

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:
        """Space stops, from every page and dialog; in a text it is a letter while nothing drives
        the hand. Other keys are the window's unless something before it wants them."""
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.ShortcutOverride:
            if keys.taken(event):
                event.accept()  # as a key, no shortcut
                return True
        if (
            isinstance(event, QKeyEvent)
            and event.type() == QEvent.Type.KeyPress
            and event.key() == Qt.Key.Key_Space
            and not (keys.is_text(QApplication.focusWidget()) and not self.driving)
        ):
            if not event.isAutoRepeat():
                self.stop()
            return True
        return super().eventFilter(watched, event)

    @property
    def driving(self) -> bool:
        """Whether the hand may move."""
        return (self._status.get("hand") or {}).get("word") in DRIVING

    # ---- what the user asks for ----

    def stop(self) -> None:
        """The hand stops driving at once and holds; only arming lets it follow again."""
        self._ask("stop")

    def release(self) -> None:
        """The hand opens slowly."""
        self._ask("release")

    def emergency_stop(self) -> None:
        """Drive off; nothing but a power cycle of the hand ends it."""
        self._ask("estop")

    def clear_fault(self) -> None:
        """Leaves a fault whose cause is gone."""
        self._ask("clear_fault")

    def arm(self) -> None:
        """Arms; the hand follows after one neutral command."""
        self._ask("arm")

    def disarm(self) -> None:
        """The hand holds still."""
        self._ask("disarm")

    def next_grip(self) -> None:
        """The next grip of the hand's list; the hand changes it only while still."""
        grips = list(self._info.grips) if self._info else []
        if grips:
            self._ask("grip", {"name": words.next_grip(self._status, grips)})

    def switch(self, key: str) -> None:
        """Another decoder drives, after a moment of rest: see words.switch."""
        self._ask(words.switch(key, self._status))

    def pause(self) -> None:
        """Holds the traces; recording and control go on."""
        traces = self.sites.traces
        traces.paused = not traces.paused
        self.say(PAUSED if traces.paused else "")

    def _ask(self, verb: str, fields: dict[str, Any] | None = None) -> None:
        if verb == "arm" and (why := one_task.not_to_be_armed(self.pages)):
            self.say(why)
            return
        given = fields or {}
        self.asking.say(verb, lambda reply: words.done(verb, {**given, **reply}), **given)

    # ---- what the feed says ----

    def _session(self, place: str) -> None:
        """Another session folder, or none."""
        directory = Path(place) if place else None
        self.asking.look_at(directory)
        self.watch.look_at(directory)
        kinds = self.here.kinds_today()
        for index, page in enumerate(self.pages):
            self.rail.tick(index, bool(kinds & set(page.KINDS)))
        self._show_who()

    def _begun(self, info: FeedInfo) -> None:
        self._info = info
        self.top.begin(info)
        for page in self.pages:
            page.begin(info)
        self.say("")
        self._contacts = None
        if self.here.visit is not None and self.page is self.patient:
            self.turn_to(1)

    def _fresh(self, fresh: Fresh) -> None:
        self.page.show_frame(fresh)
        self._status = fresh.status
        now = time.monotonic()
        if fresh.status and now - self._numbers_at >= NUMBERS_S:
            self._numbers_at = now
            self.sites.follow(fresh.status)
            self.calibrate.in_use.look(fresh.status)
            self.hand.tuner.look(fresh.status)
            self.page.show_numbers(fresh.status)
            self._show_step()  # an armed hand may forbid it
            self.top.show_status(fresh.status)
            self.alerts.show_status(fresh.status)
            self._news(fresh.status)
            self.line.look(fresh.status)

    def _news(self, status: dict[str, Any]) -> None:
        """What the session said since the last look; what it had said before is old, and so is how
        a measuring of contacts ended before."""
        said = [str(one) for one in status.get("sentences") or []]
        if self._said is not None and said and said[-1:] != self._said[-1:]:
            if said[-1] not in words.alerts(status):
                self.say(said[-1])
        self._said = said
        before, self._contacts = self._contacts, status.get("contacts") or {}
        if before is not None and before != self._contacts:
            if sentence := words.contacts(self._contacts):
                self.say(sentence)

    def _gone(self, sentence: str) -> None:
        self._status, self._info, self._said = {}, None, None
        if sentence:
            self.say(sentence)
        self.top.gone()
        self.alerts.show_status({})
        for page in self.pages:
            page.gone()
        self._show_who()

    def closeEvent(self, event: QCloseEvent | None) -> None:
        """Only the window ends; what opened it says what becomes of the session."""
        self.watch.stop()
        for page in self.pages:
            page.end()
        self.asking.close()
        self.here.close()
        application = QApplication.instance()
        if application is not None:
            application.removeEventFilter(self)
        super().closeEvent(event)
