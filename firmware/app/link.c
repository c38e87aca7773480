/* SPDX-License-Identifier: MIT
 *
 * link: see link.h. This file is what comes in; what goes out is in link_send.c.
 */
#include "link.h"

#include "app.h"
#include "board.h"

#include <string.h>

_Static_assert((int)WIRE_MAX_DOF == (int)CORE_MAX_DOF, "wire and core count DoF alike");
_Static_assert((int)WIRE_MAX_JOINTS == (int)CORE_MAX_JOINTS, "wire and core count joints alike");
_Static_assert((int)WIRE_NAME == (int)HAND_NAME, "the hand's name fits HELLO_ACK");

enum { READ_AT_ONCE = 64, READS_A_STEP = 4 /* so that a flood cannot hold up the guard */ };

void link_init(link_state *link, uint64_t now_us)
{
    memset(link, 0, sizeof *link);
    wire_decoder_init(&link->decoder);
    link->schema_hash = board_schema_hash(wire_schema_hash());
    link->heard_us = now_us;
    for (int32_t i = 0; i < LINK_DAMAGES; i++) {
        link->damaged_us[i] = now_us - LINK_NOISE_US;
    }
}

uint32_t link_boot_id(link_state *link)
{
    if (!link->has_boot_id) {
        link->boot_id = board_boot_id();
        link->has_boot_id = 1;
    }
    return link->boot_id;
}

/* Each handler returns 1 when the frame is accepted; else it has counted why. */

static int32_t refuse(uint32_t *counter)
{
    *counter += 1u;
    return 0;
}

static void hello(link_state *link, app_state *app, uint64_t now_us)
{
    const uint16_t session = link->frame.session, seq = link->frame.seq;
    wire_hello message;
    if (wire_unpack_hello(&link->frame, &message) < 0) {
        (void)refuse(&link->decoder.counters.bad_value);
        return;
    }
    const int32_t ours = message.schema_hash == link->schema_hash
        && (message.hand_hash == 0 || message.hand_hash == hand_table_hash);
    app_event(app, GUARD_EV_SESSION);
    link->open = ours;
    link->session = session;
    link->newest = seq;
    link->heard_us = now_us;
    link->state_due.next_us = now_us + LINK_STATE_US;
    link->touch_due.next_us = now_us + LINK_TOUCH_US * 3 / 8;
    link->full_due.next_us = now_us + LINK_FULL_US / 2; /* never all three at once */
    link->log_told = log_oldest(&app->log);
    link->stats_due.next_us = now_us + LINK_STATS_US / 2 + LINK_STATE_US / 2;
    link_hello_ack(link, app, session, seq, (uint8_t)ours);
}

static int32_t arm(link_state *link, app_state *app)
{
    wire_arm message;
    if (wire_unpack_arm(&link->frame, &message) < 0 || message.schema_hash != link->schema_hash
        || message.boot_id != link_boot_id(link)) {
        return refuse(&link->decoder.counters.bad_value);
    }
    app_event(app, GUARD_EV_ARM);
    return 1;
}

/* DISARM, RELEASE and ESTOP count whatever reason is given: stopping does not depend on a code. */
static int32_t reason(link_state *link, app_state *app)
{
    const uint8_t msg = link->frame.msg;
    wire_reason message;
    if (wire_unpack_reason(&link->frame, &message) < 0) {
        (void)refuse(&link->decoder.counters.bad_value);
        if (msg == WIRE_CLEAR_FAULT) {
            return 0;
        }
    }
    app_event(app, msg == WIRE_DISARM   ? GUARD_EV_DISARM
              : msg == WIRE_CLEAR_FAULT ? GUARD_EV_CLEAR_FAULT
              : msg == WIRE_RELEASE     ? GUARD_EV_RELEASE
                                        : GUARD_EV_ESTOP);
    return 1;
}

static int32_t restart(link_state *link, app_state *app)
{
    wire_restart message;
    if (wire_unpack_restart(&link->frame, &message) < 0
        || message.boot_id != link_boot_id(link)) {
        return refuse(&link->decoder.counters.bad_value);
    }
    if (app_may_change(app)) {
        app_restart(app);
    }
    return 1;
}

uint32_t link_age_ms(uint32_t now_us, uint32_t then_us)
{
    const uint32_t gone = now_us - then_us;
    const uint32_t ahead = then_us - now_us;
    return gone <= INT32_MAX ? (gone + 999u) / 1000u : 0u - (ahead + 999u) / 1000u;
}

static int32_t command(link_state *link, app_state *app, uint64_t now_us)
{
    wire_counters *counters = &link->decoder.counters;
    wire_command message;
    guard_command wanted;
    if (wire_unpack_command(&link->frame, &message) < 0 || message.grip >= app->table.grips) {
        return refuse(&counters->bad_value);
    }
    memcpy(link->host_target, message.target, sizeof link->host_target);
    link->host_sample = message.sample;
    if (app_decoding(app) == DECODE_HAND) {
        return refuse(&counters->bad_value); /* the hand drives itself */
    }
    memset(&wanted, 0, sizeof wanted);
    wanted.emg_ms = app_ms(app) - link_age_ms((uint32_t)now_us, message.emg_us);
    wanted.sample = message.sample;
    wanted.mode = message.mode;
    wanted.valid_ms = message.valid_ms;
    wanted.frozen = message.frozen;
    for (int32_t i = 0; i < CORE_MAX_DOF; i++) {
        wanted.target[i] = (float)message.target[i] / (float)WIRE_TARGET_UNIT;
    }
    switch (app_command(app, &wanted, message.grip, message.force_cap)) {
    case GUARD_REFUSED_AGE:
    case GUARD_REFUSED_COUNTER: /* the same sample again is no newer than the last */
        return refuse(&counters->bad_stale);
    case GUARD_REFUSED_VALUE:
        return refuse(&counters->bad_value);
    default: /* fresh, or not armed: no fault of the frame */
        return 1;
    }
}

