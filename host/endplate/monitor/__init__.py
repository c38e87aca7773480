# SPDX-License-Identifier: GPL-3.0-or-later
"""The window: pages over the feed. It watches and asks; closing or killing it changes nothing for
the hand.

app -> window (frame: bars, pages, STOP and RELEASE) -> watch (the feed, one signal) -> views (one
file a view)
"""
