# SPDX-License-Identifier: GPL-3.0-or-later
"""The versions of a profile: what is saved over is kept, and can be had back.

    anna.json                  the profile in use
    anna.versions/0001.json    every state it has had, in order; written once, never changed
                  0002.kept    the bytes of a file that was saved over and was no profile
                  lock         held while a version is made

A version says when and why it was made and names its parent, by number and by the hash of its
profile. It is written before anna.json is replaced: whatever fails between, nothing is lost. `undo`
and `redo` are versions as well: `of` is the one whose profile they brought back, `undone` what a
redo brings back next.
"""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from endplate.errors import ProfileError
from endplate.live.profile import Profile
from endplate.live.profile_file import digest, parsed, profile_text, readable, write_whole

FOUND = "found"  # why: it was there before versions were kept, or another program wrote it
LOCK_S = 5.0
KEPT = ".kept"


@dataclass(frozen=True)
class Version:
    """One state of a profile. `sha256` is its profile's; `parent` that of version `before`, from
    which it was made ("" and 0 for the first). Where `problem` says why it cannot be used, only
    `number` and `path` mean anything."""

    number: int
    path: Path
    problem: str = ""
    made: str = ""
    why: str = ""
    before: int = 0
    parent: str = ""
    of: int = 0
    undone: tuple[int, ...] = ()
    sha256: str = ""
    profile: Profile | None = None


def folder_of(path: str | Path) -> Path:
    """Where the versions of a profile lie."""
    path = Path(path)
    return path.with_name(f"{path.name.removesuffix('.json')}.versions")


def versions(path: str | Path) -> list[Version]:
    """All of them, the oldest first; damaged ones too. Raises ProfileError for an unreadable
    folder."""
    return [_read(name) for name in _files(path)]


def current(path: str | Path) -> Version | None:
    """The version that is in use: the newest with the profile that the file holds."""
    sha256 = _sha256_of(_text(Path(path)), path)
    newest_first = (_read(name) for name in reversed(_files(path))) if sha256 else iter(())
    return next((each for each in newest_first if each.sha256 == sha256), None)


def version(path: str | Path, number: int) -> Version:
    """One version, whole. Raises ProfileError."""
    there = {int(name.stem): name for name in _files(path)}
    if number in there:
        found = _read(there[number])
        if found.profile is None:
            raise ProfileError(
                f"Version {number} of {path} cannot be used ({found.problem}): choose another."
            )
        return found
    known = f"there are {min(there)} to {max(there)}" if there else "none is kept yet"
    raise ProfileError(f"{path} has no version {number}: {known}.")


def keep(profile: Profile, path: str | Path, why: str, when: datetime | None = None) -> Version:
    """Saves a profile and keeps what it replaces; `why` in a word or two ("touched up").

    Raises ProfileError, and has changed nothing then.
    """
    path = Path(path)
    text = profile_text(profile, str(path))
    with _locked(path):
        before = _adopted(path) or _newest(path)
        return _add(path, text, why, before, when=when)


def undo(path: str | Path) -> Version:
    """Brings back what the version in use was made from. Raises ProfileError."""
    path = Path(path)
    with _locked(path):
        now = _in_use(path)
        origin = version(path, now.of)
        if not origin.before:
            raise ProfileError(
                f"There is nothing before this version of {path} to go back to; it stays in use."
            )
        back = version(path, origin.before)
        return _add(path, _text_of(back), "undone", now, back.of, (*now.undone, now.of))


def redo(path: str | Path) -> Version:
    """Brings back what `undo` took away last. Raises ProfileError."""
    path = Path(path)
    with _locked(path):
        now = _in_use(path)
        if not now.undone:
            raise ProfileError(f"Nothing was undone in {path} since its last change.")
        again = version(path, now.undone[-1])
        return _add(path, _text_of(again), "redone", now, again.of, now.undone[:-1])


def restore(path: str | Path, number: int) -> Version:
    """Brings back a version by its number. Raises ProfileError."""
    path = Path(path)
    with _locked(path):
        before = _adopted(path) or _newest(path)
        back = version(path, number)
        return _add(path, _text_of(back), f"restored {number}", before)


def _in_use(path: Path) -> Version:
    now = _adopted(path)
    if now is None:
        raise ProfileError(
            f"{path} holds no profile that can be used: bring a version back by its number."
        )
    return now


# ---- files ----


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """One at a time, in whichever process. Raises ProfileError."""
    folder = folder_of(path)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise ProfileError(
            f"The versions of the profile cannot be kept in {folder} ({error.strerror}): nothing "
            "was changed; choose another folder."
        ) from error
    try:
        until = time.monotonic() + LOCK_S
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except OSError:
                if time.monotonic() > until:
                    raise ProfileError(
                        f"Another Endplate is saving the profile {path}: try again when it is done."
                    ) from None
                time.sleep(0.02)
        yield
    finally:
        os.close(handle)


