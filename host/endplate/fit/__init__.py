# SPDX-License-Identifier: GPL-3.0-or-later
"""Making the path fit a person: site quality, the calibration protocol, decoders, evaluation."""
