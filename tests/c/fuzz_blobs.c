/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * fuzz_blobs: libFuzzer harness of all that a host uploads and streams: bytes -> wire.c -> link.c ->
 * link_blob.c -> blob.c, blob_read.c -> slot.c -> flash in RAM, which loses power at any operation and
 * may have bits that do not take; and EMG -> link_emg.c -> decode.c -> the chain -> guard.c. The input is
 * a list of steps (enum step). What is looked for (fuzz_blobs_checks.h), beside crashes:
 *   what is in force changes only by a COMMIT that is answered `ok`, of a whole blob whose hash is
 *   right, in disarmed or in fault, or by a boot; and is then good in itself
 *   after a cut there is in force what was, or what the COMMIT under way was to make of it
 *   the hand is driven only when armed and relaxed, and not for long after EMG or commands ended
 *   no chain begins anew while it drives, and none at all while the hand's own does
 *
 * At the end it says how far it came, so that a campaign that never got there is seen.
 */
#include "fuzz_blobs_checks.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

enum step { RUN, GREET, ARM, STOP, UPLOAD, EMG, DECODE, COMMAND, FRAME, BOOT, CUT_AT, STUCK, PLANT,
            FLIP, STEPS };
/* `how` of UPLOAD */
enum { NO_BEGIN = 1, NO_COMMIT = 2, OTHER_HASH = 4, AS_IT_IS = 8, SHORT = 16, TICKS = 32, TWICE = 64,
       ODD = 128 };
enum { MOST = 1024 /* bytes of an upload: three fit into a slot */ };

static const uint16_t SPAN_MS[] = {0, 1, 2, 4, 5, 20, 49, 50, 51, 99, 150, 151, 299, 300, 350, 500};

static uint32_t span(void) { return SPAN_MS[byte() % (sizeof SPAN_MS / sizeof SPAN_MS[0])]; }

/* ---- the steps ---- */

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
    const uint32_t most = how & ODD ? 6u : how & SHORT ? 8u : WIRE_BLOB_BYTES;
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
    _Alignas(4) static uint8_t bytes[MOST];
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
    _Alignas(4) static uint8_t bytes[MOST + 4];
    const uint8_t kind = byte() % SLOT_PARTS;
    int32_t good = 1;
    if (!app_may_change(&app)) return;
    chip.cut_in = 0;
    const uint32_t n = blob_of(bytes);
    const slot_part what = {n, store_crc(0, bytes, (int32_t)n)};
    memset(bytes + n, 0xff, sizeof bytes - n);
    good = slot_begin(&app.blob.slots) == SLOT_OK;
    for (uint32_t to = 0; good && to < n; to += 4) {
        uint32_t word;
        memcpy(&word, bytes + to, 4);
        good = slot_put(&app.blob.slots, to, word) == SLOT_OK;
    }
    if (good) (void)slot_finish(&app.blob.slots, kind, what, -1);
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
