/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * fuzz_guard: libFuzzer harness of everything between the line and the motors: bytes -> wire.c ->
 * app/link.c -> guard.c, on a clock that the input turns. The input is a list of steps (enum step);
 * whatever they are, after every tick the invariants of the guard must hold. They are kept here
 * once more, more crudely and from outside: what was armed, what was taken, when.
 *
 * At the end it says how often the hand was driven, released and lost, so that a campaign that
 * never got that far is seen.
 */
#include "app.h"
#include "board.h"
#include "fuzz_guard_app.h"

#include <math.h> /* NAN */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

enum step { JUMP, RUN, NOISE, FRAME, GREET, ARM, COMMAND, DEVICE, STOP, SENSE, STEPS };
enum {
    DOFS = 4,
    SCHEMA = 0x5EED,
    BOOT_ID = 77,
    DRIVE_MS = 350, /* DESIGN: no drive later than this after the last fresh command */
    STILL_MS = 150, /* valid_max_ms + ramp_ms of the defaults */
    LOST_MS = 300,
    EMG_MS = 150,
    FUTURE_MS = 20
};

/* Dense at the limits. */
static const uint16_t SPAN_MS[] = {0,  1,   2,   5,   9,   10,  20,  49,  50,  51,  99,  100,  101,
                                   149, 150, 151, 249, 250, 299, 300, 301, 349, 350, 351, 1000, 5001};
enum { SPANS = sizeof SPAN_MS / sizeof SPAN_MS[0] };

const hand_config hand_table = {.joints = 1, .dofs = DOFS, .grips = 3};
const uint32_t hand_table_hash = 99;

typedef struct input {
    const uint8_t *at;
    size_t left;
} input;

/* What the harness knows by itself. */
typedef struct record {
    int32_t armed;   /* ARM counted, and nothing has undone it */
    int32_t allowed; /* and a neutral command was taken after it */
    int32_t stopped; /* ESTOP */
    int32_t rested;  /* a neutral command was taken since the supply was last low */
    uint32_t lost;   /* DoF whose actuator is absent or site bad, or no neutral command since */
    int32_t has_fresh;
    uint64_t fresh_ms;
    float wanted[DOFS]; /* magnitudes of the newest fresh command */
    float last[DOFS];   /* of the last tick's velocity */
} record;

static app_state app;
static record known;
static uint64_t origin_us, now_us;
static input line; /* what the link reads next */
static uint64_t driven, released, lost, refused, opened;

static void ask(int holds, const char *what, int at)
{
    if (holds) return;
    (void)fprintf(stderr, "fuzz_guard.c:%d: %s\n", at, what);
    abort();
}
#define must(holds) ask((holds), #holds, __LINE__)

static uint8_t byte(input *from)
{
    if (from->left == 0) return 0;
    from->left--;
    return *from->at++;
}

static uint16_t span(input *from) { return SPAN_MS[byte(from) % SPANS]; }

/* ---- the board and the application, as far as link.c asks for them ---- */

int32_t board_link_read(uint8_t *bytes, int32_t capacity)
{
    const int32_t n = line.left < (size_t)capacity ? (int32_t)line.left : capacity;
    if (n > 0) memcpy(bytes, line.at, (size_t)n);
    line.at += n;
    line.left -= (size_t)n;
    return n;
}

uint32_t board_boot_id(void) { return BOOT_ID; }
uint32_t board_schema_hash(uint32_t compiled) { (void)compiled; return SCHEMA; }
uint32_t app_ms(const app_state *of) { return (uint32_t)(of->now_us / 1000u); }

static void undo(void) { known.armed = known.allowed = 0; }

