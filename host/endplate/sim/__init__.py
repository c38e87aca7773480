# SPDX-License-Identifier: GPL-3.0-or-later
"""Stand-ins that speak the real thing's protocol: patient and board, motor bus and mechanics, and
the firmware's runner. Real hardware replaces each by naming another port; only the command line and
tests import this.
"""
