# SPDX-License-Identifier: GPL-3.0-or-later
"""Another day, electrodes elsewhere: what changed since a profile was made, and the least to do."""
