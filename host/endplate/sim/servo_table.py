# SPDX-License-Identifier: GPL-3.0-or-later
"""The control table of an XL330-M288-T: addresses, sizes, access, ranges, values at power-up.

Source: ROBOTIS e-manual, XL330-M288-T, "Control Table". Registers on which nothing depends here
(gains, indirect addresses) can be written and read back, no more.
"""

from __future__ import annotations

from dataclasses import dataclass

MODEL, FIRMWARE_VERSION = 1200, 52
SIZE = 228  # bytes, up to the last indirect datum

ID, DRIVE_MODE, OPERATING_MODE, MOVING_THRESHOLD = 7, 10, 11, 24
TEMPERATURE_LIMIT, CURRENT_LIMIT, VELOCITY_LIMIT = 31, 38, 44
MAX_POSITION, MIN_POSITION, SHUTDOWN = 48, 52, 63
TORQUE_ENABLE, STATUS_RETURN_LEVEL, HARDWARE_ERROR, BUS_WATCHDOG = 64, 68, 70, 98
GOAL_PWM, GOAL_CURRENT, GOAL_VELOCITY = 100, 102, 104
PROFILE_ACCELERATION, PROFILE_VELOCITY, GOAL_POSITION = 108, 112, 116
REALTIME_TICK, MOVING, PRESENT_PWM = 120, 122, 124
PRESENT_CURRENT, PRESENT_VELOCITY, PRESENT_POSITION = 126, 128, 132
PRESENT_VOLTAGE, PRESENT_TEMPERATURE = 144, 146
RAM = TORQUE_ENABLE  # EEPROM below: locked while torque is on, kept over a reboot

GOALS = frozenset((GOAL_PWM, GOAL_CURRENT, GOAL_VELOCITY, PROFILE_ACCELERATION, PROFILE_VELOCITY,
                   GOAL_POSITION))  # read-only after the bus watchdog has tripped
POSITION_MODES = (3, 4, 5)  # one turn, many turns, current-based: all that is simulated

TICKS_PER_DEG = 4096 / 360
DPS_PER_UNIT = 0.229 * 6  # 0.229 rev/min
DPS2_PER_UNIT = 214.577 * 6 / 60  # 214.577 rev/min^2
WATCHDOG_UNIT_NS = 20_000_000


@dataclass(frozen=True)
class Register:
    """One entry. `low` and `high` bound what may be written; None: any value of that size."""

    address: int
    size: int
    writable: bool = False
    initial: int = 0
    low: int | None = None
    high: int | None = None


def _registers() -> tuple[Register, ...]:
    def read(address: int, size: int, initial: int = 0) -> Register:
        return Register(address, size, False, initial)

    def write(
        address: int, size: int, initial: int, low: int | None = None, high: int | None = None
    ) -> Register:
        return Register(address, size, True, initial, low, high)

    return (
        read(0, 2, MODEL), read(2, 4), read(6, 1, FIRMWARE_VERSION),
        write(ID, 1, 1, 0, 252), write(8, 1, 1, 0, 6), write(9, 1, 250, 0, 254),
        write(DRIVE_MODE, 1, 0, 0, 0),  # reverse and time-based profiles are not simulated
        write(OPERATING_MODE, 1, 3, 0, 16),
        write(12, 1, 255, 0, 255), write(13, 1, 2, 2, 22), write(20, 4, 0),
        write(MOVING_THRESHOLD, 4, 10, 0, 1023),
        write(TEMPERATURE_LIMIT, 1, 70, 0, 100), write(32, 2, 70, 31, 70), write(34, 2, 35, 31, 70),
        write(36, 2, 885, 0, 885), write(CURRENT_LIMIT, 2, 1750, 0, 1750),
        write(VELOCITY_LIMIT, 4, 445, 0, 2047), write(MAX_POSITION, 4, 4095, 0, 4095),
        write(MIN_POSITION, 4, 0, 0, 4095), write(60, 1, 0, 0, 3), write(62, 1, 140, 1, 255),
        write(SHUTDOWN, 1, 53, 0, 255),
        write(TORQUE_ENABLE, 1, 0, 0, 1), write(65, 1, 0, 0, 1),
        write(STATUS_RETURN_LEVEL, 1, 2, 0, 2), read(69, 1), read(HARDWARE_ERROR, 1),
        write(76, 2, 1600, 0, 16383), write(78, 2, 180, 0, 16383), write(80, 2, 0, 0, 16383),
        write(82, 2, 0, 0, 16383), write(84, 2, 400, 0, 16383), write(88, 2, 0, 0, 16383),
        write(90, 2, 0, 0, 16383), write(BUS_WATCHDOG, 1, 0, 0, 127),
        write(GOAL_PWM, 2, 885, -885, 885), write(GOAL_CURRENT, 2, 1750, -1750, 1750),
        write(GOAL_VELOCITY, 4, 0, -2047, 2047), write(PROFILE_ACCELERATION, 4, 0, 0, 32767),
        write(PROFILE_VELOCITY, 4, 0, 0, 32767), write(GOAL_POSITION, 4, 0, -1048575, 1048575),
        read(REALTIME_TICK, 2), read(MOVING, 1), read(123, 1), read(PRESENT_PWM, 2),
        read(PRESENT_CURRENT, 2), read(PRESENT_VELOCITY, 4), read(PRESENT_POSITION, 4),
        read(136, 4), read(140, 4), read(PRESENT_VOLTAGE, 2), read(PRESENT_TEMPERATURE, 1),
        read(147, 1),
        *(write(168 + 2 * k, 2, 208 + k, 64, 227) for k in range(20)),
        *(write(208 + k, 1, 0, 0, 255) for k in range(20)),
    )


REGISTERS = _registers()
BY_ADDRESS = {register.address: register for register in REGISTERS}
