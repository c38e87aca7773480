# SPDX-License-Identifier: GPL-3.0-or-later
"""Small slips in a C source, one at a time: what a tired programmer might have written.

Works on tokens, not on a parsed program: a slip that does not compile is nobody's (`mutants.py`
leaves it out). Kinds: an operator for its neighbour, a constant off by one or none, an enumerator's
neighbour, a condition that always or never holds, a clause that is missing, a statement, a row of a
table or a negation that is missing, a function that returns 0.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

TOKEN = re.compile(
    r"(?P<skip>/\*.*?\*/|\\\n|\s+|^\#\s*(?:include|if|ifn?def|endif|error|undef)\b[^\n]*"
    r"|(?<=\#define )\w+(?:\([^)]*\))?)"
    r'|(?P<text>"(?:\\.|[^"\\])*"|\'(?:\\.|[^\'\\])*\')'
    r"|(?P<number>0[xX][0-9a-fA-F]+[uUlL]*|\d+\.\d*f?|\d+[uUlL]*)"
    r"|(?P<name>\w+)"
    r"|(?P<op><<=|>>=|->|\+\+|--|<<|>>|<=|>=|==|!=|&&|\|\||[-+*/%&|^]=|[^\s\w])",
    re.DOTALL | re.MULTILINE,
)
NEIGHBOURS = {
    "<": ("<=", ">="), "<=": ("<", ">"), ">": (">=", "<="), ">=": (">", "<"),
    "==": ("!=",), "!=": ("==",), "&&": ("||",), "||": ("&&",), "+": ("-",), "-": ("+",),
    "*": ("/",), "/": ("*",), "%": ("/",), "<<": (">>",), ">>": ("<<",), "&": ("|",),
    "|": ("&",), "^": ("|",), "++": ("--",), "--": ("++",), "+=": ("-=",), "-=": ("+=",),
    "|=": ("&=",), "&=": ("|=",), "^=": ("|=",),
}  # fmt: skip
UNARY_TOO = {"+", "-", "*", "&"}  # only between spaces are these the operators of two
NO_VALUE = {"NULL", "UINT32_MAX", "INT32_MAX"}
ASSIGN = {"=", "+=", "-=", "|=", "&=", "^=", "<<=", ">>="}


@dataclass(frozen=True)
class Token:
    """One of the source, with where it stands."""

    kind: str
    text: str
    at: int

    @property
    def end(self) -> int:
        """Where the next may begin."""
        return self.at + len(self.text)


@dataclass(frozen=True)
class Slip:
    """text[at:end] becomes `new`. file, function, line and what name it, wherever it moves."""

    file: str
    function: str
    line: str
    what: str
    at: int
    end: int
    new: str

    @property
    def name(self) -> tuple[str, str, str, str]:
        """The same as long as its line and function are."""
        return (self.file, self.function, self.line, self.what)

    def apply(self, source: str) -> str:
        """The source with it."""
        return source[: self.at] + self.new + source[self.end :]


def tokens(source: str) -> list[Token]:
    """All but comments, white space and directives; of a #define its body."""
    found = []
    for match in TOKEN.finditer(source):
        kind = match.lastgroup or ""
        if kind != "skip":
            found.append(Token(kind, match[0], match.start()))
    return found


def closing(list_: list[Token], opened: int) -> int:
    """Index of the bracket that closes the one at `opened`."""
    pair = {"(": ")", "{": "}", "[": "]"}[list_[opened].text]
    depth = 0
    for i in range(opened, len(list_)):
        depth += list_[i].text == list_[opened].text
        depth -= list_[i].text == pair
        if depth == 0:
            return i
    raise ValueError("a bracket is not closed")


Edit = tuple[int, int, str, str]  # at, end, new, what


def operators(source: str, list_: list[Token]) -> Iterator[Edit]:
    """Operators for their neighbours, negations left out."""
    for before, token, after in zip(list_, list_[1:], list_[2:], strict=False):
        if token.kind != "op":
            continue
        spaced = source[token.at - 1].isspace() and source[token.end].isspace()
        for new in NEIGHBOURS.get(token.text, ()):
            if token.text not in UNARY_TOO or spaced:
                yield token.at, token.end, new, f"{token.text} becomes {new}"
        if token.text in ("!", "~") or (token.text == "-" and not spaced):
            if before.kind in ("name", "number") and before.text != "return":
                continue
            yield token.at, token.end, "", f"{token.text} before {after.text} is missing"


def constants(list_: list[Token]) -> Iterator[Edit]:
    """Numbers and enumerators."""
    for before, token, after in zip(list_, list_[1:], list_[2:], strict=False):
        if token.kind == "number":
            for new in numbers(token.text):
                yield token.at, token.end, new, f"{token.text} becomes {new}"
        elif token.kind == "name" and re.fullmatch(r"[A-Z][A-Z0-9]*_[A-Z0-9_]+", token.text):
            is_name = after.text in ("(", "[", "=") or before.text in ("enum", "struct", "define")
            if not is_name and token.text not in NO_VALUE:
                new = f"({token.text} + 1)"
                yield token.at, token.end, new, f"{token.text} is one more"


