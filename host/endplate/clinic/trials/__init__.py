# SPDX-License-Identifier: GPL-3.0-or-later
"""Tests of a patient's control: pure logic that is told velocities and how long they lasted."""
