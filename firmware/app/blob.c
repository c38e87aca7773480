/* SPDX-License-Identifier: MIT */
#include "blob.h"

#include "board.h"
#include "store.h" /* its CRC */

#include <string.h>

_Static_assert((int)BLOB_GRIPS == (int)SLOT_PARTS, "every kind has its place in a slot");

/* Reads the upload under way. */
static blob_reader upload(const blob_state *blob)
{
    const blob_reader from = {.bytes = slot_new(&blob->slots), .size = blob->size};
    return from;
}

/* Reads a part of the slot in use; its size is 0 when there is none. */
static blob_reader kept(const blob_state *blob, int32_t kind)
{
    blob_reader from = {.size = blob->slots.part[kind - 1].size};
    if (from.size != 0u) {
        from.bytes = slot_bytes(&blob->slots, kind - 1);
    }
    return from;
}

static void leave_out(blob_state *blob, int32_t kind)
{
    blob->refused |= 1u << (unsigned)kind;
}

static void open_decoding(blob_state *blob, const blob_target *target)
{
    decode_state *decode = target->decode;
    chain_config *config = &decode->config;
    uint32_t claimed = 0;
    blob_reader from = kept(blob, BLOB_CALIBRATION);
    if (from.size == 0u) {
        return;
    }
    if (blob_read_calibration(&from, target->hand, target->hand_hash, config) != BLOB_OK) {
        memset(config, 0, sizeof *config); /* half of it was filled */
        leave_out(blob, BLOB_CALIBRATION);
        return;
    }
    from = kept(blob, BLOB_DECODER);
    if (from.size == 0u) {
        return;
    }
    if (blob_read_decoder(&from, target->hand, target->hand_hash,
                          blob->slots.part[BLOB_CALIBRATION - 1].hash, config, &claimed)
        == BLOB_OK) {
        blob->result = decode_vector(config, &decode->chain);
        decode->ready = blob->result == claimed;
    }
    if (!decode->ready) {
        leave_out(blob, BLOB_DECODER);
    }
}

void blob_open(blob_state *blob, const blob_target *target)
{
    memset(blob, 0, sizeof *blob);
    slot_open(&blob->slots);
    if (blob->slots.damaged) {
        board_log("blobs: a slot does not check; the other one, or as compiled");
    }
    hand_config *table = target->table;
    blob_reader from = kept(blob, BLOB_GRIPS);
    if (from.size != 0u
        && blob_read_grips(&from, target->hand, target->hand_hash, table) != BLOB_OK) {
        *table = *target->hand;
        leave_out(blob, BLOB_GRIPS);
    }
    open_decoding(blob, target);
    blob_forget(blob);
}

void blob_forget(blob_state *blob)
{
    blob->kind = 0;
    blob->size = 0;
    blob->hash = 0;
    blob->received = 0;
    blob->other_bits = 0;
}

static int32_t known(int32_t kind)
{
    return kind >= BLOB_DECODER && kind <= BLOB_GRIPS;
}

int32_t blob_start(blob_state *blob, int32_t kind, uint32_t size, uint32_t hash)
{
    if (!known(kind)) {
        return BLOB_UNKNOWN;
    }
    if (size == 0u || size % 4u != 0u || size > (uint32_t)BLOB_ROOM) {
        return BLOB_WRONG_SIZE;
    }
    if (kind == blob->kind && size == blob->size && hash == blob->hash) {
        return BLOB_OK; /* asked twice: what has come stays */
    }
    blob_forget(blob);
    if (slot_begin(&blob->slots) != SLOT_OK) {
        return BLOB_NOT_KEPT;
    }
    blob->kind = kind;
    blob->size = size;
    blob->hash = hash;
    return BLOB_OK;
}

int32_t blob_add(blob_state *blob, int32_t kind, uint32_t offset, const uint8_t *bytes,
                   uint32_t count)
{
    if (!known(kind)) {
        return BLOB_UNKNOWN;
    }
    if (kind != blob->kind) {
        return BLOB_NOT_BEGUN;
    }
    const uint32_t left = blob->size - blob->received;
    if (offset <= blob->received && count <= blob->received - offset) {
        return BLOB_OK; /* it came before: asked twice */
    }
    if (offset != blob->received) {
        return BLOB_WRONG_OFFSET;
    }
    if (count > left || count % 4u != 0u) {
        return BLOB_WRONG_SIZE;
    }
    for (uint32_t n = 0; n < count; n += 4u) {
        const uint8_t *b = bytes + n;
        const uint32_t word = (uint32_t)b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16
            | (uint32_t)b[3] << 24;
        if (slot_put(&blob->slots, offset + n, word) != SLOT_OK) {
            blob_forget(blob); /* a cell cannot be programmed twice: begin anew */
            return BLOB_NOT_KEPT;
        }
    }
    blob->received += count;
    return BLOB_OK;
}

