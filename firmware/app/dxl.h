/* SPDX-License-Identifier: MIT
 *
 * dxl: packets of the motor bus, Dynamixel Protocol 2.0. Bytes only: no registers, no actuators,
 * no time.
 *
 *   FF FF FD 00  id  length u16  instruction  [error]  parameters  crc u16        little-endian
 *
 * length counts from the instruction to the CRC, both included. An FF FF FD between them is
 * stuffed with one more FD. The CRC is CRC-16 with polynomial 0x8005, start 0, not reflected,
 * over everything before it. Source: ROBOTIS e-manual, "DYNAMIXEL Protocol 2.0".
 */
#ifndef ENDPLATE_DXL_H
#define ENDPLATE_DXL_H

#include <stdint.h>

enum dxl_instruction {
    DXL_PING = 0x01,
    DXL_READ = 0x02,
    DXL_WRITE = 0x03,
    DXL_REBOOT = 0x08,
    DXL_STATUS = 0x55,
    DXL_SYNC_READ = 0x82,
    DXL_SYNC_WRITE = 0x83
};

enum dxl_sizes {
    DXL_BROADCAST = 0xFE,
    DXL_MAX_PARAMETERS = 64, /* a sync write of 4 bytes to each of 10 actuators is 54 */
    DXL_OVERHEAD = 10,       /* header 4, id, length 2, instruction, crc 2 */
    DXL_MAX_PACKET = 112     /* parameters, overhead and their stuffing */
};

/* Bits of a status packet's error byte. */
enum dxl_error {
    DXL_ERROR_MASK = 0x7F,
    DXL_ALERT = 0x80 /* look at the hardware error register */
};

typedef struct dxl_status {
    uint8_t id;
    uint8_t error;
    int32_t length; /* of the parameters */
    uint8_t parameters[DXL_MAX_PARAMETERS];
} dxl_status;

typedef struct dxl_parser {
    uint8_t bytes[DXL_MAX_PACKET];
    int32_t fill;
    uint32_t bad_crc;
    uint32_t bad_length;
    uint32_t skipped; /* bytes that belonged to no packet */
} dxl_parser;

uint16_t dxl_crc(uint16_t crc, const uint8_t *bytes, int32_t n);

/* Bytes of the packet, or -1 when it does not fit. */
int32_t dxl_packet(uint8_t id, uint8_t instruction, const uint8_t *parameters, int32_t n,
                   uint8_t *out, int32_t capacity);

void dxl_parser_init(dxl_parser *parser);
/* Takes bytes until one status packet is complete or all are used: returns 1 with *status
 * filled, else 0; *used = taken. Other packets (an echo of our own) are passed over. After
 * garbage it begins at the next header, even one inside it. */
int32_t dxl_feed(dxl_parser *parser, const uint8_t *bytes, int32_t n, int32_t *used,
                 dxl_status *status);

#endif
