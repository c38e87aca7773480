/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * fuzz_blobs_checks: what must hold whatever fuzz_blobs.c, which alone includes this, does: of a boot,
 * a tick, a frame that comes and a loss of power.
 */
#ifndef ENDPLATE_FUZZ_BLOBS_CHECKS_H
#define ENDPLATE_FUZZ_BLOBS_CHECKS_H

#include "fuzz_blobs_rig.h"

enum {
    STILL_MS = 150, DRIVE_MS = 350,
    COMMITTED_MOST = SLOT_BYTES / 4 /* flash operations of a COMMIT */
};

/* ---- what is in force ---- */

/* Reads `n` bytes as a blob from memory that ends with them, so that one too far is seen. */
static int32_t read_as(int32_t kind, const uint8_t *bytes, uint32_t n, hand_config *table,
                       chain_config *config, uint32_t *result)
{
    uint8_t *own = malloc(n ? n : 1u);
    must(own != NULL && ((uintptr_t)bytes % 4u == 0u || n == 0u));
    memcpy(own, bytes, n);
    blob_reader from = {.bytes = own, .size = n};
    const uint32_t calibration = app.blob.slots.part[BLOB_CALIBRATION - 1].hash;
    const int32_t verdict = kind == BLOB_GRIPS
        ? blob_read_grips(&from, &hand_table, hand_table_hash, table)
        : kind == BLOB_CALIBRATION
        ? blob_read_calibration(&from, &hand_table, hand_table_hash, config)
        : blob_read_decoder(&from, &hand_table, hand_table_hash, calibration, config, result);
    must(from.at <= n && (verdict != BLOB_OK || from.at == n));
    if (verdict == BLOB_OK && kind == BLOB_DECODER) { /* its numbers are the last that stand there */
        const decoder_config *decoder = &config->decoder;
        must((const uint8_t *)decoder->pool == own + n - 4u * (uint32_t)decoder->floats);
        const uint32_t begin = n - 4u * (uint32_t)decoder->floats;
        config->decoder.pool = (const float *)(const void *)(bytes + begin);
    }
    free(own);
    return verdict;
}

/* What is said to be in force is so: its bytes, read anew, make these tables; the decoder's numbers
 * are read where they stand now. */
static void as_said(void)
{
    static hand_config table;
    static chain_config config;
    uint32_t result = 0;
    table = hand_table;
    for (int32_t n = 0; n < SLOT_PARTS; n++) {
        const int32_t kind = n == 0 ? BLOB_CALIBRATION : n == 1 ? BLOB_DECODER : BLOB_GRIPS;
        const slot_part part = blob_in_force(&app.blob, &app.decode, kind);
        if (part.size == 0u) continue;
        const uint8_t *bytes = slot_bytes(&app.blob.slots, kind - 1);
        const uint8_t *slot = chip.bytes[app.blob.slots.slot];
        must(bytes >= slot + SLOT_HEADER && bytes - slot <= SLOT_BYTES - (int32_t)part.size);
        must(store_crc(0, bytes, (int32_t)part.size) == part.hash);
        must(read_as(kind, bytes, part.size, &table, &config, &result) == BLOB_OK);
    }
    must(memcmp(&table, &app.table, sizeof table) == 0);
    must(!app.decode.ready || memcmp(&config, &app.decode.config, sizeof config) == 0);
}

static void good_in_itself(void)
{
    as_said();
    static chain_state chain;
    must(hand_check(&app.table) == CORE_OK && app.grip >= 0 && app.grip < app.table.grips);
    must(memcmp(app.table.joint, hand_table.joint, sizeof hand_table.joint) == 0);
    must(memcmp(app.table.dof, hand_table.dof, sizeof hand_table.dof) == 0);
    for (int32_t g = 0; g < app.table.grips; g++) must(app.table.grip[g].name[HAND_NAME - 1] == 0);
    if (app.decode.ready) {
        must(chain_check(&app.decode.config) == CORE_OK);
        must(app.decode.config.decoder.dofs == hand_table.dofs && app.decode.config.sites <= BLOB_SITES);
        must(decode_vector(&app.decode.config, &chain) == app.blob.result);
        must(blob_in_force(&app.blob, &app.decode, BLOB_CALIBRATION).size != 0u);
    }
}

/* ---- a boot, a tick ---- */

static void boot(void)
{
    memset(&app.decode, 0, sizeof app.decode);
    app.table = hand_table;
    armed = relaxed = stopped = 0;
    must(guard_init(&app.guard, &app.guard_config, app_ms(&app)) == CORE_OK);
    link_init(&app.link, app.now_us);
    const blob_target target = app_blob_target(&app);
    const int32_t before = chip.done;
    blob_open(&app.blob, &target);
    must(chip.done == before);
    app.grip = app.params.value[PARAMS_REST_GRIP] = app.params.kept[PARAMS_REST_GRIP] =
        app.table.rest_grip; /* as params_init has it */
    good_in_itself();
    guard_output out;
    (void)guard_tick(&app.guard, &app.guard_config, 0, app_ms(&app), &out);
    app_event(&app, GUARD_EV_SELF_TEST_DONE);
}

