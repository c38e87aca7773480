/* SPDX-License-Identifier: MIT
 *
 * wire_ranges: which values a message may carry, as SPEC.md states them. For wire.c, which alone
 * includes this. What only the receiver knows (which grips it has) is its own to check.
 */
#ifndef ENDPLATE_WIRE_RANGES_H
#define ENDPLATE_WIRE_RANGES_H

#include "wire_layout.h"

/* Zero padded: nothing after the first 00. */
static int32_t padded(const uint8_t *text, int32_t n)
{
    for (int32_t i = 1; i < n; i++) {
        if (text[i] && !text[i - 1]) return 0;
    }
    return 1;
}

static int32_t is_kind(uint8_t kind)
{
    return kind >= WIRE_BLOB_DECODER && kind <= WIRE_BLOB_FIRMWARE;
}

/* Messages of blobs, EMG and what the hand says of itself. */
static int32_t in_range_too(const struct layout *layout, const void *values)
{
    if (layout->field == LOG) {
        const wire_log *log = values;
        return log->level <= 2 && padded(log->text, WIRE_LOG_TEXT);
    }
    if (layout->field == BLOB_BEGIN) return is_kind(((const wire_blob_begin *)values)->kind);
    if (layout->field == BLOB) return is_kind(((const wire_blob *)values)->kind);
    if (layout->field == BLOB_CHUNK) {
        const wire_blob_chunk *chunk = values;
        return is_kind(chunk->kind) && chunk->count >= 1 && chunk->count <= WIRE_BLOB_BYTES;
    }
    if (layout->field == BLOB_STATUS) {
        const wire_blob_status *answer = values;
        return is_kind(answer->kind) && answer->status <= WIRE_BLOB_OTHER_BITS
            && answer->asked >= WIRE_BLOB_BEGIN && answer->asked <= WIRE_BLOB_GET;
    }
    if (layout->field == EMG) {
        const wire_emg *emg = values;
        return emg->sites >= 1 && emg->sites <= 32 && emg->count >= 1
            && 3 * emg->sites * emg->count <= WIRE_EMG_BYTES;
    }
    if (layout->field == DECODED) {
        const wire_decoded *decoded = values;
        for (int32_t i = 0; i < WIRE_MAX_DOF; i++) {
            if (decoded->target[i] > WIRE_TARGET_UNIT || decoded->target[i] < -WIRE_TARGET_UNIT) {
                return 0;
            }
            if (decoded->host[i] > WIRE_TARGET_UNIT || decoded->host[i] < -WIRE_TARGET_UNIT) {
                return 0;
            }
        }
        return decoded->drives <= 1;
    }
    return 1;
}

static int32_t in_range(const struct layout *layout, const void *values)
{
    if (layout->field == REASON) return ((const wire_reason *)values)->reason <= 2;
    if (layout->field == COMMAND) {
        const wire_command *command = values;
        for (int32_t i = 0; i < WIRE_MAX_DOF; i++) {
            if (command->target[i] > WIRE_TARGET_UNIT) return 0;
            if (command->target[i] < -WIRE_TARGET_UNIT) return 0;
        }
        return command->mode <= WIRE_MODE_POSITION && command->valid_ms > 0;
    }
    if (layout->field == HELLO_ACK) {
        const wire_hello_ack *hand = values;
        return hand->accepted <= 1 && hand->dofs <= WIRE_MAX_DOF && hand->joints <= WIRE_MAX_JOINTS
            && padded(hand->name, WIRE_NAME);
    }
    if (layout->field == STATE_FULL) {
        return ((const wire_state_full *)values)->missing[1] >> (WIRE_MAX_JOINTS - 8) == 0;
    }
    if (layout->field == PARAM_VALUE) {
        const wire_param_value *answer = values;
        return answer->type <= WIRE_PARAM_GRIP && answer->status <= WIRE_PARAM_NOT_KEPT
            && answer->asked >= WIRE_PARAM_GET && answer->asked <= WIRE_PARAM_RESET
            && answer->store <= WIRE_STORE_OTHER;
    }
    if (layout->field == PARAM_DESCRIPTION) {
        const wire_param_description *told = values;
        return told->type <= WIRE_PARAM_GRIP && told->status <= WIRE_PARAM_UNKNOWN
            && padded(told->name, WIRE_PARAM_NAME) && padded(told->unit, WIRE_PARAM_UNIT)
            && padded(told->text, WIRE_PARAM_TEXT);
    }
    return in_range_too(layout, values);
}

#endif
