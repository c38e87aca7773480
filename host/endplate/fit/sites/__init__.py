# SPDX-License-Identifier: GPL-3.0-or-later
"""What each site hears, how good it is, and which to keep or move."""
