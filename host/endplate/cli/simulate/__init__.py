# SPDX-License-Identifier: GPL-3.0-or-later
"""`endplate simulate VERB`: the simulated person alone, faster than real time, without processes.

One file per verb, as VERBS lists them; each has EXAMPLES, add_arguments(parser) and run(arguments),
like a subcommand.
"""

from __future__ import annotations

import argparse

from endplate.cli.verbs import add_verbs, run_verb

#: Verb -> (module, summary).
VERBS = {
    "record": (
        "endplate.cli.simulate.record",
        "a simulated person follows cues into a recording, at once",
    ),
    "validate": (
        "endplate.cli.simulate.validate",
        "hold the simulated EMG against what is known of people's",
    ),
    "fitts": (
        "endplate.cli.simulate.fitts",
        "simulated users play the Fitts test in closed loop, also after electrodes moved",
    ),
    "decode": (
        "endplate.cli.simulate.decode",
        "how well commands follow what simulated people really meant",
    ),
}
EXAMPLES = """examples:
  endplate simulate record --rate 1000 --out someone.bdf
  endplate simulate validate --out validation
  endplate simulate fitts --shift-mm 10 --touch-up
  endplate simulate decode --dofs 3 --rate 1000
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The verbs with their options."""
    add_verbs(parser, VERBS)


run = run_verb
