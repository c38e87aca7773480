/* SPDX-License-Identifier: MIT */
#include "blob_words.h"

#include "elementary.h"
#include "ranges.h"

enum { MAGIC = 0x00425045 /* "EPB", then the kind */ };

void blob_wrong(blob_reader *from, int32_t verdict, int32_t field, int32_t index)
{
    if (from->verdict == BLOB_OK) {
        from->verdict = verdict;
        from->field = (uint16_t)field;
        from->index = (uint16_t)index;
    }
}

uint32_t blob_bits(blob_reader *from)
{
    if (from->size - from->at < 4u) {
        blob_wrong(from, BLOB_WRONG_SIZE, 0, 0);
        return 0;
    }
    const uint8_t *b = from->bytes + from->at;
    from->at += 4u;
    return (uint32_t)b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
}

int32_t blob_item(blob_reader *from, int32_t field, int32_t index, int32_t low, int32_t high)
{
    const uint32_t value = blob_bits(from);
    if (value < (uint32_t)low || value > (uint32_t)high) {
        blob_wrong(from, BLOB_WRONG_VALUE, field, index);
        return low;
    }
    return (int32_t)value;
}

int32_t blob_whole(blob_reader *from, int32_t field, int32_t low, int32_t high)
{
    return blob_item(from, field, 0, low, high);
}

float blob_any_real(blob_reader *from)
{
    elementary_bits both = {0.0f};
    both.bits = blob_bits(from);
    return both.value;
}

float blob_real(blob_reader *from, int32_t field, int32_t index, float low, float high)
{
    const float value = blob_any_real(from);
    if (!within(value, low, high)) { /* NaN is within nothing */
        blob_wrong(from, BLOB_WRONG_VALUE, field, index);
        return low;
    }
    return value;
}

void blob_row(blob_reader *from, int32_t field, float *to, int32_t n, float low, float high)
{
    for (int32_t i = 0; i < n; i++) {
        to[i] = blob_real(from, field, i, low, high);
    }
}

void blob_header(blob_reader *from, int32_t kind, uint32_t hand_hash)
{
    const uint32_t magic = blob_bits(from), version = blob_bits(from), hand = blob_bits(from);
    if (magic != ((uint32_t)MAGIC | (uint32_t)kind << 24) || version != (uint32_t)BLOB_VERSION) {
        blob_wrong(from, BLOB_WRONG_FORMAT, 0, 0);
    } else if (hand != hand_hash) {
        blob_wrong(from, BLOB_OTHER_HAND, 0, 0);
    } else {
        /* it is ours */
    }
}

int32_t blob_end(blob_reader *from)
{
    if (from->at != from->size) {
        blob_wrong(from, BLOB_WRONG_SIZE, 0, 0);
    }
    return from->verdict;
}
