# SPDX-License-Identifier: GPL-3.0-or-later
"""The six pages, in the order of the clinic's work; one file each. What is drawn on them lies in
the folder above.

patient -> sites -> calibrate -> hand -> test -> follow-up
"""
