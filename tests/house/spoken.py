# SPDX-License-Identifier: GPL-3.0-or-later
"""Every message that somebody at the window or at the command line can read, out of the sources.

A message is a text of an error for the user (`endplate.errors`), what is given to a line that
speaks (`said.emit`, `say`, `note`), or a whole sentence anywhere else in what speaks; what a
program puts into it is written "...". Left out, since nobody has to act on it as on a message:
what a page says of itself before anything happens (HINT, EMPTY, tool tips), lines of progress, the
report's prose, and errors of a class that only a programmer can cause.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from endplate import errors

HOST = Path(__file__).resolve().parents[2] / "host" / "endplate"

#: All that speaks to somebody at the window. Not `sim` (its faults come as a board's or a hand's
#: own) and not `conformance` (its verdicts explain themselves).
WINDOW = ("clinic", "live", "fit", "monitor", "core.py", "core_decoder.py", "core_meter.py",
          "hand_image.py", "hardware.py", "hardware_file.py")  # fmt: skip
#: The command line: whole sentences of the clinic's verbs and of what they share ...
CLINIC_VERBS = ("cli/clinic.py", "cli/patient", "cli/report.py", "cli/sites", "cli/calibrate",
                "cli/run.py", "cli/test", "cli/ending.py", "cli/places.py", "cli/sources.py",
                "cli/visiting.py", "cli/movements.py", "cli/window.py")  # fmt: skip
#: ... and of the others the errors alone. Not `bench` and `simulate`: they are a developer's.
OTHER_VERBS = ("cli/devices.py", "cli/impedance.py", "cli/monitor.py", "cli/record.py",
               "cli/hand", "cli/profile", "cli/evaluate", "cli/replay")  # fmt: skip

#: Errors of the programmer: a caller that passes arrays of wrong shapes, or numbers that no caller
#: of Endplate's own passes. They never reach the user as they are (endplate/errors.py).
PROGRAMMERS = {"ValueError", "TypeError", "RuntimeError", "KeyError", "CoreError",
               "NotImplementedError", "AssertionError", "IndexError"}  # fmt: skip
#: Classes whose texts are messages.
SPOKEN = {name for name, kind in vars(errors).items() if isinstance(kind, type)}
#: Calls whose texts are messages, whatever their form: the last one or two names.
SPEAKING = {"said.emit", "gone.emit", "say", "_say", "note", "missing.append", "Verdict"}
#: Files in whose texts advice stands without a full stop: "Railed: press the electrode on".
ADVISING = ("monitor/words.py", "monitor/site_words.py", "clinic/hand_state.py",
            "fit/guided/repetition.py")  # fmt: skip

#: Names of what a page says of itself before anything has happened, and of other prose.
INVITING = {"HINT", "HINTS", "EMPTY", "WAIT", "BAND", "DIRECT", "DESCRIPTION", "EXAMPLES", "NOTES",
            "TESTS"}  # fmt: skip
#: Calls whose texts are no messages: tool tips, SQL, lines of progress, tables' titles.
UNSPOKEN = {"setToolTip", "setAccessibleName", "setAccessibleDescription", "setWhatsThis",
            "setPlaceholderText", "execute", "rows", "ArgumentParser", "add_argument",
            "add_parser", "tell", "status", "update", "Table", "compile", "dumps"}  # fmt: skip
#: Prose that is read as a report, of which only errors and what SPEAKS are messages.
PROSE = ("clinic/report", "clinic/trends.py", "clinic/trials/kinds.py", "fit/sites/spectrum.py",
         "cli/sites/shown.py", "cli/calibrate/calibrated.py", "cli/patient/shown.py")  # fmt: skip

_HOLE = "\N{HORIZONTAL ELLIPSIS}"  # in the making; a "..." that is written stays apart from it


class Message(NamedTuple):
    """A text that somebody can read, and where it stands."""

    where: str  # file:line, below host/endplate
    text: str  # with "..." for what varies


def messages() -> list[Message]:
    """All of them, in the order of the sources."""
    found: list[Message] = []
    for names, sentences in ((WINDOW, True), (CLINIC_VERBS, True), (OTHER_VERBS, False)):
        for name in names:
            place = HOST / name
            assert place.exists(), f"{name} has gone: tell spoken.py where"
            for path in sorted(place.rglob("*.py")) if place.is_dir() else [place]:
                short = str(path.relative_to(HOST))
                alone = sentences and not short.startswith(PROSE)
                found += in_source(path.read_text(), short, alone)
    return found


def in_source(source: str, name: str, sentences: bool = True) -> list[Message]:
    """Those of one file; without `sentences` only the errors and what speaks."""
    return list(dict.fromkeys(_Listener(name, sentences).heard(ast.parse(source))))


class _Listener:
    def __init__(self, name: str, sentences: bool) -> None:
        self._name, self._sentences = name, sentences
        self._spoken = set(SPOKEN)

    def heard(self, tree: ast.AST) -> Iterator[Message]:
        for node in ast.walk(tree):  # errors of the file's own
            if isinstance(node, ast.ClassDef) and node.name not in PROGRAMMERS:
                if any(isinstance(b, ast.Name) and b.id in self._spoken for b in node.bases):
                    self._spoken.add(node.name)
        yield from self._hear(tree, False)

    def _hear(self, node: ast.AST, aloud: bool) -> Iterator[Message]:
        """Messages in `node`; `aloud`, where any text is one, else whole sentences are."""
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            return  # a docstring
        if isinstance(node, ast.Assign | ast.AnnAssign) and _names(node) & INVITING:
            return
        if isinstance(node, ast.Call):
            last, both = _called(node)
            if last in UNSPOKEN or last in PROGRAMMERS:
                return
            aloud = last in self._spoken or last in SPEAKING or both in SPEAKING
        texts = _texts(node)
        for text in texts:
            if self._is_message(text, aloud):
                where = f"{self._name}:{getattr(node, 'lineno', 0)}"
                yield Message(where, _read(text))
        if texts and not isinstance(node, ast.IfExp):  # in a hole, whole sentences alone
            children: list[ast.AST] = [
                part.value for part in ast.walk(node) if isinstance(part, ast.FormattedValue)
            ]
            aloud = False
        elif texts and isinstance(node, ast.IfExp):
            children = [node.test]
        else:
            children = _children(node)
        for child in children:
            yield from self._hear(child, aloud)

    def _is_message(self, text: str, aloud: bool) -> bool:
        text = text.strip()
        if words(text) < 2 or " " not in text or text.endswith(" ..."):  # that one is progress
            return False
        if aloud:
            return words(text) >= 3 or whole(text)
        advice = self._name in ADVISING and bool(re.match(r"[A-Z].*: ", text))
        return advice or (self._sentences and whole(text))


def _read(text: str) -> str:
    """As it is read: without the terminal's markup, "..." for what varies."""
    text = re.sub(r"\[/?(bold|dim)?\]", "", text).replace(_HOLE, "...")
    return re.sub(r"(\.\.\.){2,}", "...", text).strip()