static int32_t take_time(link_state *link, uint64_t now_us)
{
    if (wire_unpack_time(&link->frame, &link->time) < 0) {
        return refuse(&link->decoder.counters.bad_value);
    }
    link->time.hand_rx_us = (uint32_t)now_us;
    link->answer_time = 1;
    return 1;
}

/* Whether the frame belongs to the session and is newer than the last. */
static int32_t admitted(link_state *link)
{
    if (!link->open || link->frame.session != link->session) {
        return refuse(&link->decoder.counters.bad_session);
    }
    if (!wire_newer(link->frame.seq, link->newest)) {
        return refuse(&link->decoder.counters.bad_sequence);
    }
    return 1;
}

static int32_t take_admitted(link_state *link, app_state *app, uint64_t now_us)
{
    if (now_us - link->heard_us >= LINK_QUIET_US) { /* the host is back: tell it at once */
        link->state_due.next_us = now_us;
    }
    link->heard_us = now_us;
    switch (link->frame.msg) {
    case WIRE_HEARTBEAT: /* that it came is all it says */
        return 1;
    case WIRE_TIME:
        return take_time(link, now_us);
    case WIRE_ARM:
        return arm(link, app);
    case WIRE_RESTART:
        return restart(link, app);
    case WIRE_DISARM:
    case WIRE_CLEAR_FAULT:
        return reason(link, app);
    case WIRE_COMMAND:
        return command(link, app, now_us);
    case WIRE_PARAM_INFO:
    case WIRE_PARAM_GET:
    case WIRE_PARAM_SET:
    case WIRE_PARAM_SAVE:
    case WIRE_PARAM_RESET:
        link_param(link, app);
        return 1;
    case WIRE_BLOB_BEGIN:
    case WIRE_BLOB_CHUNK:
    case WIRE_BLOB_COMMIT:
    case WIRE_BLOB_GET:
        return link_blob(link, app) ? 1 : refuse(&link->decoder.counters.bad_value);
    case WIRE_EMG:
        return link_emg(link, app);
    default: /* our own kind of message, come back */
        return refuse(&link->decoder.counters.bad_value);
    }
}

static void take_frame(link_state *link, app_state *app, uint64_t now_us)
{
    const uint8_t msg = link->frame.msg;
    const uint16_t session = link->frame.session, seq = link->frame.seq;
    const int32_t always = msg == WIRE_RELEASE || msg == WIRE_ESTOP;
    if (msg == WIRE_HELLO && session == 0u) { /* 0 means no session */
        (void)refuse(&link->decoder.counters.bad_session);
        return;
    }
    if (msg == WIRE_HELLO) {
        hello(link, app, now_us);
        return;
    }
    if (always ? !reason(link, app) : !admitted(link) || !take_admitted(link, app, now_us)) {
        return;
    }
    if (link->open && session == link->session && wire_newer(seq, link->newest)) {
        link->newest = seq;
    }
    if (always || msg == WIRE_ARM || msg == WIRE_DISARM || msg == WIRE_CLEAR_FAULT
        || msg == WIRE_RESTART) {
        link->answer_state = 1;
        link->answer_session = session;
        link->answer_ack = seq;
    }
}

/* When the n-th newest damaged frame came; 1 is the newest. */
static uint64_t damage_us(const link_state *link, uint32_t n)
{
    return link->damaged_us[(link->damaged - n) % LINK_DAMAGES];
}

static void watch_noise(link_state *link, uint64_t now_us)
{
    const wire_counters *c = &link->decoder.counters;
    const uint32_t damaged = c->bad_cobs + c->bad_short + c->bad_long + c->bad_crc;
    while (link->damaged != damaged) {
        link->damaged_us[link->damaged % LINK_DAMAGES] = now_us;
        link->damaged++;
    }
    link->noisy =
        now_us - damage_us(link, link->noisy ? LINK_CALM : LINK_NOISY + 1u) < LINK_NOISE_US;
}

void link_receive(link_state *link, app_state *app, uint64_t now_us)
{
    uint8_t bytes[READ_AT_ONCE];
    for (int32_t turn = 0; turn < READS_A_STEP; turn++) {
        const int32_t n = board_link_read(bytes, READ_AT_ONCE);
        int32_t at = 0;
        while (at < n) {
            int32_t used = 0;
            if (wire_decoder_feed(&link->decoder, bytes + at, n - at, &used, &link->frame)) {
                take_frame(link, app, now_us);
            }
            at += used;
        }
        if (n < READ_AT_ONCE) {
            break;
        }
    }
    watch_noise(link, now_us);
    if (link->decoder.counters.bad_version != link->bad_version) {
        link->bad_version = link->decoder.counters.bad_version;
        if (!link->open && now_us - link->refused_us >= LINK_REFUSAL_US) {
            link->refused_us = now_us;
            link_hello_ack(link, app, 0, 0, 0);
        }
    }
}
