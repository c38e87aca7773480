/* SPDX-License-Identifier: MIT
 *
 * blob_read: the bytes of a blob -> the hand's tables. protocol/SPEC.md, "Blobs", is the document:
 * fields, their numbers, their ranges. Every value is looked at before the table is used; the first
 * one that is wrong is told by its field and index.
 */
#ifndef ENDPLATE_BLOB_READ_H
#define ENDPLATE_BLOB_READ_H

#include "chain.h"
#include "hand.h"

enum blob_read_sizes {
    BLOB_VERSION = 2,
    BLOB_SITES = 16, /* at most */
    BLOB_RATE_MAX = 500, /* samples/s */
    BLOB_FLOATS = 12000, /* of a decoder's pool */
    BLOB_ROOM = 49152 /* bytes of one blob */
};

/* Numbers of protocol/SPEC.md. */
enum blob_verdict {
    BLOB_OK = 0,
    BLOB_UNKNOWN = 1,
    BLOB_WRONG_SIZE = 3,
    BLOB_NOT_BEGUN = 4,
    BLOB_WRONG_OFFSET = 5,
    BLOB_WRONG_HASH = 6,
    BLOB_WRONG_FORMAT = 7,
    BLOB_WRONG_VALUE = 8,
    BLOB_OTHER_HAND = 9,
    BLOB_CONTRADICTS = 10,
    BLOB_NOT_KEPT = 12,
    BLOB_OTHER_BITS = 13
};

enum blob_kind { BLOB_DECODER = 1, BLOB_CALIBRATION = 2, BLOB_GRIPS = 3 };

typedef struct blob_reader {
    const uint8_t *bytes;
    uint32_t size, at;
    uint32_t part;         /* where the words of a decoder's part begin */
    int32_t verdict;       /* blob_verdict: the first that was found */
    uint16_t field, index; /* of BLOB_WRONG_VALUE */
} blob_reader;

/* `bytes` of a reader stand at a multiple of 4. These return blob_verdict. When it is not BLOB_OK what they filled must not be used. `hand`: the
 * table that is compiled in, with its hash.
 *
 * decoder: `config` holds a calibration already, whose blob has the hash `calibration`; its pool will
 * be where the blob's bytes are. *result: what the decoder claims to make of the test vector. */
int32_t blob_read_decoder(blob_reader *from, const hand_config *hand, uint32_t hand_hash,
                          uint32_t calibration, chain_config *config, uint32_t *result);
/* The floats of a decoder's pool where they stand, at a multiple of 4: flash holds them as the
 * processor does, little-endian, IEEE 754. */
const float *blob_floats(const uint8_t *bytes);
/* All of `config`; its decoder has no weight. */
int32_t blob_read_calibration(blob_reader *from, const hand_config *hand, uint32_t hand_hash,
                              chain_config *config);
/* `table`: a copy of the hand's, whose grips are replaced. */
int32_t blob_read_grips(blob_reader *from, const hand_config *hand, uint32_t hand_hash,
                        hand_config *table);

#endif
