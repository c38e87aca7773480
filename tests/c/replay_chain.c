/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "replay_chain.h"

#include "blob_read.h"
#include "replay_files.h"
#include "wire.h"

#include <string.h>

extern const hand_config hand_table; /* app.h's, of the hand this is built for */
extern const uint32_t hand_table_hash;

static blob_reader next(const uint8_t *bytes, uint32_t *at)
{
    blob_reader from = {0};
    memcpy(&from.size, bytes + *at, sizeof from.size);
    from.bytes = bytes + *at + sizeof from.size;
    *at += (uint32_t)sizeof from.size + from.size;
    return from;
}

int32_t replay_chain(chain_config *config)
{
    const void *file;
    const int32_t size = replay_file("chain.bin", &file);
    uint32_t at = 0, claimed;
    if (size < 0) {
        return 0;
    }
    blob_reader calibration = next(file, &at), decoder = next(file, &at);
    const uint32_t hash = wire_crc32c(0, calibration.bytes, (int32_t)calibration.size);
    if (at != (uint32_t)size
        || blob_read_calibration(&calibration, &hand_table, hand_table_hash, config) != BLOB_OK
        || blob_read_decoder(&decoder, &hand_table, hand_table_hash, hash, config, &claimed)
               != BLOB_OK) {
        replay_say("failed: chain.bin is refused\n");
        replay_end(1);
    }
    return 1;
}
