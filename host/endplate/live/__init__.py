# SPDX-License-Identifier: GPL-3.0-or-later
"""The path of one sample: boards and replay, the control process, the feed,
the link to the hand, the recording."""
