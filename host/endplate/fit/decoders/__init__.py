# SPDX-License-Identifier: GPL-3.0-or-later
"""The decoders' training, one file a kind; each file's `train` gives what the core runs.

    train(lesson, **options) -> dict    the decoder in the shape of endplate.live.decoder
    OPTIONS                             what to try when it is chosen by leaving repetitions out

A new kind is one file here and one in firmware/core (decoder.h); auto.py names it as a candidate.
"""

from endplate.fit.decoders import classes, direct, fourier, linear, mean
from endplate.fit.decoders.lesson import Lesson

#: By the words of endplate.live.decoder.KINDS.
BY_KIND = {
    "linear": linear, "direct": direct, "fourier": fourier, "classes": classes, "mean": mean,
}  # fmt: skip

__all__ = ["BY_KIND", "Lesson"]
