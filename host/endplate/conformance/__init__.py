# SPDX-License-Identifier: GPL-3.0-or-later
"""The conformance kit: holds any hand on a serial port against the safety requirements, through the
wire alone. `table.REQUIREMENTS` is the list, `run.verify` runs it."""
