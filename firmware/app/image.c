/* SPDX-License-Identifier: MIT */
#include "image.h"

#include "board.h"
#include "store.h"

#include <string.h>

uint32_t image_word(const uint8_t *at)
{
    return at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

int32_t image_parse(const uint8_t prefix[IMAGE_PREFIX], image_info *info)
{
    const uint32_t size = image_word(prefix + 20);
    const int32_t room = board_image_bytes() - IMAGE_HEADER;
    memset(info, 0, sizeof *info);
    info->crc = image_word(prefix + 4);
    info->format = prefix[8];
    info->slot = prefix[9];
    memcpy(info->version, prefix + 12, sizeof info->version);
    info->hand_hash = image_word(prefix + 16);
    memcpy(info->key, prefix + 24, sizeof info->key);
    if (image_word(prefix) != IMAGE_MAGIC || info->format != IMAGE_FORMAT || room < 0 || size == 0u
        || size % 4u != 0u || size > (uint32_t)room) {
        info->bytes = -1;
        return 0;
    }
    info->bytes = IMAGE_HEADER + (int32_t)size;
    return 1;
}

uint32_t image_crc(uint32_t crc, int32_t slot, int32_t from, int32_t to)
{
    uint8_t piece[64];
    while (from < to) {
        const int32_t n = to - from < (int32_t)sizeof piece ? to - from : (int32_t)sizeof piece;
        board_image_read(slot, from, piece, n);
        crc = store_crc(crc, piece, n);
        from += n;
    }
    return crc;
}

int32_t image_check(int32_t slot, image_info *info)
{
    uint8_t prefix[IMAGE_PREFIX];
    memset(prefix, 0, sizeof prefix);
    if (board_image_bytes() > 0) {
        board_image_read(slot, 0, prefix, IMAGE_PREFIX);
    }
    if (!image_parse(prefix, info) || info->slot != slot) {
        return 0;
    }
    const uint32_t crc = image_crc(0, slot, IMAGE_CRC_FROM, IMAGE_SIGNATURE);
    return image_crc(crc, slot, IMAGE_SIGNED_ON, info->bytes) == info->crc;
}
