# SPDX-License-Identifier: MIT
"""Fetches monocypher.c and monocypher.h, as monocypher.txt pins them, into a folder.

    python3 firmware/monocypher.py FOLDER

Without them the firmware builds all the same; such a hand takes no update. So a failure ends no
build: it says so in one line.
"""

import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

PINNED = Path(__file__).resolve().with_suffix(".txt")
FILES = ("monocypher.c", "monocypher.h")


def fetch(folder: Path) -> str | None:
    """None when both files are in `folder`, else why not."""
    command = [
        sys.executable,
        "-m",
        "pip",
        "download",
        "--quiet",
        "--no-deps",
        "--no-binary",
        ":all:",
    ]
    command += ["--no-build-isolation", "--require-hashes", "--retries", "1", "--timeout", "10"]
    with tempfile.TemporaryDirectory() as scratch:
        done = subprocess.run(
            [*command, "-r", str(PINNED), "-d", scratch], capture_output=True, text=True
        )
        found = sorted(Path(scratch).glob("*.tar.gz"))
        if done.returncode != 0 or not found:
            return (done.stderr.strip().splitlines() or ["pip gave no reason"])[-1]
        folder.mkdir(parents=True, exist_ok=True)
        with tarfile.open(found[0]) as package:
            for name in FILES:
                inside = next(one for one in package.getmembers() if Path(one.name).name == name)
                source = package.extractfile(inside)
                assert source is not None
                (folder / name).write_bytes(source.read())
    return None


def main(arguments: list[str]) -> int:
    """Fetches what is not there yet."""
    if len(arguments) != 1:
        print("usage: monocypher.py FOLDER", file=sys.stderr)
        return 2
    folder = Path(arguments[0])
    if all((folder / name).exists() for name in FILES):
        return 0
    why = fetch(folder)
    if why is not None:
        print(f"Monocypher could not be fetched ({why}): this firmware will take no update.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
