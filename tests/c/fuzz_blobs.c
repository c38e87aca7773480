/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * fuzz_blobs: libFuzzer harness of all that a host uploads and streams: bytes -> wire.c -> link.c ->
 * link_blob.c -> blob.c, blob_read.c -> slot.c -> flash in RAM, which loses power at any operation and
 * may have bits that do not take; and EMG -> link_emg.c -> decode.c -> the chain -> guard.c. The input is
 * a list of steps (enum step). What is looked for, beside crashes:
 *   what is in force changes only by a COMMIT that is answered `ok`, of a whole blob whose hash is
 *   right, in disarmed or in fault, or by a boot; and is then good in itself
 *   after a cut there is in force what was, or what the COMMIT under way was to make of it
 *   the hand is driven only when armed and relaxed, and not for long after EMG or commands ended
 *   no chain begins anew while it drives, and none at all while the hand's own does
 *
 * At the end it says how far it came, so that a campaign that never got there is seen.
 */
#include "fuzz_blobs_rig.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

enum step { RUN, GREET, ARM, STOP, UPLOAD, EMG, DECODE, COMMAND, FRAME, BOOT, CUT_AT, STUCK, PLANT,
            FLIP, STEPS };
/* `how` of UPLOAD */
enum { NO_BEGIN = 1, NO_COMMIT = 2, OTHER_HASH = 4, AS_IT_IS = 8, SHORT = 16, TICKS = 32, TWICE = 64 };
enum {
    MOST = 1024 /* bytes of an upload */,
    STILL_MS = 150, DRIVE_MS = 350, COMMITTED_MOST = 2 * SLOT_BYTES /* flash operations of a COMMIT */
};

static const uint16_t SPAN_MS[] = {0, 1, 2, 4, 5, 20, 49, 50, 51, 99, 150, 151, 299, 300, 350, 500};

static uint32_t span(void) { return SPAN_MS[byte() % (sizeof SPAN_MS / sizeof SPAN_MS[0])]; }

/* ---- what must hold ---- */

/* Reads `n` bytes as a blob from memory that ends with them, so that one too far is seen. */
static int32_t read_as(int32_t kind, const uint8_t *bytes, uint32_t n, hand_config *table,
                       chain_config *config, uint32_t *result)
{
    uint8_t *own = malloc(n ? n : 1u);
    must(own != NULL);
    memcpy(own, bytes, n);
    blob_reader from = {.bytes = own, .size = n};
    const uint32_t calibration = app.blob.slots.part[BLOB_CALIBRATION - 1].hash;
    const int32_t verdict = kind == BLOB_GRIPS
        ? blob_read_grips(&from, &hand_table, hand_table_hash, table)
        : kind == BLOB_CALIBRATION
        ? blob_read_calibration(&from, &hand_table, hand_table_hash, config)
        : blob_read_decoder(&from, &hand_table, hand_table_hash, calibration, config, result);
    must(from.at <= n);
    free(own);
    return verdict;
}

