# SPDX-License-Identifier: GPL-3.0-or-later
"""Lists of slips that take a while each: `make test` tries some, `make mutants` all
(ENDPLATE_SLIPS=1: one in 1)."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import TypeVar

Slip = TypeVar("Slip")
_ONE_IN = os.environ.get("ENDPLATE_SLIPS")


def one_in(usually: int, slips: Iterable[Slip]) -> list[Slip]:
    """Every so manieth, from the first on."""
    return list(slips)[:: int(_ONE_IN or usually)]
