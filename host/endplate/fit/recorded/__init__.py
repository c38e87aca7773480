# SPDX-License-Identifier: GPL-3.0-or-later
"""Recordings, of ours and of other people, as cues, labels and trials: what was meant, and when."""
