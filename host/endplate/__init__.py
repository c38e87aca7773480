# SPDX-License-Identifier: GPL-3.0-or-later
"""Endplate: from multi-site EMG to the several degrees of freedom of a hand.

Importing the package loads nothing else: no Qt, no serial, no brainflow. Start at
`endplate.live.control` to follow one sample, at `endplate.cli` to follow one command.
"""

__version__ = "0.1.0"
