/* SPDX-License-Identifier: MIT
 *
 * image: one firmware as it stands in a slot and in an update file. A header of 512 bytes, then the
 * program, linked for that slot; all little-endian.
 *
 *     0  magic      u32    "EPFW". In a slot it is programmed last of all (update.c): without it
 *                          nothing there counts
 *     4  crc        u32    CRC-32C of bytes 8 .. 63 and 128 .. end
 *     8  format     u8     1
 *     9  slot       u8     0 A, 1 B: where the program has to stand
 *    10             u8[2]  0
 *    12  version    u8[3]  major, minor, patch
 *    15             u8     0
 *    16  hand_hash  u32    of the hand file it was built for; 0: any
 *    20  size       u32    of the program, a multiple of 4
 *    24  key        u8[8]  the first bytes of the public key it is signed with
 *    32             u8[32] 0
 *    64  signature  u8[64] Ed25519 of bytes 0 .. 63 and 128 .. end
 *   128             u8[384] 0
 *   512  program           on the f405 it begins with the vectors
 *
 * firmware/image.py writes them.
 */
#ifndef ENDPLATE_IMAGE_H
#define ENDPLATE_IMAGE_H

#include <stdint.h>

enum image_layout {
    IMAGE_FORMAT = 1,
    IMAGE_SLOTS = 2,
    IMAGE_CRC_FROM = 8,
    IMAGE_SIGNATURE = 64,
    IMAGE_SIGNED_ON = 128, /* after the signature */
    IMAGE_PREFIX = 128,    /* all of the header that says something */
    IMAGE_HEADER = 512,    /* the vectors behind it stand at a multiple of 512 */
    IMAGE_KEY_ID = 8
};

#define IMAGE_MAGIC 0x57465045u

typedef struct image_info {
    uint32_t crc, hand_hash;
    int32_t format, slot;
    uint8_t version[3];
    int32_t bytes; /* header and program; -1 when they cannot fit a slot */
    uint8_t key[IMAGE_KEY_ID];
} image_info;

/* Takes a header apart: 1, or 0 when it is none (magic, format, a size that fits no slot). */
int32_t image_parse(const uint8_t prefix[IMAGE_PREFIX], image_info *info);
/* Reads slot 0 or 1: 1 when a whole image stands there that was linked for it. */
int32_t image_check(int32_t slot, image_info *info);
/* CRC-32C over bytes from .. to - 1 of a slot, going on from `crc`. */
uint32_t image_crc(uint32_t crc, int32_t slot, int32_t from, int32_t to);

uint32_t image_word(const uint8_t *at); /* little-endian */

#endif