static void tick(void)
{
    guard_output out;
    const uint32_t begun = app.decode.start, was = (uint32_t)app.decode.begun;
    app_decode(&app);
    must(app.decode.start == begun && (uint32_t)app.decode.begun == was);
    must(app.decode.waiting >= 0 && app.decode.waiting <= DECODE_QUEUE);
    if (app.link.hop_waits) {
        wire_decoded told;
        link_decoded(&app.link, &app);
        must(wire_unpack_decoded(&app.link.frame, &told) == WIRE_OK && told.start == app.decode.start);
        hops++;
    }
    app.link.hop_waits = 0;
    const int32_t state = guard_tick(&app.guard, &app.guard_config, 0, app_ms(&app), &out);
    must(!out.drive || state == GUARD_ACTIVE || state == GUARD_STALE || state == GUARD_RELEASING
         || state == GUARD_OPEN_ONLY);
    if (out.drive && state != GUARD_RELEASING) {
        must(armed && relaxed && !stopped);
        must(app.now_us - app.fresh_us < STILL_MS * 1000u);
        must(app.now_us - heard_us < DRIVE_MS * 1000u);
    }
    if (state == GUARD_DISARMED || state == GUARD_LINK_LOST) armed = relaxed = 0;
    for (int32_t i = 0; i < hand_table.dofs; i++) {
        must(fabsf(out.velocity[i]) <= 1.0f); /* no NaN either */
        if (state == GUARD_RELEASING) must(out.velocity[i] * (float)app.guard_config.closing[i] <= 0.0f);
        driven += out.drive && out.velocity[i] != 0.0f && state == GUARD_ACTIVE;
    }
}

/* ---- a frame, a loss of power ---- */

static int32_t committing; /* a COMMIT is under way */

/* Flash operations that a message may take, at most. */
static int32_t operations_of(int32_t msg)
{
    return msg == WIRE_BLOB_COMMIT ? COMMITTED_MOST
        : msg == WIRE_BLOB_CHUNK   ? WIRE_BLOB_BYTES / 4
        : msg == WIRE_BLOB_BEGIN   ? 1
                                   : 0;
}

/* A frame comes: one round of link_receive, with all that it may and may not change. */
static void hear(wire_frame *frame)
{
    uint8_t bytes[WIRE_MAX_FRAME];
    wire_blob_status told = {0};
    const wire_counters *counters = &app.link.decoder.counters;
    const uint32_t dropped = counters->bad_value, stale = counters->bad_stale;
    const force before = in_force();
    const int32_t open = app.link.open, moving = !app_may_change(&app), operations = chip.done;
    const int32_t refused = chip.refused, room = SLOT_BYTES - SLOT_HEADER;
    const int32_t large = app.blob.size > (uint32_t)room;
    const int32_t drives = app_moving(&app) && (app.decode.begun || app_decoding(&app) == DECODE_HAND);
    const int32_t begun = app.decode.begun, is_blob = frame->msg >= WIRE_BLOB_BEGIN && frame->msg <= WIRE_BLOB_GET;
    const uint32_t start = app.decode.start;
    frame->session = app.link.open ? app.link.session : 5;
    frame->seq = (uint16_t)(app.link.newest + 1u);
    committing = frame->msg == WIRE_BLOB_COMMIT;
    line_n = wire_encode(frame, bytes, (int32_t)sizeof bytes);
    line = bytes;
    must(line_n > 0);
    answered = 0;
    link_receive(&app.link, &app, app.now_us);
    const int32_t taken = counters->bad_value == dropped && counters->bad_stale == stale;
    const force now = in_force();
    must(!drives || !app.decode.begun || (begun && app.decode.start == start));
    if (taken && (frame->msg == WIRE_EMG || frame->msg == WIRE_COMMAND)) heard_us = app.now_us;
    must(answered == (is_blob && open && taken));
    if (is_blob && answered) must(wire_unpack_blob_status(&app.link.frame, &told) == WIRE_OK);
    const int32_t done = frame->msg == WIRE_BLOB_COMMIT && answered && told.status == WIRE_BLOB_OK;
    if (!same(&before, &now)) must(done && !moving);
    if (!same(&before, &now) || done) good_in_itself();
    must(chip.done - operations <= (moving ? 0 : operations_of(frame->msg)));
    must(told.status != WIRE_BLOB_NOT_KEPT || chip.refused > refused || large);
    must(told.status != WIRE_BLOB_NOT_KEPT || app.blob.kind == 0); /* no word is put twice */
    if (done) {
        wire_blob which;
        must(wire_unpack_blob(frame, &which) == WIRE_OK);
        must(told.hash == which.hash && told.size != 0u);
        must(same(&before, &now) || which.kind != BLOB_CALIBRATION
             || now.part[BLOB_DECODER - 1].size == 0u); /* it belonged to another one */
        commits[which.kind - 1]++;
    }
    must(app.blob.received <= app.blob.size && app.blob.size <= (uint32_t)BLOB_ROOM);
    must(app.blob.received % 4u == 0u && app.blob.size % 4u == 0u);
    committing = 0;
}

/* A boot: what is kept is what was, or, after a cut in a COMMIT, what that was to make of it. */
static void restart(const force *before, int32_t cut)
{
    const uint32_t kind = (uint32_t)app.blob.kind;
    force wanted = *before;
    if (cut && committing && kind != 0u) {
        wanted.part[kind - 1u] = (slot_part){app.blob.size, app.blob.hash};
        if (kind == BLOB_CALIBRATION) memset(&wanted.part[BLOB_DECODER - 1], 0, sizeof(slot_part));
    }
    cuts += (uint32_t)cut;
    chip.cut_in = 0;
    committing = 0;
    boot();
    const force now = in_force();
    must(memcmp(now.part, before->part, sizeof now.part) == 0
         || memcmp(now.part, wanted.part, sizeof now.part) == 0);
}

#endif
