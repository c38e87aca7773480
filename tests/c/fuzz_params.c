/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * fuzz_params: libFuzzer harness of what may be set: frames -> app/link_param.c -> params.c ->
 * store.c -> flash in RAM, which may hold anything at the first boot, loses power at any operation
 * and may have cells that do not take a bit. The input is a list of steps (enum step). After each:
 *   what is in force lies in its ranges, and the guard takes it
 *   a request that is not answered by `ok` has changed nothing, nor has one outside disarmed, fault
 *   the answer says what is in force
 *   after a boot there is in force what was kept; after a cut SAVE the old row or the new one
 */
#include "app.h"
#include "board.h"
#include "fuzz_input.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum step { ASK, STATE, BOOT, CUT_AT, FLIP, STUCK, STEPS };
enum { PLACES = 3, SECTOR = PLACES * STORE_BYTES, GRIPS = 3 };

static struct {
    uint8_t bytes[STORE_SECTORS][SECTOR];
    int32_t cut_in; /* operations until power goes; 0: it stays */
    uint32_t stuck; /* bits that no word loses */
    jmp_buf off;
} chip;

static app_state app;
static const hand_config hand = {.joints = 1, .dofs = 1, .grips = GRIPS, .rest_grip = 1};
static int32_t answered, taken_over;
static int32_t saving[PARAMS_COUNT]; /* in force when the newest SAVE was cut */
static int32_t unsure; /* the newest SAVE was cut, or did not hold */
static int32_t broken; /* the flash was damaged: what it keeps is not for sure */
static int32_t unseen; /* and no boot has looked at it since */

/* ---- the board and the application, as far as they are asked for ---- */

int32_t board_flash_bytes(void) { return SECTOR; }
void board_tactor(uint8_t level) { (void)level; }

void board_flash_read(int32_t sector, int32_t from, void *bytes, int32_t n)
{
    must(sector >= 0 && sector < STORE_SECTORS && from >= 0 && n >= 0 && from + n <= SECTOR);
    memcpy(bytes, chip.bytes[sector] + from, (size_t)n);
}

static int32_t power_goes(void) { return chip.cut_in > 0 && --chip.cut_in == 0; }

int32_t board_flash_program(int32_t sector, int32_t to, uint32_t word)
{
    uint32_t now;
    must(sector >= 0 && sector < STORE_SECTORS && to >= 0 && to % 4 == 0 && to < SECTOR);
    const int32_t cut = power_goes();
    memcpy(&now, chip.bytes[sector] + to, 4);
    now &= word | chip.stuck | (cut ? 0xff00ff00u : 0u);
    memcpy(chip.bytes[sector] + to, &now, 4);
    if (cut) longjmp(chip.off, 1);
    return now == word;
}

int32_t board_flash_erase(int32_t sector)
{
    must(sector >= 0 && sector < STORE_SECTORS);
    const int32_t cut = power_goes();
    memset(chip.bytes[sector], 0xff, cut ? SECTOR / 2 + 2 : SECTOR);
    if (cut) longjmp(chip.off, 1);
    return 1;
}

void app_params_changed(app_state *of)
{
    must(of == &app);
    taken_over++;
}

void link_answer(link_state *link, uint16_t session, uint16_t ack)
{
    must(link == &app.link && session == 5 && ack == 9);
    answered++;
}

/* ---- what must hold ---- */

static void all_in_range(void)
{
    guard_config config;
    strain_config strain;
    params_info info;
    for (int32_t i = 0; i < PARAMS_COUNT; i++) {
        must(params_describe(&app.params, i, &info) == PARAMS_OK);
        must(app.params.value[i] >= info.low && app.params.value[i] <= info.high);
    }
    must(app.params.value[PARAMS_REST_GRIP] < GRIPS);
    guard_defaults(&config, 1);
    strain_defaults(&strain);
    params_to_guard(&app.params, &config, &strain);
    must(guard_check(&config) == CORE_OK && strain_check(&strain) == CORE_OK);
}

static int32_t same(const int32_t *a, const int32_t *b)
{
    return memcmp(a, b, sizeof app.params.value) == 0;
}

/* A boot that may itself lose power, while it makes room. Returns 0 then. */
static int32_t boot(void)
{
    if (setjmp(chip.off)) return 0;
    params_init(&app.params, &hand);
    all_in_range();
    return 1;
}

static void restart(void)
{
    int32_t kept[PARAMS_COUNT];
    memcpy(kept, app.params.kept, sizeof kept);
    while (!boot()) continue; /* power goes once */
    if (!broken) {
        must(app.params.found != STORE_DAMAGED);
        must(same(app.params.value, kept) || (unsure && same(app.params.value, saving)));
    }
    must(same(app.params.value, app.params.kept));
    unsure = unseen = 0;
}