def _files(path: str | Path) -> list[Path]:
    """Of the versions, the oldest first."""
    folder = folder_of(path)
    try:
        names = list(folder.iterdir())
    except FileNotFoundError:
        return []
    except OSError as error:
        raise ProfileError(
            f"The versions in {folder} cannot be read ({error.strerror}): check its permissions."
        ) from error
    ours = [name for name in names if name.stem.isdigit() and name.suffix in (".json", KEPT)]
    return sorted(ours, key=lambda name: int(name.stem))


def _newest(path: Path) -> Version | None:
    """The newest that can be used."""
    newest_first = (_read(name) for name in reversed(_files(path)))
    return next((each for each in newest_first if each.profile is not None), None)


def _next(path: Path) -> int:
    return max((int(name.stem) for name in _files(path)), default=0) + 1


def _adopted(path: Path) -> Version | None:
    """The version in use; a file that no version knows becomes one first, or its bytes are kept."""
    raw = _raw(path)
    if raw is None:
        return None
    text = raw.decode("utf-8", errors="replace")
    if _sha256_of(text, path):
        now = current(path)
        if now is None:
            made = json.loads(text).get("created") or _now()
            now = _write(path, _next(path), json.loads(text), FOUND, _newest(path), made=made)
        return now
    if any(name.suffix == KEPT and name.read_bytes() == raw for name in _files(path)):
        return None
    number = _next(path)
    kept = folder_of(path) / f"{number:04d}{KEPT}"
    try:
        with kept.open("xb") as file:
            file.write(raw)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        kept.unlink(missing_ok=True)
        raise ProfileError(_full(path, str(error.strerror))) from error
    return None


def _add(
    path: Path, text: str, why: str, before: Version | None, of: int = 0,
    undone: tuple[int, ...] = (), when: datetime | None = None,
) -> Version:  # fmt: skip
    """The next version, then the file itself; without the second the first is taken back."""
    number = _next(path)
    made = when.isoformat(timespec="seconds") if when else _now()
    new = _write(path, number, json.loads(text), why, before, of, undone, made)
    try:
        write_whole(path, text)
    except ProfileError:
        with suppress(OSError):
            new.path.unlink()
        raise
    return new


def _write(
    path: Path, number: int, profile: dict[str, Any], why: str, before: Version | None,
    of: int = 0, undone: tuple[int, ...] = (), made: str = "",
) -> Version:  # fmt: skip
    entry = {
        "number": number, "made": made or _now(), "why": why,
        "before": before.number if before else 0, "parent": before.sha256 if before else "",
        "of": of or number, "undone": list(undone),
    }  # fmt: skip
    whole = entry | {"profile": profile}
    text = json.dumps(entry | {"sha256": digest(whole)})[:-1]  # one line, then the profile's own
    text += ', "profile":\n' + readable(profile).rstrip() + "}\n"
    at = folder_of(path) / f"{number:04d}.json"
    try:
        write_whole(at, text)
    except ProfileError as error:
        reason = getattr(error.__cause__, "strerror", "") or "the disk refused it"
        raise ProfileError(_full(path, reason)) from error
    return _read(at)


def _full(path: Path, reason: str) -> str:
    return (
        f"The version of {path} cannot be kept ({reason}): nothing was changed; make room on the "
        "disk, or choose another folder."
    )


def _read(path: Path) -> Version:
    """A version from its file, or what is wrong with it."""
    number = int(path.stem)
    if path.suffix == KEPT:
        return Version(number, path, "it was no profile of this Endplate; its bytes are kept")
    try:
        entry = json.loads(path.read_text(encoding="utf-8"))
        sha256, inner = entry.pop("sha256"), entry["profile"]
        if sha256 != digest(entry) or entry["number"] != number:
            return Version(number, path, "it was changed or damaged")
        profile = parsed(json.dumps(inner), path)
        return Version(
            number, path, "", entry["made"], entry["why"], entry["before"], entry["parent"],
            entry["of"], tuple(entry["undone"]), inner["sha256"], profile,
        )  # fmt: skip
    except ProfileError as error:
        return Version(number, path, str(error).rstrip("."))
    except OSError as error:
        return Version(number, path, f"it cannot be read, {error.strerror}")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return Version(number, path, "it was changed or damaged")


def _text_of(one: Version) -> str:
    assert one.profile is not None
    return profile_text(one.profile, str(one.path))


def _raw(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ProfileError(
            f"The profile {path} cannot be read ({error.strerror}): check the file's permissions."
        ) from error


def _text(path: Path) -> str:
    return (_raw(path) or b"").decode("utf-8", errors="replace")


def _sha256_of(text: str, path: str | Path) -> str:
    """The hash of a profile's text, "" when it is none that can be used."""
    try:
        parsed(text, path)
        return str(json.loads(text)["sha256"])
    except ProfileError:
        return ""


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
