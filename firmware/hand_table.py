# SPDX-License-Identifier: MIT
"""Writes the C table of a hand for the firmware's build. Needs nothing but Python 3.11.

    python3 firmware/hand_table.py HAND OUT.c      HAND: a name in hw/hands, or a path
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "host"))

from endplate.errors import EndplateError
from endplate.hardware import c_table, load_hand


def main(arguments: list[str]) -> int:
    """Writes OUT only when it changes, so that make compiles nothing for nothing."""
    if len(arguments) != 2:
        print("usage: hand_table.py HAND OUT.c", file=sys.stderr)
        return 2
    try:
        text = c_table(load_hand(arguments[0]))
    except EndplateError as error:
        print(f"hand_table: {error}", file=sys.stderr)
        return 2
    out = Path(arguments[1])
    if not out.exists() or out.read_text() != text:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
