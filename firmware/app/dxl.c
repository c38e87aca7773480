/* SPDX-License-Identifier: MIT */
#include "dxl.h"

#include <string.h>

enum {
    ID = 4,
    LENGTH = 5,
    INSTRUCTION = 7,
    ERROR = 8,
    FIRST = 9 /* parameter of a status packet */
};

static const uint8_t HEADER[4] = {0xFF, 0xFF, 0xFD, 0x00};

/* The remainders of four bits: 32 bytes of flash for a fifth of the instructions. */
static const uint16_t CRC_NIBBLE[16] = {
    0x0000, 0x8005, 0x800f, 0x000a, 0x801b, 0x001e, 0x0014, 0x8011,
    0x8033, 0x0036, 0x003c, 0x8039, 0x0028, 0x802d, 0x8027, 0x0022,
};

uint16_t dxl_crc(uint16_t crc, const uint8_t *bytes, int32_t n)
{
    uint32_t sum = crc;
    for (int32_t i = 0; i < n; i++) {
        const uint32_t byte = bytes[i];
        sum = (sum << 4 & 0xFFFFu) ^ CRC_NIBBLE[sum >> 12 ^ byte >> 4];
        sum = (sum << 4 & 0xFFFFu) ^ CRC_NIBBLE[sum >> 12 ^ (byte & 15u)];
    }
    return (uint16_t)sum;
}

int32_t dxl_packet(uint8_t id, uint8_t instruction, const uint8_t *parameters, int32_t n,
                   uint8_t *out, int32_t capacity)
{
    if (n < 0 || capacity < DXL_OVERHEAD + n) {
        return -1;
    }
    memcpy(out, HEADER, sizeof HEADER);
    out[ID] = id;
    out[INSTRUCTION] = instruction;
    int32_t to = INSTRUCTION + 1;
    for (int32_t i = 0; i < n; i++) {
        if (to + 4 > capacity) { /* this byte, perhaps a stuffed one, and the CRC */
            return -1;
        }
        out[to++] = parameters[i];
        if (to - INSTRUCTION >= 3 && out[to - 1] == 0xFD && out[to - 2] == 0xFF
            && out[to - 3] == 0xFF) {
            out[to++] = 0xFD;
        }
    }
    const int32_t length = to - INSTRUCTION + 2;
    if (to + 2 > capacity) {
        return -1;
    }
    out[LENGTH] = (uint8_t)(length & 255);
    out[LENGTH + 1] = (uint8_t)(length >> 8);
    const uint16_t crc = dxl_crc(0, out, to);
    out[to++] = (uint8_t)(crc & 255u);
    out[to++] = (uint8_t)(crc >> 8);
    return to;
}

void dxl_parser_init(dxl_parser *parser)
{
    memset(parser, 0, sizeof *parser);
}

static void drop(dxl_parser *parser, int32_t n)
{
    parser->fill -= n;
    memmove(parser->bytes, parser->bytes + n, (size_t)parser->fill);
}

/* Bytes at the front that can not begin a packet. */
static int32_t hopeless(const dxl_parser *parser)
{
    const int32_t seen =
        parser->fill < (int32_t)sizeof HEADER ? parser->fill : (int32_t)sizeof HEADER;
    return memcmp(parser->bytes, HEADER, (size_t)seen) != 0;
}

/* Takes the stuffing out of a whole packet and copies what it says. 1 when it is a status that
 * fits. */
static int32_t unpack(const dxl_parser *parser, int32_t whole, dxl_status *status)
{
    const uint8_t *in = parser->bytes;
    if (in[INSTRUCTION] != DXL_STATUS || whole < FIRST + 2) {
        return 0;
    }
    status->id = in[ID];
    status->error = in[ERROR];
    status->length = 0;
    for (int32_t i = FIRST; i < whole - 2; i++) {
        if (i >= INSTRUCTION + 3 && in[i] == 0xFD && in[i - 1] == 0xFD && in[i - 2] == 0xFF
            && in[i - 3] == 0xFF) {
            continue;
        }
        if (status->length >= DXL_MAX_PARAMETERS) {
            return 0;
        }
        status->parameters[status->length++] = in[i];
    }
    return 1;
}

int32_t dxl_feed(dxl_parser *parser, const uint8_t *bytes, int32_t n, int32_t *used,
                 dxl_status *status)
{
    int32_t moved = 1; /* another byte stands in front than when it was last looked at */
    *used = 0;
    for (;;) {
        if (parser->fill > 0 && (moved || parser->fill <= (int32_t)sizeof HEADER)
            && hopeless(parser)) {
            parser->skipped++;
            drop(parser, 1);
            moved = 1;
            continue;
        }
        moved = 0;
        int32_t whole = 0; /* length of the packet at the front, 0 while it is not known */
        if (parser->fill > LENGTH + 1) {
            const int32_t length = parser->bytes[LENGTH] | parser->bytes[LENGTH + 1] << 8;
            whole = INSTRUCTION + length;
            if (length < 3 || whole > DXL_MAX_PACKET) {
                parser->bad_length++;
                drop(parser, 1);
                moved = 1;
                continue;
            }
        }
        if (whole > 0 && parser->fill >= whole) {
            const uint8_t *crc = parser->bytes + whole - 2;
            if (dxl_crc(0, parser->bytes, whole - 2) != (uint16_t)(crc[0] | crc[1] << 8)) {
                parser->bad_crc++;
                drop(parser, 1);
                moved = 1;
                continue;
            }
            const int32_t is_status = unpack(parser, whole, status);
            drop(parser, whole);
            if (is_status) {
                return 1;
            }
            moved = 1;
            continue;
        }
        if (*used >= n) {
            return 0;
        }
        parser->bytes[parser->fill++] = bytes[(*used)++];
    }
}
