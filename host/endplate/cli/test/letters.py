# SPDX-License-Identifier: GPL-3.0-or-later
"""Words that are read from two metres in a terminal: letters of 5 x 7 dots, two in a character."""

from __future__ import annotations

LETTERS = "ABCDEFGHIJKLM", "NOPQRSTUVWXYZ", "0123456789+:."
DOTS = (
    """\
.###. ####. .###. ####. ##### ##### .###. #...# .###. ....# #...# #.... #...#
#...# #...# #...# #...# #.... #.... #...# #...# ..#.. ....# #..#. #.... ##.##
#...# #...# #.... #...# #.... #.... #.... #...# ..#.. ....# #.#.. #.... #.#.#
##### ####. #.... #...# ####. ####. #.### ##### ..#.. ....# ##... #.... #.#.#
#...# #...# #.... #...# #.... #.... #...# #...# ..#.. ....# #.#.. #.... #...#
#...# #...# #...# #...# #.... #.... #...# #...# ..#.. #...# #..#. #.... #...#
#...# ####. .###. ####. ##### #.... .###. #...# .###. .###. #...# ##### #...#
""",
    """\
#...# .###. ####. .###. ####. .###. ##### #...# #...# #...# #...# #...# #####
#...# #...# #...# #...# #...# #...# ..#.. #...# #...# #...# #...# #...# ....#
##..# #...# #...# #...# #...# #.... ..#.. #...# #...# #...# .#.#. .#.#. ...#.
#.#.# #...# ####. #...# ####. .###. ..#.. #...# #...# #...# ..#.. ..#.. ..#..
#..## #...# #.... #.#.# #.#.. ....# ..#.. #...# #...# #.#.# .#.#. ..#.. .#...
#...# #...# #.... #..#. #..#. #...# ..#.. #...# .#.#. #.#.# #...# ..#.. #....
#...# .###. #.... .##.# #...# .###. ..#.. .###. ..#.. .#.#. #...# ..#.. #####
""",
    """\
.###. ..#.. .###. .###. ...#. ##### .###. ##### .###. .###. ..... ..... .....
#...# .##.. #...# #...# ..##. #.... #...# ....# #...# #...# ..#.. ..... .....
#...# ..#.. ....# ....# .#.#. ####. #.... ...#. #...# #...# ..#.. ..#.. .....
#...# ..#.. ..##. ..##. #..#. ....# ####. ..#.. .###. .#### ##### ..... .....
#...# ..#.. .#... ....# ##### ....# #...# .#... #...# ....# ..#.. ..... .....
#...# ..#.. #.... #...# ...#. #...# #...# .#... #...# #...# ..#.. ..#.. .##..
.###. .###. ##### .###. ...#. .###. .###. .#... .###. .###. ..... ..... .##..
""",
)  # a table a row of LETTERS
TALL = 4  # characters
HALVES = {(False, False): " ", (True, False): "▀", (False, True): "▄", (True, True): "█"}
GLYPHS: dict[str, list[str]] = {
    letter: [row.split()[place] for row in table.splitlines()]
    for letters, table in zip(LETTERS, DOTS, strict=True)
    for place, letter in enumerate(letters)
}
BLANK = ["..."] * 7


def lettered(text: str, width: int) -> list[str]:
    """Lines of characters for `text`, broken between words where it is wider than `width`; none
    where a word is, or has no such letters."""
    lines: list[str] = []
    for word in text.upper().split():
        if any(letter not in GLYPHS for letter in word) or _wide(word) > width:
            return []
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and _wide(longer) <= width:
            lines[-1] = longer
        else:
            lines.append(word)
    drawn: list[str] = []
    for line in lines:
        drawn += [""] * bool(drawn) + _drawn(line)
    return drawn


def _wide(line: str) -> int:
    return sum(len(GLYPHS.get(letter, BLANK)[0]) + 1 for letter in line) - 1


def _drawn(line: str) -> list[str]:
    """Four rows of characters."""
    dots = [".".join(GLYPHS.get(letter, BLANK)[row] for letter in line) for row in range(7)]
    dots.append("." * len(dots[0]))
    return [
        "".join(HALVES[upper == "#", lower == "#"] for upper, lower in zip(*pair, strict=True))
        for pair in zip(dots[::2], dots[1::2], strict=True)
    ]  # all as wide
