/* SPDX-License-Identifier: MIT */
#include "log.h"

#include "app.h"
#include "board.h"

#include <string.h>

typedef struct said {
    uint8_t level;
    const char *text;
} said;

/* By board_reset. */
static const said STARTED[] = {
    {LOG_INFORMATION, "Started."},
    {LOG_INFORMATION, "Started: power came on."},
    {LOG_INFORMATION, "Started by the reset pin."},
    {LOG_WARNING, "Started after a brown-out: check the battery."},
    {LOG_ERROR, "Started by the watchdog: the program had hung."},
    {LOG_INFORMATION, "Started again by its own program."},
};

enum { STARTS = sizeof STARTED / sizeof STARTED[0] };

/* Entering this state of the guard; nothing where there is no text. */
static const said ENTERED[GUARD_STATES] = {
    [GUARD_LINK_LOST] = {LOG_WARNING,
                         "No fresh command came: the hand holds until it is armed again."},
    [GUARD_OPEN_ONLY] = {LOG_WARNING, "The battery is low: the hand only opens, slowly."},
    [GUARD_RELEASING] = {LOG_INFORMATION, "RELEASE: the hand opens slowly."},
    [GUARD_FAULT] = {LOG_ERROR, "Fault: the hand holds until the fault is gone and cleared."},
    [GUARD_ESTOP] = {LOG_ERROR, "Emergency stop: the drive is off until the power is cut."},
};

/* By blob_kind. */
static const char *const LEFT_OUT[BLOB_GRIPS + 1] = {
    [BLOB_DECODER] = "The decoder that was kept does not fit this firmware: upload it again.",
    [BLOB_CALIBRATION] = "The calibration that was kept does not fit this firmware: upload it again.",
    [BLOB_GRIPS] = "The grips that were kept do not fit this firmware: upload them again.",
};

void log_init(log_state *to, int32_t joints, uint64_t now_us)
{
    const uint8_t cause = board_reset_cause();
    const said *started = &STARTED[cause < STARTS ? cause : 0];
    memset(to, 0, sizeof *to);
    to->present = (1u << (unsigned)joints) - 1u;
    log_say(to, now_us, started->level, started->text);
    if (!board_has_brown_out_reset()) {
        log_say(to, now_us, LOG_WARNING, "A low supply does not reset this board: see hw/flashing.md.");
    }
}

uint32_t log_oldest(const log_state *from)
{
    return from->next < LOG_KEPT ? 0u : from->next - LOG_KEPT;
}

static size_t append(char *to, size_t at, const char *text, size_t most)
{
    size_t n = 0;
    while (n < most && text[n] != '\0' && at < LOG_TEXT) {
        to[at++] = text[n++];
    }
    return at;
}

/* The next free line, with this much of its text. */
static log_line *begin(log_state *to, uint64_t now_us, int32_t level, const char *text, size_t *at)
{
    log_line *line = &to->line[to->next % LOG_KEPT];
    memset(line, 0, sizeof *line);
    line->us = now_us;
    line->level = (uint8_t)level;
    *at = append(line->text, 0, text, LOG_TEXT);
    return line;
}

static void end(log_state *to, const log_line *line)
{
    board_log(line->text);
    to->next++;
}

void log_say(log_state *to, uint64_t now_us, int32_t level, const char *text)
{
    size_t at;
    end(to, begin(to, now_us, level, text, &at));
}

/* The same, and the names of joints behind it. */
static void say_of(log_state *to, uint64_t now_us, int32_t level, const char *text, uint32_t joints)
{
    size_t at;
    const char *before = " ";
    log_line *line = begin(to, now_us, level, text, &at);
    for (int32_t i = 0; i < hand_table.joints; i++) {
        if ((joints >> (unsigned)i & 1u) != 0) {
            at = append(line->text, at, before, 2);
            at = append(line->text, at, hand_table.joint[i].name, HAND_NAME);
            before = ", ";
        }
    }
    if (at < LOG_TEXT) {
        line->text[at] = '.';
    } else { /* cut: never in the middle of a character, names are ASCII */
        memcpy(line->text + LOG_TEXT - 3, "...", 3);
    }
    end(to, line);
}