/* After this the upload is over: it stands in the slot in use, or has to begin anew. */
static int32_t keep(blob_state *blob, int32_t kind, int32_t without, decode_state *decode)
{
    const slot_part what = {blob->size, blob->hash};
    const int32_t written = slot_finish(&blob->slots, kind - 1, what, without);
    blob_forget(blob);
    if (written != SLOT_OK) {
        return BLOB_NOT_KEPT;
    }
    blob->refused &= ~(1u << (unsigned)kind);
    if (decode->ready) { /* the decoder's numbers stand at the end of it, in another slot now */
        const slot_part *decoder = &blob->slots.part[BLOB_DECODER - 1];
        const uint8_t *end = slot_bytes(&blob->slots, BLOB_DECODER - 1) + decoder->size;
        decode->config.decoder.pool =
            blob_floats(end - 4u * (uint32_t)decode->config.decoder.floats);
    }
    return BLOB_OK;
}

static int32_t judged(blob_state *blob, const blob_reader *from, int32_t verdict)
{
    blob->field = from->field;
    blob->index = from->index;
    return verdict;
}

static int32_t commit_decoder(blob_state *blob, const blob_target *target)
{
    decode_state *decode = target->decode;
    const slot_part calibration = blob_in_force(blob, decode, BLOB_CALIBRATION);
    blob_reader from = upload(blob);
    chain_config trial = decode->config;
    uint32_t claimed = 0;
    if (calibration.size == 0u) { /* there is none, or it was left out at boot */
        return BLOB_CONTRADICTS;
    }
    int32_t verdict = judged(blob, &from,
                             blob_read_decoder(&from, target->hand, target->hand_hash,
                                               calibration.hash, &trial, &claimed));
    if (verdict != BLOB_OK) {
        return verdict;
    }
    decode_stop(decode); /* the chain's memory is lent to the test vector */
    if (!decode_in_time(&trial, &decode->chain)) {
        return BLOB_CONTRADICTS;
    }
    if (blob->other_bits || decode_vector(&trial, &decode->chain) != claimed) {
        blob->other_bits = 1; /* a flood of COMMITs must not run it a dozen times in a step */
        return BLOB_OTHER_BITS;
    }
    const int32_t before = decode->ready;
    decode->ready = 0;
    verdict = keep(blob, BLOB_DECODER, -1, decode);
    decode->ready = before;
    if (verdict == BLOB_OK) {
        decode->config = trial;
        decode->ready = 1;
        blob->result = claimed;
    }
    return verdict;
}

static int32_t commit_calibration(blob_state *blob, const blob_target *target)
{
    decode_state *decode = target->decode;
    blob_reader from = upload(blob);
    chain_config trial;
    int32_t verdict = judged(blob, &from, blob_read_calibration(&from, target->hand,
                                                                target->hand_hash, &trial));
    if (verdict == BLOB_OK) {
        const int32_t before = decode->ready;
        decode_stop(decode);
        decode->ready = 0; /* its own decoder is to come */
        verdict = keep(blob, BLOB_CALIBRATION, BLOB_DECODER - 1, decode);
        decode->ready = before && verdict != BLOB_OK;
    }
    if (verdict == BLOB_OK) {
        decode->config = trial;
        blob->result = 0;
    }
    return verdict;
}

static int32_t commit_grips(blob_state *blob, const blob_target *target)
{
    blob_reader from = upload(blob);
    hand_config trial = *target->hand;
    int32_t verdict = judged(blob, &from, blob_read_grips(&from, target->hand, target->hand_hash,
                                                          &trial));
    if (verdict == BLOB_OK && trial.grips < target->least_grips) {
        verdict = BLOB_CONTRADICTS;
    }
    if (verdict == BLOB_OK) {
        verdict = keep(blob, BLOB_GRIPS, -1, target->decode);
    }
    if (verdict == BLOB_OK) {
        *target->table = trial;
    }
    return verdict;
}

int32_t blob_commit(blob_state *blob, int32_t kind, uint32_t hash, const blob_target *target)
{
    if (!known(kind)) {
        return BLOB_UNKNOWN;
    }
    const slot_part now = blob_in_force(blob, target->decode, kind);
    if (now.size != 0u && now.hash == hash) {
        return BLOB_OK; /* asked twice */
    }
    if (kind != blob->kind) {
        return BLOB_NOT_BEGUN;
    }
    if (blob->received != blob->size) {
        return BLOB_WRONG_SIZE;
    }
    if (hash != blob->hash || hash != store_crc(0, slot_new(&blob->slots), (int32_t)blob->size)) {
        blob_forget(blob); /* what is there cannot be mended: begin anew */
        return BLOB_WRONG_HASH;
    }
    return kind == BLOB_DECODER ? commit_decoder(blob, target)
        : kind == BLOB_CALIBRATION ? commit_calibration(blob, target)
                                   : commit_grips(blob, target);
}

slot_part blob_in_force(const blob_state *blob, const decode_state *decode, int32_t kind)
{
    const slot_part none = {0, 0};
    if (!known(kind) || (blob->refused >> (unsigned)kind & 1u) != 0u
        || (kind == BLOB_DECODER && !decode->ready)) {
        return none;
    }
    return blob->slots.part[kind - 1];
}