def words(text: str) -> int:
    """How many words of a text never vary."""
    return len(re.findall(r"[A-Za-z]{2,}", text))


def whole(text: str) -> bool:
    """Whether a text is a sentence that somebody reads as one."""
    if not re.match(rf"{_HOLE}|[A-Z'\"]", text):
        return False
    return bool(re.search(r"[.!?]$", text)) or (text.endswith(f": {_HOLE}") and words(text) >= 4)


def _texts(node: ast.AST) -> list[str]:
    """What an expression can say, one text an alternative; empty for what is no text."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return [re.sub(r"\{\w*\}", _HOLE, node.value)]  # of a template for .format
    if isinstance(node, ast.JoinedStr):
        parts = [p.value if isinstance(p, ast.Constant) else _HOLE for p in node.values]
        return [re.sub(f"{_HOLE}+", _HOLE, "".join(map(str, parts)))]
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        left, right = _texts(node.left), _texts(node.right)
        if left or right:
            return [a + b for a in left or [_HOLE] for b in right or [_HOLE]]
    if isinstance(node, ast.IfExp):
        return _texts(node.body) + _texts(node.orelse)
    return []


def _children(node: ast.AST) -> list[ast.AST]:
    """The parts of a node; of a dictionary the values alone."""
    if isinstance(node, ast.Dict):
        return list(node.values)
    return list(ast.iter_child_nodes(node))


def _names(node: ast.Assign | ast.AnnAssign) -> set[str]:
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    return {target.id for target in targets if isinstance(target, ast.Name)}


def _called(node: ast.Call) -> tuple[str, str]:
    """The last name of what is called, and the last two: ("emit", "said.emit")."""
    parts = ast.unparse(node.func).split(".")
    return parts[-1], ".".join(parts[-2:])
