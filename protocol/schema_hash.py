# SPDX-License-Identifier: MIT
"""The number by which host and hand tell whether they were built from the same wire.

It is the CRC-32C of the two headers, one after the other, without comments and white space: a new
field, an enum value or the order of members changes it, a better comment does not. Pure Python, no
dependency: every build of either side runs it.

    python protocol/schema_hash.py      prints 0x%08x
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

HEADERS = ("wire_messages.h", "wire.h")
_REFLECTED = 0x82F63B78  # Castagnoli polynomial 0x1EDC6F41, bits reversed (RFC 3720, appendix B.4)
_COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*", re.DOTALL)
_SPACE = re.compile(r"\s+")


def crc32c(data: bytes) -> int:
    """CRC-32C of `data`, bit by bit: slow, and short enough to be seen to be right."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ (_REFLECTED if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def canonical(text: str) -> str:
    """C text without comments and white space (a C header of ours holds no string literal)."""
    return _SPACE.sub("", _COMMENT.sub(" ", text))


def schema_hash(folder: Path) -> int:
    """Schema hash of the headers in `folder`, 32 bits. Raises OSError when one cannot be read."""
    texts = [(folder / name).read_text(encoding="utf-8") for name in HEADERS]
    return crc32c("".join(map(canonical, texts)).encode())


if __name__ == "__main__":
    sys.stdout.write(f"0x{schema_hash(Path(__file__).parent):08x}\n")