void app_event(app_state *of, int32_t event)
{
    const int32_t before = of->guard.state;
    const int32_t after = guard_raise(&of->guard, &of->guard_config, event, app_ms(of));
    must(after == of->guard.state);
    if (event == GUARD_EV_ARM) {
        if (before == GUARD_DISARMED || before == GUARD_LINK_LOST) {
            known.armed = 1;
            known.allowed = 0;
        }
    } else if (event != GUARD_EV_CLEAR_FAULT && event != GUARD_EV_SELF_TEST_DONE) {
        undo();
    }
    if (event == GUARD_EV_ESTOP) known.stopped = 1;
    if (event == GUARD_EV_RELEASE && before != GUARD_BOOT && before != GUARD_SELF_TEST
        && before != GUARD_ESTOP) {
        must(after == GUARD_RELEASING);
    }
}

int32_t app_command(app_state *of, const guard_command *command, int32_t grip, const uint8_t *caps)
{
    (void)caps;
    must(grip >= 0 && grip < hand_table.grips);
    const int32_t taken = guard_command_take(&of->guard, &of->guard_config, command, app_ms(of));
    if (taken != CORE_OK) {
        must(taken <= GUARD_REFUSED_STATE && taken >= GUARD_REFUSED_VALUE);
        refused++;
        return taken;
    }
    must(known.armed && !known.stopped);
    const int32_t age = (int32_t)(app_ms(of) - command->emg_ms);
    must(age >= -FUTURE_MS && age <= EMG_MS);
    int32_t neutral = 1;
    for (int32_t i = 0; i < DOFS; i++) {
        const float size = command->target[i] < 0 ? -command->target[i] : command->target[i];
        must(size <= 1.0f);
        neutral = neutral && size < 0.05f;
        known.wanted[i] = command->mode == 1 ? size : 0.0f;
    }
    neutral = neutral || command->mode == 0;
    known.lost |= command->frozen & ((1u << DOFS) - 1u);
    for (int32_t i = 0; i < DOFS; i++) {
        const uint32_t held = (of->guard.senses.absent | command->frozen) >> i & 1u;
        if (known.wanted[i] < 0.05f && !held) known.lost &= ~(1u << i);
    }
    known.allowed = known.allowed || neutral;
    known.rested = known.rested || neutral;
    known.has_fresh = 1;
    known.fresh_ms = of->now_us / 1000u;
    return taken;
}

/* ---- the invariants ---- */

/* What the motors and the supply forbid. `size` is the magnitude of v. */
static void check_senses(int32_t i, float v, float size, int32_t state)
{
    const guard_senses *senses = &app.guard.senses;
    const int32_t closing = app.guard_config.closing[i];
    if (v == 0.0f || (state != GUARD_ACTIVE && state != GUARD_OPEN_ONLY)) return;
    must(((v > 0 ? senses->no_positive : senses->no_negative) >> i & 1u) == 0);
    must(size <= senses->scale[i]);
    if ((app.guard.faults & GUARD_FAULT_LINK_NOISE) != 0) must(size <= 0.5f);
    if (state == GUARD_OPEN_ONLY) {
        must(v * (float)closing < 0.0f && size <= app.guard_config.open_only_velocity);
    } else {
        must(!senses->supply_low);
        must(known.rested || v * (float)closing < 0.0f);
    }
}

static void check_velocity(const guard_output *out, int32_t state)
{
    for (int32_t i = 0; i < CORE_MAX_DOF; i++) {
        const float v = out->velocity[i];
        const float size = v < 0 ? -v : v;
        must(size <= 1.0f); /* no NaN either */
        must(v == 0.0f || (out->drive && out->power && i < DOFS));
        if (i >= DOFS) continue;
        if (state == GUARD_RELEASING) {
            must(v == 0.0f || v * (float)app.guard_config.closing[i] < 0.0f); /* never closes */
        } else {
            must(size <= (state == GUARD_STALE ? known.last[i] : known.wanted[i]));
            must(v == 0.0f || (known.lost >> i & 1u) == 0);
        }
        check_senses(i, v, size, state);
        known.last[i] = size;
    }
}

