# SPDX-License-Identifier: MIT
"""The number by which host and hand tell whether they were built from the same wire.h.

It is the CRC-32C of the header without comments and white space: a new field, an enum value or the
order of members changes it, a better comment does not. Pure Python, no dependency: every build of
either side runs it.

    python protocol/schema_hash.py [wire.h]      prints 0x%08x
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

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


def schema_hash(path: str | Path) -> int:
    """Schema hash of the header at `path`, 32 bits. Raises OSError when it cannot be read."""
    return crc32c(canonical(Path(path).read_text(encoding="utf-8")).encode())


if __name__ == "__main__":
    header = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).with_name("wire.h")
    sys.stdout.write(f"0x{schema_hash(header):08x}\n")
