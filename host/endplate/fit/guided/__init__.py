# SPDX-License-Identifier: GPL-3.0-or-later
"""A person guided through cues: the protocol, the screen, and each repetition judged as it ends."""