static void watch_state(log_state *to, const app_state *app, uint64_t now_us)
{
    const int32_t state = app->guard.state;
    const int32_t before = to->state;
    if (state == before) {
        return;
    }
    to->state = state;
    if (before == GUARD_FAULT && state == GUARD_DISARMED) {
        log_say(to, now_us, LOG_INFORMATION, "The fault is cleared.");
    }
    if (before == GUARD_OPEN_ONLY && state == GUARD_ARMED) {
        log_say(to, now_us, LOG_INFORMATION,
                "The battery is good again: relax once, then the hand closes, too.");
    }
    if (ENTERED[state].text != NULL) {
        log_say(to, now_us, ENTERED[state].level, ENTERED[state].text);
    }
}

static void watch_motors(log_state *to, const app_state *app, uint64_t now_us)
{
    const uint32_t all = (1u << (unsigned)hand_table.joints) - 1u;
    const uint32_t present = app->motor.present & all;
    const uint32_t gone = to->present & ~present, came = present & ~to->present;
    uint32_t errors = 0;
    for (int32_t i = 0; i < hand_table.joints; i++) {
        errors |= (app->motor.axis[i].hardware_error != 0 ? 1u : 0u) << (unsigned)i;
    }
    if (gone != 0 && present == 0) {
        log_say(to, now_us, LOG_ERROR,
                "No motor answers: check the battery and the motor cable.");
    } else if (gone != 0) {
        say_of(to, now_us, LOG_ERROR, "No answer from the motor of", gone);
    }
    if (came != 0) {
        say_of(to, now_us, LOG_INFORMATION, "Answers again: the motor of", came);
    }
    if ((errors & ~to->errors) != 0) {
        say_of(to, now_us, LOG_ERROR, "An error is reported by the motor of",
               errors & ~to->errors);
    }
    to->present = present;
    to->errors = errors;
}

static void watch_line(log_state *to, const app_state *app, uint64_t now_us)
{
    const wire_counters *counters = &app->link.decoder.counters;
    const uint32_t damaged = counters->bad_cobs + counters->bad_short + counters->bad_long
        + counters->bad_crc + counters->bad_version + counters->bad_message + counters->bad_length;
    const uint32_t more = damaged - to->damaged;
    to->damaged = damaged;
    to->line_us = now_us + LOG_LINE_US;
    if (more >= LOG_DAMAGED) {
        to->line_us = now_us + LOG_LINE_AGAIN_US;
        log_say(to, now_us, LOG_WARNING,
                "Many frames come damaged: check the cable to the host and its shield.");
    }
}

static void watch_blobs(log_state *to, const app_state *app, uint64_t now_us)
{
    const uint32_t more = app->blob.refused & ~to->refused;
    to->refused = app->blob.refused;
    for (int32_t kind = BLOB_DECODER; kind <= BLOB_GRIPS; kind++) {
        if ((more >> (unsigned)kind & 1u) != 0u) {
            log_say(to, now_us, LOG_ERROR, LEFT_OUT[kind]);
        }
    }
}

void log_watch(log_state *to, const struct app_state *app, uint64_t now_us)
{
    const int32_t state = app->guard.state;
    const int32_t testing = state == GUARD_BOOT || state == GUARD_SELF_TEST;
    /* in an emergency stop the motors have no supply */
    if (app->table_good && !testing && state != GUARD_ESTOP
        && (now_us >= to->motors_us || state != to->state)) {
        to->motors_us = now_us + LOG_MOTORS_US;
        watch_motors(to, app, now_us); /* before the fault that comes of it */
    }
    watch_state(to, app, now_us);
    watch_blobs(to, app, now_us);
    if (now_us >= to->line_us) {
        watch_line(to, app, now_us);
    }
}