def numbers(text: str) -> tuple[str, ...]:
    """What a number may become."""
    digits = text.rstrip("uUlL")
    suffix = text[len(digits) :]
    if "." in digits:
        value = float(digits.rstrip("f"))
        return ("1.0f",) if value == 0 else ("0.0f", f"{value * 1.5:g}f".replace("e", ".0e"))
    value = int(digits, 0)
    if digits.lower().startswith("0x"):
        return (f"{hex(value ^ 1)}{suffix}", f"{hex(value ^ 0x100)}{suffix}")
    return (f"{value + 1}{suffix}",) + ((f"0{suffix}",) if value > 1 else ()) + (
        (f"{value - 1}{suffix}",) if value > 0 else ())  # fmt: skip


def conditions(source: str, list_: list[Token]) -> Iterator[Edit]:
    """Conditions that always or never hold, clauses that are missing."""
    for i, token in enumerate(list_[:-1]):
        if token.text in ("if", "while") and list_[i + 1].text == "(":
            end = list_[closing(list_, i + 1)]
            for new in ("0", "1"):
                yield list_[i + 1].end, end.at, new, f"{token.text} ({new})"
    for i, token in enumerate(list_):
        if token.text not in ("&&", "||"):
            continue
        left, right = clause(list_, i, -1), clause(list_, i, 1)
        for a, b in ((left, i - 1), (i + 1, right)):
            at, end = list_[a].at, list_[b].end
            text = " ".join(source[at:end].split())
            yield at, end, "1" if token.text == "&&" else "0", f"without {text}"


def clause(list_: list[Token], of: int, way: int) -> int:
    """Index of the last token of the operand on one side of a logical operator."""
    depth, i = 0, of + way
    inwards, outwards = ("(", ")") if way > 0 else (")", "(")
    stops = {"&&", "||", "?", ":", ",", ";", "return", "{", "}"} | ASSIGN
    while True:
        text = list_[i].text
        if depth == 0 and (text in stops or text == outwards):
            return i - way
        depth += (text in (inwards, "[" if way > 0 else "]")) - (
            text in (outwards, "]" if way > 0 else "["))  # fmt: skip
        i += way


def statements(source: str, list_: list[Token]) -> Iterator[Edit]:
    """Statements and rows of tables that are missing; what is returned is 0."""
    starts = {";", "{", "}", ":", "else"}
    heads = {closing(list_, i + 1) for i, token in enumerate(list_[:-1])
             if token.text in ("if", "while", "for", "switch") and list_[i + 1].text == "("}
    for i in range(1, len(list_) - 1):
        token, after = list_[i], list_[i + 1]
        before = list_[i - 1].text
        if token.text == "{" and before in ("{", ",") and source[token.at - 4 : token.at].isspace():
            end = list_[closing(list_, i)].end
            end += source[end] == ","
            row = " ".join(source[token.at : end].split())
            yield token.at, end, "", f"without the row {row}"
            continue
        if before not in starts and i - 1 not in heads:
            continue
        if token.text == "return" and after.text != ";":
            end = next(j for j in range(i, len(list_)) if list_[j].text == ";")
            value = source[after.at : list_[end].at]
            if not re.fullmatch(r"0u?|0\.0f", value):
                yield after.at, list_[end].at, "0", "returns 0"
            continue
        calls = after.text in ASSIGN | {"(", "->", "[", ".", "++", "--"} and token.kind == "name"
        casts = token.text == "(" and after.text == "void"
        plain = token.text in ("break", "continue", "++", "--", "*")
        if token.text in ("if", "while", "for", "switch", "sizeof") or token.text[0].isupper():
            continue
        if not (calls or casts or plain):
            continue
        end = i
        while end < len(list_) and list_[end].text not in (";", "{", "}"):
            end = closing(list_, end) + 1 if list_[end].text in "([" else end + 1
        if end < len(list_) and list_[end].text == ";":
            what = " ".join(source[token.at : list_[end].end].split())
            yield token.at, list_[end].at, "", f"without {what}"


def function_at(source: str, at: int) -> str:
    """Name of the function, table or macro a place is in."""
    heads = re.finditer(r"^(?:#define (\w+)|[a-z][^;{}()=]*?\b(\w+)(?:\[\w*\])*(?: = |\())", source,
                        re.MULTILINE)  # fmt: skip
    name = ""
    for head in heads:
        if head.start() > at:
            break
        name = head[1] or head[2]
    return name


def slips(source: str, file: str) -> list[Slip]:
    """All of them, in the order of the source; no two have the same name."""
    list_ = tokens(source)
    edits: list[Edit] = [
        *operators(source, list_), *constants(list_), *conditions(source, list_),
        *statements(source, list_),
    ]  # fmt: skip
    seen: Counter[tuple[str, str, str, str]] = Counter()
    made, done = [], set()
    for at, end, new, what in sorted(edits):
        if (at, end, new) in done or source[at:end] == new:
            continue
        done.add((at, end, new))
        line = source[source.rfind("\n", 0, at) + 1 : source.find("\n", at)].strip()
        key = (file, function_at(source, at), line, what)
        seen[key] += 1
        name = what if seen[key] == 1 else f"{what} ({seen[key]})"
        made.append(Slip(*key[:3], name, at, end, new))
    return made
