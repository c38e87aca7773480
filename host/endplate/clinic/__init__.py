# SPDX-License-Identifier: GPL-3.0-or-later
"""What a clinic keeps: patients, visits, online tests and reports."""