/* What is said to be in force is so: its bytes, read anew, make these tables. */
static void as_said(void)
{
    static uint8_t bytes[BLOB_ROOM];
    static hand_config table;
    static chain_config config;
    uint32_t result = 0;
    table = hand_table;
    for (int32_t n = 0; n < SLOT_PARTS; n++) {
        const int32_t kind = n == 0 ? BLOB_CALIBRATION : n == 1 ? BLOB_DECODER : BLOB_GRIPS;
        const slot_part part = blob_in_force(&app.blob, &app.decode, kind);
        if (part.size == 0u) continue;
        must(part.size <= sizeof bytes);
        slot_read(&app.blob.slots, kind - 1, bytes);
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

/* ---- the steps ---- */

/* A frame comes: one round of link_receive, with all that it may and may not change. */
static void hear(wire_frame *frame)
{
    uint8_t bytes[WIRE_MAX_FRAME];
    wire_blob_status told = {0};
    const wire_counters *counters = &app.link.decoder.counters;
    const uint32_t dropped = counters->bad_value, stale = counters->bad_stale;
    const force before = in_force();
    const int32_t open = app.link.open, moving = !app_may_change(&app), operations = chip.done;
    const int32_t drives = app_moving(&app) && (app.decode.begun || app_decoding(&app) == DECODE_HAND);
    const int32_t begun = app.decode.begun, is_blob = frame->msg >= WIRE_BLOB_BEGIN && frame->msg <= WIRE_BLOB_GET;
    const uint32_t start = app.decode.start;
    frame->session = app.link.open ? app.link.session : 5;
    frame->seq = (uint16_t)(app.link.newest + 1u);
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
    must(chip.done - operations <= (frame->msg == WIRE_BLOB_COMMIT && !moving ? COMMITTED_MOST : 0));
    if (done) {
        wire_blob which;
        must(wire_unpack_blob(frame, &which) == WIRE_OK);
        must(told.hash == which.hash && told.size != 0u);
        commits[which.kind - 1]++;
    }
    must(app.blob.received <= app.blob.size && app.blob.size <= (uint32_t)BLOB_ROOM);
}

/* A boot: what is kept is what was, or, after a cut, what the upload under way was to make of it. */
static void restart(const force *before, int32_t cut)
{
    const uint32_t kind = (uint32_t)app.blob.kind;
    force wanted = *before;
    if (cut && kind != 0u) {
        wanted.part[kind - 1u] = (slot_part){app.blob.size, app.blob.hash};
        if (kind == BLOB_CALIBRATION) memset(&wanted.part[BLOB_DECODER - 1], 0, sizeof(slot_part));
    }
    cuts += (uint32_t)cut;
    chip.cut_in = 0;
    boot();
    const force now = in_force();
    must(memcmp(now.part, before->part, sizeof now.part) == 0
         || memcmp(now.part, wanted.part, sizeof now.part) == 0);
}

/* The decoder's calibration and result, as they have to be: no chance finds them. */
static void put_right(uint8_t *bytes, uint32_t n, chain_config *trial)
{
    static chain_state chain;
    const uint32_t calibration = app.blob.slots.part[BLOB_CALIBRATION - 1].hash;
    uint32_t result = 0;
    if (n < 20u) return;
    memcpy(bytes + 12, &calibration, 4);
    if (read_as(BLOB_DECODER, bytes, n, NULL, trial, &result) == BLOB_OK) {
        result = decode_vector(trial, &chain);
        memcpy(bytes + 16, &result, 4);
    }
}

static void send_upload(uint8_t kind, uint8_t how, const uint8_t *bytes, uint32_t n)
{
    wire_frame frame = {0};
    const uint32_t hash = store_crc(0, bytes, (int32_t)n) ^ (how & OTHER_HASH);
    const uint32_t most = how & SHORT ? 7u : WIRE_BLOB_BYTES;
    const wire_blob_begin begin = {n, hash, kind};
    const wire_blob which = {hash, kind};
    if (!(how & NO_BEGIN) && wire_pack_blob_begin(&begin, &frame) >= 0) hear(&frame);
    for (uint32_t offset = 0; offset < n; offset += most) {
        wire_blob_chunk chunk = {.offset = offset, .kind = kind};
        chunk.count = (uint8_t)(n - offset < most ? n - offset : most);
        memcpy(chunk.bytes, bytes + offset, chunk.count);
        if (wire_pack_blob_chunk(&chunk, &frame) >= 0) hear(&frame);
        if (how & TICKS) app.now_us += 1000, tick();
    }
    for (int32_t i = 0; i < (how & NO_COMMIT ? 0 : how & TWICE ? 2 : 1); i++) {
        if (wire_pack_blob(WIRE_BLOB_COMMIT, &which, &frame) >= 0) hear(&frame);
    }
}

static uint32_t blob_of(uint8_t bytes[MOST])
{
    uint32_t n = (uint32_t)byte() << 8;
    n = (n | byte()) % (MOST + 1u);
    n = n < left ? n : (uint32_t)left;
    memcpy(bytes, at, n);
    at += n;
    left -= n;
    return n;
}

static void upload(void)
{
    static uint8_t bytes[MOST];
    const uint8_t kind = byte() % 6, how = byte();
    const uint32_t n = blob_of(bytes);
    static hand_config table;
    static chain_config trial;
    table = hand_table;
    if (kind == BLOB_GRIPS || kind == BLOB_CALIBRATION) {
        (void)read_as(kind, bytes, n, &table, &trial, NULL);
    }
    trial = app.decode.config;
    if (kind == BLOB_DECODER && !(how & AS_IT_IS) && trial.sites > 0) put_right(bytes, n, &trial);
    const force before = in_force();
    if (setjmp(chip.off)) {
        restart(&before, 1);
        return;
    }
    send_upload(kind, how, bytes, n);
}

/* What an older firmware, or one for another hand, may have left: any bytes in a slot that checks. */
static void plant(void)
{
    static uint8_t bytes[BLOB_ROOM + SLOT_BYTES];
    const uint8_t kind = byte() % SLOT_PARTS;
    if (!app_may_change(&app)) return;
    chip.cut_in = 0;
    const uint32_t n = blob_of(bytes);
    const slot_part what = {n, store_crc(0, bytes, (int32_t)n)};
    (void)slot_write(&app.blob.slots, kind, what, bytes, -1);
    boot();
}

static void emg(void)
{
    wire_frame frame = {0};
    wire_emg message = {0};
    const uint8_t how = byte();
    message.sites = how & 1 ? byte() : (uint8_t)app.decode.config.sites;
    message.count = how & 2 ? byte() : 5;
    message.sample = app.decode.next + (how & 4 ? (uint32_t)(int8_t)byte() : 0u);
    message.start = how & 8 ? message.sample : app.decode.start;
    message.emg_us = (uint32_t)app.now_us - (how & 16 ? span() * 1000u : 0u) + (how & 32 ? 20000u : 0u);
    message.missing = how & 64 ? byte() : 0;
    const int32_t size = byte();
    for (int32_t i = 0; i < 3 * message.sites * message.count && i < WIRE_EMG_BYTES; i++) {
        const int32_t value = i / 3 * 37 % 64 * size;
        message.counts[i] = (uint8_t)(i % 3 == 2 ? 0 : value >> i % 3 * 8);
    }
    if (wire_pack_emg(&message, &frame) >= 0) hear(&frame);
}

static void command(void)
{
    wire_frame frame = {0};
    wire_command message = {.mode = byte() & 1u, .valid_ms = byte(), .grip = byte()};
    message.emg_us = (uint32_t)app.now_us - span() * 1000u;
    message.sample = app.guard.sample + (uint32_t)(int8_t)byte();
    for (int32_t i = 0; i < hand_table.dofs; i++) message.target[i] = (int16_t)((int8_t)byte() * 78);
    if (wire_pack_command(&message, &frame) >= 0) hear(&frame);
}

static void control(int32_t what)
{
    static const uint8_t MESSAGE[] = {WIRE_DISARM, WIRE_CLEAR_FAULT, WIRE_RELEASE, WIRE_ESTOP};
    wire_frame frame = {0};
    const uint8_t how = byte();
    const wire_hello hello = {SCHEMA + (how & 1u), 0, 0};
    const wire_arm arm = {SCHEMA, BOOT_ID + (how & 1u)};
    const wire_reason reason = {0};
    const int32_t packed = what == GREET ? wire_pack_hello(&hello, &frame)
        : what == ARM ? wire_pack_arm(&arm, &frame)
                      : wire_pack_reason(MESSAGE[how & 3], &reason, &frame);
    if (packed >= 0) hear(&frame);
}

static void any_frame(void)
{
    wire_frame frame = {0};
    frame.msg = byte();
    frame.length = wire_payload_length(frame.msg);
    for (int32_t i = 0; i < frame.length; i++) frame.payload[i] = byte();
    if (frame.length < 0) return;
    const force before = in_force();
    if (setjmp(chip.off)) restart(&before, 1);
    else hear(&frame);
}

static void step(void)
{
    const int32_t what = byte() % STEPS;
    switch (what) {
    case RUN:
        for (uint32_t ms = span(); ms > 0; ms--) app.now_us += 1000, tick();
        break;
    case GREET:
    case ARM:
    case STOP: control(what); break;
    case UPLOAD: upload(); break;
    case EMG: emg(); break;
    case COMMAND: command(); break;
    case FRAME: any_frame(); break;
    case PLANT: plant(); break;
    case FLIP: {
        const uint32_t bit = (uint32_t)byte() << 8;
        ((uint8_t *)chip.bytes)[(bit | byte()) % sizeof chip.bytes] ^= (uint8_t)(1u << byte() % 8);
        boot();
        break;
    }
    case CUT_AT: chip.cut_in = byte() * 4; break;
    case STUCK: chip.stuck = byte() % 4 == 3 ? 1u << byte() % 32 : 0u; break;
    case BOOT: {
        const force before = in_force();
        restart(&before, 0);
        break;
    }
    default: /* as app_params_changed has it */
        if (!app_may_change(&app)) break;
        app.params.value[PARAMS_DECODE] = byte() % 3;
        if (app_decoding(&app) == DECODE_HOST) decode_stop(&app.decode);
    }
    tick();
}

static void say(void)
{
    (void)fprintf(stderr, "fuzz_blobs: commits %llu %llu %llu hops %llu driven %llu cuts %llu\n",
                  (unsigned long long)commits[0], (unsigned long long)commits[1],
                  (unsigned long long)commits[2], (unsigned long long)hops, (unsigned long long)driven,
                  (unsigned long long)cuts);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc, (void)argv;
    return atexit(say);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    memset(&app, 0, sizeof app);
    memset(&chip, 0, sizeof chip);
    memset(chip.bytes, 0xff, sizeof chip.bytes);
    at = data;
    left = size;
    heard_us = 0;
    app.now_us = 10000000;
    guard_defaults(&app.guard_config, hand_table.dofs);
    boot();
    while (left > 0) step();
    return 0;
}
