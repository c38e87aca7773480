/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * update_cost: what an update's longest steps cost the hand's processor (counted.h). Says one line of
 * JSON: microseconds of the emulator's timer for a stretch of known length, for a CHUNK through CRC and
 * SHA-512, for the check of a signature, and for the CRC of 4096 bytes. The signature is that of RFC 8032, TEST 3.
 */
#include "counted.h"
#include "signature.h"
#include "store.h"
#include "wire.h"

enum { CRC_BYTES = 4096 };

static const uint8_t KEY_OF[32] = {
    0xfc, 0x51, 0xcd, 0x8e, 0x62, 0x18, 0xa1, 0xa3, 0x8d, 0xa4, 0x7e, 0xd0, 0x02, 0x30, 0xf0, 0x58,
    0x08, 0x16, 0xed, 0x13, 0xba, 0x33, 0x03, 0xac, 0x5d, 0xeb, 0x91, 0x15, 0x48, 0x90, 0x80, 0x25,
};
static const uint8_t SIGNED[64] = {
    0x62, 0x91, 0xd6, 0x57, 0xde, 0xec, 0x24, 0x02, 0x48, 0x27, 0xe6, 0x9c, 0x3a, 0xbe, 0x01, 0xa3,
    0x0c, 0xe5, 0x48, 0xa2, 0x84, 0x74, 0x3a, 0x44, 0x5e, 0x36, 0x80, 0xd7, 0xdb, 0x5a, 0xc3, 0xac,
    0x18, 0xff, 0x9b, 0x53, 0x8d, 0x16, 0xf2, 0x90, 0xae, 0x67, 0xf7, 0x60, 0x98, 0x4d, 0xc6, 0x59,
    0x4a, 0x7c, 0x15, 0xe9, 0x71, 0x6e, 0xd2, 0x8d, 0xc0, 0x27, 0xbe, 0xce, 0xea, 0x1e, 0xc4, 0x0a,
};

int main(int argc, char **argv);

int main(int argc, char **argv)
{
    static const uint8_t message[2] = {0xaf, 0x82};
    static uint8_t chunk[WIRE_BLOB_BYTES];
    sha512_state state;
    (void)argc;
    (void)argv;
    counted_begin();
    signature_begin(&state, SIGNED, KEY_OF);
    uint32_t before, most = 0;
    for (int32_t i = 0; i < 16; i++) {
        before = TIM2_CNT;
        (void)store_crc(0, chunk, WIRE_BLOB_BYTES);
        sha512_add(&state, chunk, WIRE_BLOB_BYTES);
        const uint32_t gone = TIM2_CNT - before;
        most = gone > most ? gone : most;
    }
    say(", \"chunk\": ", most);

    signature_begin(&state, SIGNED, KEY_OF);
    sha512_add(&state, message, sizeof message);
    before = TIM2_CNT;
    const int32_t good = signature_good(&state, SIGNED, KEY_OF);
    say(", \"signature\": ", TIM2_CNT - before);

    before = TIM2_CNT;
    (void)store_crc(0, (const uint8_t *)0x08000000, CRC_BYTES);
    say(", \"crc\": ", TIM2_CNT - before);
    say(", \"good\": ", (uint32_t)good);
    replay_say("}\n");
    replay_end(0);
}