static void check_answer(uint8_t asked, uint8_t index, const params_state *before, int32_t moving)
{
    wire_param_value value;
    wire_param_description told;
    must(answered == 1);
    if (asked == WIRE_PARAM_INFO) {
        must(wire_unpack_param_description(&app.link.frame, &told) == WIRE_OK);
        must(told.index == index && told.count == PARAMS_COUNT);
        must(told.status == (index < PARAMS_COUNT ? WIRE_PARAM_OK : WIRE_PARAM_UNKNOWN));
        must(told.low <= told.factory && told.factory <= told.high);
        must(memcmp(before, &app.params, sizeof *before) == 0);
        return;
    }
    must(wire_unpack_param_value(&app.link.frame, &value) == WIRE_OK);
    must(value.asked == asked && value.index == index && value.count == PARAMS_COUNT);
    must(value.param_hash == params_hash(&app.params));
    if (index < PARAMS_COUNT) {
        must(value.value == app.params.value[index] && value.kept == app.params.kept[index]);
    }
    if (value.status != WIRE_PARAM_OK) {
        must(same(before->value, app.params.value) && same(before->kept, app.params.kept));
    }
    if (moving && asked != WIRE_PARAM_GET) {
        must(value.status != WIRE_PARAM_OK && taken_over == 0);
    }
    if (asked == WIRE_PARAM_SAVE && value.status == WIRE_PARAM_OK) {
        must(same(app.params.value, app.params.kept));
        broken = broken && unseen;
        unsure = 0;
    }
    if (value.status == WIRE_PARAM_NOT_KEPT) {
        must(asked == WIRE_PARAM_SAVE && (broken || chip.stuck != 0));
        unsure = 1; /* it may hold all the same, and be found at the next boot */
        memcpy(saving, app.params.value, sizeof saving);
    }
}

/* ---- the steps ---- */

static void request(void)
{
    const params_state before = app.params;
    const uint8_t asked = (uint8_t)(WIRE_PARAM_INFO + byte() % 5);
    const uint8_t index = byte();
    const int32_t moving = app.guard.state != GUARD_DISARMED && app.guard.state != GUARD_FAULT;
    wire_frame *frame = &app.link.frame;
    answered = taken_over = 0;
    if (asked == WIRE_PARAM_SET) {
        wire_param_set set = {.index = index, .type = byte()};
        uint32_t value = (uint32_t)byte() << 8;
        value |= byte();
        set.value = (int16_t)value;
        if (set.type & 128) set.value = (int32_t)(value << 16);
        set.type &= 3;
        must(wire_pack_param_set(&set, frame) >= 0);
    } else {
        const wire_param which = {index};
        must(wire_pack_param(asked, &which, frame) >= 0);
    }
    frame->session = 5;
    frame->seq = 9;
    if (setjmp(chip.off)) {
        must(asked == WIRE_PARAM_SAVE && same(before.value, app.params.value));
        memcpy(saving, before.value, sizeof saving);
        memcpy(app.params.kept, before.kept, sizeof before.kept);
        unsure = 1;
        restart();
        return;
    }
    link_param(&app.link, &app);
    check_answer(asked, index, &before, moving);
}

static void step(void)
{
    switch (byte() % STEPS) {
    case ASK:
        request();
        break;
    case STATE:
        app.guard.state = byte() % GUARD_STATES;
        break;
    case BOOT:
        restart();
        break;
    case CUT_AT:
        chip.cut_in = byte();
        break;
    case FLIP: {
        const uint32_t bit = (uint32_t)byte() << 8;
        const uint32_t where = (bit | byte()) % (8u * sizeof chip.bytes);
        ((uint8_t *)chip.bytes)[where / 8] ^= (uint8_t)(1u << where % 8);
        broken = unseen = 1;
        break;
    }
    default:
        chip.stuck = byte() % 4 == 3 ? 1u << byte() % 32 : 0u;
        break;
    }
    all_in_range();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    memset(&app, 0, sizeof app);
    memset(&chip, 0, sizeof chip);
    memset(chip.bytes, 0xff, sizeof chip.bytes);
    unsure = broken = unseen = 0;
    at = data;
    left = size;
    app.guard.state = GUARD_DISARMED;
    if (byte() & 1) { /* anything at all in the flash */
        const size_t n = left < sizeof chip.bytes ? left : sizeof chip.bytes;
        memcpy(chip.bytes, at, n);
        broken = 1;
    }
    must(boot());
    while (left > 0) step();
    return 0;
}