static void tick(void)
{
    guard_output out;
    const uint32_t at_limit = (uint32_t)(now_us / 7000u);
    app.now_us = now_us;
    const uint64_t now_ms = now_us / 1000u;
    const int32_t state = guard_tick(&app.guard, &app.guard_config, at_limit, app_ms(&app), &out);
    const uint64_t since_ms = now_ms - known.fresh_ms;
    must(state >= 0 && state < GUARD_STATES && state == app.guard.state);
    if (known.allowed && since_ms >= LOST_MS) { /* latched from here on */
        known.allowed = 0;
        known.armed = state == GUARD_ARMED; /* after a low supply it waits for neutral, as long */
    }

    must(!out.drive || out.power);
    must(!out.drive || state == GUARD_ACTIVE || state == GUARD_STALE || state == GUARD_RELEASING
         || state == GUARD_OPEN_ONLY);
    if (out.drive && state != GUARD_RELEASING) {
        must(known.armed && known.allowed && known.has_fresh);
        must(since_ms < STILL_MS && since_ms < DRIVE_MS);
    }
    if (state == GUARD_DISARMED) undo(); /* also by itself: armed, and nobody relaxed */
    if (known.stopped) must(state == GUARD_ESTOP && !out.power && !out.drive);
    if (state == GUARD_BOOT || state == GUARD_SELF_TEST) must(!out.power);
    if ((app.guard.faults & GUARD_FAULT_TABLE) != 0) must(!out.power);
    if ((app.guard.faults & GUARD_FAULT_STOPS) != 0) must(!out.drive || state == GUARD_RELEASING);
    for (int32_t i = 0; i < DOFS; i++) must(out.limit[i] <= GUARD_LIMIT_ACTUATOR);
    if (state == GUARD_OPEN_ONLY) known.rested = 0;
    check_velocity(&out, state);
    opened += state == GUARD_OPEN_ONLY && out.velocity[0] != 0.0f;
    driven += out.drive && state == GUARD_ACTIVE && out.velocity[0] != 0.0f;
    released += state == GUARD_RELEASING;
    lost += state == GUARD_LINK_LOST;
}

/* ---- the steps ---- */

static void hear(const uint8_t *bytes, size_t n)
{
    line.at = bytes;
    line.left = n;
    app.now_us = now_us;
    while (line.left > 0) link_receive(&app.link, &app, now_us);
}

/* Session and sequence as the link wants them when `skew` is 0. */
static void hear_frame(wire_frame *frame, uint8_t skew)
{
    uint8_t bytes[WIRE_MAX_FRAME];
    frame->session = (uint16_t)((app.link.open ? app.link.session : 5u) + (skew >> 6));
    frame->seq = (uint16_t)(app.link.newest + 1 - (skew & 3) + (skew & 4 ? 0x7FFF : 0));
    const int32_t n = wire_encode(frame, bytes, (int32_t)sizeof bytes);
    must(n > 0);
    hear(bytes, (size_t)n);
}

static void any_frame(input *from)
{
    wire_frame frame = {0};
    frame.msg = byte(from);
    frame.length = wire_payload_length(frame.msg);
    const uint8_t skew = byte(from);
    if (frame.length < 0) return;
    for (int32_t i = 0; i < frame.length; i++) frame.payload[i] = byte(from);
    hear_frame(&frame, skew);
}

static void greet(input *from)
{
    wire_frame frame = {0};
    const uint8_t how = byte(from);
    const wire_hello hello = {SCHEMA + (how & 1u), 0, how & 2 ? hand_table_hash : how & 4u};
    must(wire_pack_hello(&hello, &frame) >= 0);
    hear_frame(&frame, how & 0xC0);
}

static void arm(input *from)
{
    wire_frame frame = {0};
    const uint8_t how = byte(from);
    const wire_arm message = {SCHEMA + (how & 8u), BOOT_ID + (how & 16u)};
    must(wire_pack_arm(&message, &frame) >= 0);
    hear_frame(&frame, how & 0xC7);
}

