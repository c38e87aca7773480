/* SPDX-License-Identifier: MIT
 *
 * blob_words: the bytes of a blob, word by word, each looked at: the first that is wrong is kept with
 * its field and index, and all after it is read without harm. For blob_read.c and blob_decoder.c.
 */
#ifndef ENDPLATE_BLOB_WORDS_H
#define ENDPLATE_BLOB_WORDS_H

#include "blob_read.h"

void blob_wrong(blob_reader *from, int32_t verdict, int32_t field, int32_t index);
uint32_t blob_bits(blob_reader *from);
/* A whole number from `low` to `high`; `low` when it is none. blob_whole: the only one of its field. */
int32_t blob_item(blob_reader *from, int32_t field, int32_t index, int32_t low, int32_t high);
int32_t blob_whole(blob_reader *from, int32_t field, int32_t low, int32_t high);
float blob_any_real(blob_reader *from);
float blob_real(blob_reader *from, int32_t field, int32_t index, float low, float high);
void blob_row(blob_reader *from, int32_t field, float *to, int32_t n, float low, float high);
/* Magic, version and hand. */
void blob_header(blob_reader *from, int32_t kind, uint32_t hand_hash);
/* Nothing may follow: the verdict. */
int32_t blob_end(blob_reader *from);

#endif
