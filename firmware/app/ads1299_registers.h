/* SPDX-License-Identifier: MIT
 *
 * ads1299_registers: what stands in the chip's registers for a configuration; for ads1299.c alone.
 */
#ifndef ENDPLATE_ADS1299_REGISTERS_H
#define ENDPLATE_ADS1299_REGISTERS_H

#include "ads1299.h"

/* Commands and registers: SBAS499C, tables 13 ("command definitions") and 15 ("register map"). */
enum command { START = 0x08, RDATAC = 0x10, SDATAC = 0x11, RREG = 0x20, WREG = 0x40 };
enum registers {
    ID = 0x00,
    CONFIG1 = 0x01,
    CONFIG2 = 0x02,
    CONFIG3 = 0x03,
    LOFF = 0x04,
    CH1SET = 0x05,
    CH8SET = 0x0C,
    BIAS_SENSP = 0x0D,
    BIAS_SENSN = 0x0E,
    LOFF_SENSP = 0x0F,
    LOFF_SENSN = 0x10,
    LOFF_FLIP = 0x11,
    LOFF_STATP = 0x12,
    GPIO = 0x14,
    MISC1 = 0x15,
    CONFIG4 = 0x17
};

/* What is wrong with a configuration, in one sentence; NULL: nothing. */
const char *ads1299_wrong(const ads1299_config *config);
/* For a chip whose id and channels are known: what its registers have to hold, and which bits of
 * them have to read back. */
void ads1299_plan(ads1299_state *ads);
/* Whether all of ADS1299_REGISTERS values, as read, are as planned. */
int32_t ads1299_registers_are_right(const ads1299_state *ads, const uint8_t *values);

#endif
