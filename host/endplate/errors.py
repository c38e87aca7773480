# SPDX-License-Identifier: GPL-3.0-or-later
"""What can go wrong, in one clear sentence each: what is wrong and what to do.

The text of an exception is the sentence the user reads; the command line prints it after
`endplate: ` and exits with 2, the monitor shows it as it is. An exception of another class
reaching the user is a defect.
"""


class EndplateError(Exception):
    """Base of all errors meant for the user."""


class BoardError(EndplateError):
    """The EMG board: unknown, not answering, in use, unplugged, or at another rate than the
    profile's."""


class HandError(EndplateError):
    """The hand or its link: not answering, another schema, rebooted, refused to arm."""


class HardwareFileError(EndplateError):
    """A hand file or a montage that cannot be read or contradicts itself."""


class ProfileError(EndplateError):
    """A profile that is damaged, of another version, montage, rate or hand."""


class RecordingError(EndplateError):
    """A recording that cannot be written or read."""


class CalibrationError(EndplateError):
    """Data from which no decoder can honestly be made."""


class SessionError(EndplateError):
    """The control process or its feed: not running, already running, or gone."""


class UsageError(EndplateError):
    """A command that asks for something that does not exist or does not fit together."""


class RecordsError(EndplateError):
    """Patients, visits and scores: a record that cannot be kept, found or read."""
