/* SPDX-License-Identifier: MIT
 *
 * link_blob: the messages of uploads. Each is answered at once, whatever comes of it. See link.h,
 * blob.h.
 */
#include "app.h"
#include "board.h"
#include "link.h"

#include <string.h>

_Static_assert((int)WIRE_BLOB_OTHER_BITS == (int)BLOB_OTHER_BITS
                   && (int)WIRE_BLOB_WRONG_VALUE == (int)BLOB_WRONG_VALUE
                   && (int)WIRE_BLOB_NOT_KEPT == (int)BLOB_NOT_KEPT,
               "verdicts are the wire's");
_Static_assert((int)WIRE_BLOB_GRIPS == (int)BLOB_GRIPS, "kinds are the wire's");
_Static_assert((int)WIRE_BLOB_UNKNOWN == (int)UPDATE_UNKNOWN
                   && (int)WIRE_BLOB_CONTRADICTS == (int)UPDATE_CONTRADICTS
                   && (int)WIRE_BLOB_NOT_KEPT == (int)UPDATE_NOT_KEPT,
               "so are those of update.h");

static int32_t commit(app_state *app, const wire_blob *given)
{
    const slot_part before = blob_in_force(&app->blob, &app->decode, BLOB_GRIPS);
    const blob_target target = app_blob_target(app);
    const int32_t verdict = blob_commit(&app->blob, given->kind, given->hash, &target);
    app->front_tried = 0; /* another calibration may want it set up otherwise */
    if (blob_in_force(&app->blob, &app->decode, BLOB_GRIPS).hash != before.hash) {
        app_grips_changed(app);
    }
    return verdict;
}

static void answer(link_state *link, const app_state *app, uint8_t asked, uint8_t kind,
                   int32_t verdict)
{
    const blob_state *blob = &app->blob;
    const slot_part now = blob_in_force(blob, &app->decode, kind);
    wire_blob_status told;
    memset(&told, 0, sizeof told);
    told.kind = kind;
    told.asked = asked;
    told.status = (uint8_t)verdict;
    told.size = now.size;
    told.hash = now.hash;
    told.result = kind == WIRE_BLOB_DECODER && now.size != 0u ? blob->result : 0u;
    told.received = kind == blob->kind ? blob->received : 0u;
    told.room = verdict == BLOB_UNKNOWN ? 0u : (uint32_t)BLOB_ROOM;
    told.slot = (uint8_t)(blob->slots.slot > 0 ? 1 : 0);
    if (verdict == BLOB_WRONG_VALUE) {
        told.field = blob->field;
        told.index = blob->index;
    }
    (void)wire_pack_blob_status(&told, &link->frame);
}

/* In force is what runs; `slot` is where. */
static void answer_firmware(link_state *link, const update_state *update, uint8_t asked,
                            int32_t verdict)
{
    wire_blob_status told;
    memset(&told, 0, sizeof told);
    told.kind = WIRE_BLOB_FIRMWARE;
    told.asked = asked;
    told.status = WIRE_BLOB_UNKNOWN;
    if (update_usable(update)) {
        told.status = (uint8_t)verdict;
        told.size = (uint32_t)update->bytes;
        told.hash = update->hash;
        told.received = (uint32_t)update->received;
        told.result = update_on_trial(update) ? 1u : 0u;
        told.room = (uint32_t)board_image_bytes();
        told.slot = (uint8_t)update->running;
        told.field = verdict == UPDATE_WRONG_VALUE ? (uint16_t)update->field : 0u;
    }
    (void)wire_pack_blob_status(&told, &link->frame);
}

/* 1 when the message could be unpacked and is answered. */
int32_t link_blob(link_state *link, app_state *app)
{
    const uint8_t asked = link->frame.msg;
    const uint16_t session = link->frame.session, seq = link->frame.seq;
    wire_blob_begin begin;
    wire_blob_chunk chunk;
    wire_blob which;
    int32_t verdict = WIRE_BLOB_NOT_DISARMED;
    uint8_t kind;
    if (asked == WIRE_BLOB_BEGIN) {
        if (wire_unpack_blob_begin(&link->frame, &begin) < 0) {
            return 0;
        }
        kind = begin.kind;
        if (app_may_change(app)) {
            verdict = kind == WIRE_BLOB_FIRMWARE
                ? update_begin(&app->update, begin.size, begin.hash)
                : blob_start(&app->blob, kind, begin.size, begin.hash);
        }
    } else if (asked == WIRE_BLOB_CHUNK) {
        if (wire_unpack_blob_chunk(&link->frame, &chunk) < 0) {
            return 0;
        }
        kind = chunk.kind;
        if (app_may_change(app)) {
            verdict = kind == WIRE_BLOB_FIRMWARE
                ? update_chunk(&app->update, chunk.offset, chunk.bytes, chunk.count, hand_table_hash)
                : blob_add(&app->blob, kind, chunk.offset, chunk.bytes, chunk.count);
        }
    } else {
        if (wire_unpack_blob(&link->frame, &which) < 0) {
            return 0;
        }
        kind = which.kind;
        if (asked == WIRE_BLOB_GET) {
            verdict = BLOB_OK;
        } else if (app_may_change(app)) {
            verdict = kind == WIRE_BLOB_FIRMWARE ? update_commit(&app->update, which.hash)
                                                 : commit(app, &which);
        } else {
            /* not disarmed */
        }
    }
    if (kind == WIRE_BLOB_FIRMWARE) {
        answer_firmware(link, &app->update, asked, verdict);
    } else {
        answer(link, app, asked, kind, verdict);
    }
    link_answer(link, session, seq);
    return 1;
}
