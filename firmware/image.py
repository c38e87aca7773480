# SPDX-License-Identifier: MIT
"""Images of the firmware: their key and headers. Layout: app/image.h.

    python3 firmware/image.py key KEY.pem OUT.c            the public key, to be compiled in
    python3 firmware/image.py header KEY.pem HAND SLOT PROGRAM.bin OUT.bin     its header, signed

KEY.pem is an Ed25519 private key (PKCS 8, no password); it is made when it is not there. Without
the Python package cryptography nothing is signed: the key is zeros, and such a hand takes no
update.
"""

from __future__ import annotations

import os
import re
import sys
from contextlib import suppress
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "host"))

from endplate import hand_image
from endplate.errors import EndplateError
from endplate.hardware import load_hand

try:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
except ImportError:
    Ed25519PrivateKey = None  # type: ignore[assignment, misc]

HERE = Path(__file__).resolve().parent


class KeyFileError(Exception):
    """What is wrong with the key, in one sentence."""


def private_key(path: Path) -> Ed25519PrivateKey:
    """The key in `path`; a new one when there is no such file."""
    if not path.exists():
        text = Ed25519PrivateKey.generate().private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        path.parent.mkdir(parents=True, exist_ok=True)
        whole = path.with_name(f"{path.name}.{os.getpid()}")
        with os.fdopen(os.open(whole, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
            out.write(text)
        with suppress(FileExistsError):  # two images are signed at once: the first key is it
            os.link(whole, path)
        whole.unlink()
    try:
        key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    except (OSError, TypeError, ValueError) as error:
        raise KeyFileError(f"{path} is no private key without a password: {error}") from None
    if not isinstance(key, Ed25519PrivateKey):
        raise KeyFileError(
            f"{path} is no Ed25519 key; make one: openssl genpkey -algorithm ed25519"
        )
    return key


def public_bytes(path: Path) -> bytes:
    """The 32 bytes of the public key; zeros when nothing can be signed here."""
    if Ed25519PrivateKey is None:
        return bytes(32)
    raw = serialization.Encoding.Raw, serialization.PublicFormat.Raw
    return private_key(path).public_key().public_bytes(*raw)


def version() -> tuple[int, int, int]:
    """APP_MAJOR, APP_MINOR, APP_PATCH of app.h."""
    text = (HERE / "app" / "app.h").read_text()
    found = re.search(r"APP_MAJOR = (\d+), APP_MINOR = (\d+), APP_PATCH = (\d+)", text)
    assert found, "app.h says no version"
    return int(found[1]), int(found[2]), int(found[3])


def key_table(key: bytes) -> str:
    """C source that defines `signature_key`."""
    rows = [", ".join(f"0x{byte:02x}" for byte in key[at : at + 8]) for at in range(0, 32, 8)]
    return (
        '#include "signature.h"\n\n'
        "const uint8_t signature_key[SIGNATURE_KEY_BYTES] = {\n    "
        + ",\n    ".join(rows)
        + ",\n};\n"
    )


def image(pem: Path, hand: str, slot: int, program: bytes) -> bytes:
    """The image of a program, signed when that can be done."""
    hand_hash = load_hand(hand).hash32
    if Ed25519PrivateKey is None:
        return hand_image.make(program, slot, version(), hand_hash)
    sign = private_key(pem).sign
    return hand_image.make(program, slot, version(), hand_hash, public_bytes(pem), sign)


def main(arguments: list[str]) -> int:
    """Writes what is asked for."""
    try:
        match arguments:
            case ["key", pem, out]:
                text = key_table(public_bytes(Path(pem)))
                if not Path(out).exists() or Path(out).read_text() != text:
                    Path(out).parent.mkdir(parents=True, exist_ok=True)
                    Path(out).write_text(text)
            case ["header", pem, hand, slot, program, out]:
                whole = image(Path(pem), hand, int(slot), Path(program).read_bytes())
                Path(out).write_bytes(whole[: hand_image.HEADER])
            case _:
                print(__doc__, file=sys.stderr)
                return 2
    except (EndplateError, KeyFileError) as error:
        print(f"image: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
