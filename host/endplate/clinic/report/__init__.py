# SPDX-License-Identifier: GPL-3.0-or-later
"""The fitting report of a visit: what it says (content.py), as one HTML page (page.py). Pictures
and the PDF are drawn by the monitor."""
