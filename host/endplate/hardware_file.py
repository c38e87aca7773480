# SPDX-License-Identifier: GPL-3.0-or-later
"""TOML files of hw/: where they are, and tables whose every error is one sentence."""

from __future__ import annotations

import math
import tomllib
from pathlib import Path
from typing import Any, NoReturn

from endplate.errors import HardwareFileError

KINDS = {"hands": "hand", "montages": "montage"}
_MISSING: Any = object()


def folder(kind: str) -> Path:
    """The folder of hw/ that holds `hands` or `montages`: beside this file in a wheel."""
    packed = Path(__file__).parent / "hw"
    root = packed if packed.is_dir() else Path(__file__).resolve().parents[2] / "hw"
    return root / kind


def found(kind: str) -> list[str]:
    """Names of the files there are."""
    return sorted(path.stem for path in folder(kind).glob("*.toml"))


def refuse(path: Path, what: str) -> NoReturn:
    """Raises the one sentence."""
    raise HardwareFileError(f"{path.name}: {what}. Correct it, or choose another file.")


def read_toml(kind: str, name_or_path: str | Path) -> tuple[Path, dict[str, Any]]:
    """The file of that name or path and what is in it."""
    text = str(name_or_path)
    by_path = isinstance(name_or_path, Path) or "/" in text or text.endswith(".toml")
    path = Path(text) if by_path else folder(kind) / f"{text}.toml"
    word = KINDS[kind]
    there = ", ".join(found(kind)) or "none"
    try:
        return path, tomllib.loads(path.read_bytes().decode("utf-8"))
    except FileNotFoundError:
        what = f"There is no {word} file {text}" if by_path else f"There is no {word} \"{text}\""
        raise HardwareFileError(f"{what}; those that come with Endplate are: {there}.") from None
    except OSError as error:
        raise HardwareFileError(
            f"The {word} file {text} cannot be read ({error.strerror}): choose another.") from None
    except UnicodeDecodeError:
        refuse(path, f"this is not a {word} file: it is not text")
    except tomllib.TOMLDecodeError as error:
        refuse(path, f"the file is damaged and cannot be read as TOML ({error})")


class Table:
    """One TOML table being read: each value is taken once, and what is left over is an error."""

    def __init__(self, path: Path, where: str, values: dict[str, Any]) -> None:
        """`where` names the table in errors."""
        self._path, self._where, self._left = path, where, dict(values)

    def called(self, name: str) -> None:
        """Errors from here on name the table so."""
        self._where = f"{self._where.split()[0]} {name}"

    def refuse(self, what: str) -> NoReturn:
        """Raises the one sentence for this table."""
        refuse(self._path, f"{self._where}: {what}")

    def text(self, key: str, default: str = _MISSING) -> str:
        """A string."""
        value = self._take(key, default)
        if not isinstance(value, str):
            self.refuse(f"{key} must be a text in quotes")
        if default is _MISSING and not value.strip():
            self.refuse(f"{key} is empty")
        return value

    def number(self, key: str, low: float, high: float) -> float:
        """A finite number within low..high."""
        return self._number(key, self._take(key, _MISSING), low, high)

    def integer(self, key: str, low: int, high: int, absent: int | None = None) -> int:
        """A whole number within low..high; `absent` when the key is, if that is allowed."""
        if absent is not None and key not in self._left:
            return absent
        value = self._number(key, self._take(key, _MISSING), low, high)
        if value != int(value):
            self.refuse(f"{key} is {value:g} but must be a whole number")
        return int(value)

    def numbers(self, key: str, default: dict[str, float] = _MISSING) -> dict[str, float]:
        """Finite numbers by joint name."""
        value = self._take(key, default)
        if not isinstance(value, dict):
            self.refuse(f"{key} must be a table of joints and numbers, like {{ index = 90 }}")
        return {name: self._number(f"{key}.{name}", each, -720.0, 720.0)
                for name, each in value.items()}

    def tables(self, key: str, least: int, most: int) -> list[Table]:
        """An array of tables, [[key]]."""
        value = self._take(key, [])
        if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
            self.refuse(f"{key} must be written as [[{key}]]")
        if not least <= len(value) <= most:
            self.refuse(f"there are {len(value)} [[{key}]] but must be {least} to {most}")
        return [Table(self._path, f"{key} {index}", each) for index, each in enumerate(value, 1)]

    def finish(self) -> None:
        """Refuses keys that nothing asked for: most often a slip of the pen."""
        if self._left:
            self.refuse(f"nothing is known of the key \"{next(iter(self._left))}\"")

    def _take(self, key: str, default: Any) -> Any:
        if key not in self._left and default is _MISSING:
            self.refuse(f"the key {key} is missing")
        return self._left.pop(key, default)

    def _number(self, key: str, value: Any, low: float, high: float) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float):
            self.refuse(f"{key} must be a number")
        if not math.isfinite(value) or not low <= value <= high:
            self.refuse(f"{key} is {value:g} but must be from {low:g} to {high:g}")
        return float(value)