static void command(input *from)
{
    wire_frame frame = {0};
    wire_command message = {0};
    const uint8_t how = byte(from);
    const uint32_t age_us = span(from) * 1000u;
    message.mode = how & 1u;
    message.valid_ms = byte(from);
    message.grip = (how >> 1) & 3u; /* 3 is none of ours */
    message.emg_us = (uint32_t)now_us - (how & 8 ? 0u - age_us : age_us);
    message.sample = app.guard.sample + (uint32_t)(int8_t)byte(from);
    message.frozen = byte(from);
    for (int32_t i = 0; i < DOFS; i++) {
        message.target[i] = (int16_t)((int8_t)byte(from) * 10000 / 127);
    }
    if (wire_pack_command(&message, &frame) >= 0) hear_frame(&frame, how & 0xC0);
}

static void device(input *from)
{
    const uint8_t what = byte(from);
    app.now_us = now_us;
    if (what < 128) {
        app_event(&app, GUARD_EV_SELF_TEST_DONE);
    } else {
        const uint32_t faults = what & 63u; /* the table's too */
        if ((faults & GUARD_FAULT_STOPS) != 0) undo();
        (void)guard_set_faults(&app.guard, &app.guard_config, faults, app_ms(&app));
    }
}

static void stop(input *from)
{
    static const uint8_t MESSAGE[] = {WIRE_DISARM, WIRE_CLEAR_FAULT, WIRE_RELEASE, WIRE_ESTOP};
    wire_frame frame = {0};
    const uint8_t how = byte(from);
    const wire_reason message = {0};
    must(wire_pack_reason(MESSAGE[how & 3], &message, &frame) >= 0);
    hear_frame(&frame, how & 0xC0);
}

static float scale(uint8_t of)
{
    if (of == 255) return NAN;
    return of == 254 ? 2.0f : (float)of / 250.0f;
}

static void sense(input *from)
{
    guard_senses senses = {0};
    const uint8_t how = byte(from);
    senses.supply_low = how & 1;
    senses.no_positive = how >> 1 & 7u;
    senses.no_negative = how >> 4;
    senses.stalled = senses.hot = byte(from);
    known.lost |= senses.absent = byte(from) & 15u;
    for (int32_t i = 0; i < DOFS; i++) senses.scale[i] = scale(byte(from));
    must(guard_sense(&app.guard, &senses) == CORE_OK);
    for (int32_t i = 0; i < DOFS; i++) must(app.guard.senses.scale[i] <= 1.0f);
}

static void step(input *from)
{
    const int32_t what = byte(from) % STEPS;
    if (what == JUMP) {
        now_us += span(from) * 1000u;
    } else if (what == RUN) {
        for (int32_t ms = span(from) % 400; ms > 0; ms--) {
            now_us += 1000;
            tick();
        }
    } else if (what == NOISE) {
        size_t n = byte(from);
        n = n < from->left ? n : from->left;
        hear(from->at, n);
        from->at += n;
        from->left -= n;
    } else {
        static void (*const DO[STEPS])(input *) = {
            [FRAME] = any_frame, [GREET] = greet, [ARM] = arm,
            [COMMAND] = command, [DEVICE] = device, [STOP] = stop, [SENSE] = sense};
        DO[what](from);
    }
    tick();
}

static void say(void)
{
    (void)fprintf(stderr,
                  "fuzz_guard: driven %llu released %llu lost %llu refused %llu opened %llu\n",
                  (unsigned long long)driven, (unsigned long long)released,
                  (unsigned long long)lost, (unsigned long long)refused,
                  (unsigned long long)opened);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc, (void)argv;
    return atexit(say);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    input from = {data, size};
    memset(&app, 0, sizeof app);
    memset(&known, 0, sizeof known);
    known.rested = 1;
    origin_us = (uint64_t)byte(&from) * 1000u; /* so near its end the 32-bit clock wraps */
    now_us = (1ull << 32) * 1000u - 64000u + origin_us;
    app.now_us = now_us;
    app.table = hand_table;
    guard_defaults(&app.guard_config, DOFS);
    must(guard_init(&app.guard, &app.guard_config, app_ms(&app)) == CORE_OK);
    link_init(&app.link, now_us);
    tick();
    while (from.left > 0) step(&from);
    return 0;
}
