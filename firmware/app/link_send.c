/* SPDX-License-Identifier: MIT
 *
 * link_send: answers and telemetry. See link.h.
 */
#include "app.h"
#include "board.h"
#include "link.h"

#include <string.h>

/* Bits of HELLO_ACK.capabilities (SPEC.md). */
enum {
    HAS_POSITION = 1,
    HAS_CURRENT = 2,
    HAS_TEMPERATURE = 4,
    HAS_BUS_WATCHDOG = 8,
    HAS_WATCHDOG = 16,
    HAS_FORCE_CAP = 32,
    HAS_PARAMETERS = 64,
    HAS_BLOBS = 128,
    HAS_SHADOW = 256,
    HAS_DECODES = 512,
    HAS_FINGERTIP_FORCE = 1024,
    HAS_TACTOR = 2048,
    HAS_LOG = 4096,
    HAS_POSITION_MODE = 8192,
    HAS_OWN_ELECTRODES = 16384
};

void link_answer(link_state *link, uint16_t session, uint16_t ack)
{
    wire_frame *frame = &link->frame;
    frame->flags = WIRE_FLAG_ACK;
    frame->session = session;
    frame->seq = link->seq;
    frame->ack = ack;
    if (!link->begun) { /* nobody knows what the line carried before */
        link->begun = 1;
        link->out[link->out_n++] = 0;
    }
    const int32_t n = wire_encode(frame, link->out + link->out_n, LINK_OUT - link->out_n);
    if (n < 0) {
        link->tx_dropped++;
        return;
    }
    link->seq++;
    link->tx_frames++;
    link->out_n += n;
}

static void queue(link_state *link)
{
    link_answer(link, link->session, link->newest);
}

static void flush(link_state *link)
{
    if (link->out_sent < link->out_n) {
        link->out_sent +=
            board_link_write(link->out + link->out_sent, link->out_n - link->out_sent);
    }
    if (link->out_sent == link->out_n) {
        link->out_sent = 0;
        link->out_n = 0;
    }
}

static int16_t scaled(float value, float unit)
{
    const float x = value * unit;
    if (!(x > -32767.0f)) { /* NaN too */
        return -32767;
    }
    if (x > 32767.0f) {
        return 32767;
    }
    return (int16_t)(x < 0.0f ? x - 0.5f : x + 0.5f);
}

void link_hello_ack(link_state *link, const app_state *app, uint16_t session, uint16_t seq,
                    uint8_t accepted)
{
    wire_hello_ack ack;
    memset(&ack, 0, sizeof ack);
    ack.schema_hash = link->schema_hash;
    ack.hand_hash = hand_table_hash;
    ack.param_hash = params_hash(&app->params);
    ack.decoder_hash = blob_in_force(&app->blob, &app->decode, BLOB_DECODER).hash;
    ack.boot_id = link_boot_id(link);
    ack.capabilities =
        HAS_POSITION | HAS_CURRENT | HAS_TEMPERATURE | HAS_BUS_WATCHDOG | HAS_FORCE_CAP
        | HAS_PARAMETERS | HAS_BLOBS | HAS_TACTOR | HAS_LOG | HAS_POSITION_MODE;
    if (app_decoding(app) != DECODE_HOST) {
        ack.capabilities |= app_decoding(app) == DECODE_HAND ? HAS_DECODES : HAS_SHADOW;
    }
    if (app->params.value[PARAMS_EMG_SOURCE] == APP_OWN_ELECTRODES) {
        ack.capabilities |= HAS_OWN_ELECTRODES;
    }
    for (int32_t k = 0; k < CORE_DIGITS; k++) {
        ack.capabilities |= hand_table.digit[k].channel >= 0 ? (uint32_t)HAS_FINGERTIP_FORCE : 0u;
    }
    if (board_has_watchdog()) {
        ack.capabilities |= HAS_WATCHDOG;
    }
    board_uid(ack.uid);
    memcpy(ack.firmware, app->update.version, sizeof ack.firmware);
    ack.accepted = accepted;
    ack.state = (uint8_t)app->guard.state;
    ack.reset_cause = board_reset_cause();
    ack.dofs = (uint8_t)hand_table.dofs;
    ack.joints = (uint8_t)hand_table.joints;
    ack.grips = (uint8_t)app->table.grips;
    memcpy(ack.name, hand_table.name, sizeof ack.name);
    if (wire_pack_hello_ack(&ack, &link->frame) >= 0) {
        link_answer(link, session, seq);
    }
}

/* Leaves the packed STATE in link->frame; 1 when it could be packed. */
static int32_t pack_state(link_state *link, const app_state *app, uint64_t now_us)
{
    const motor_state *motor = &app->motor;
    wire_state state;
    memset(&state, 0, sizeof state);
    state.hand_us = (uint32_t)now_us;
    state.command_us = app->command_us;
    state.applied_us = (uint32_t)motor->applied_us;
    state.applied_sample = motor->applied_sample;
    state.faults = (uint16_t)app->guard.faults;
    state.state = (uint8_t)app->guard.state;
    state.grip = (uint8_t)app->hand.grip;
    memcpy(state.limit, app->output.limit, sizeof state.limit);
    for (int32_t i = 0; i < motor->axes; i++) {
        state.position[i] = scaled(motor->position_deg[i], 100.0f);
        state.velocity[i] = scaled(motor->velocity_dps[i], 10.0f);
        state.current[i] = scaled(motor->current_ma[i], 1.0f);
    }
    return wire_pack_state(&state, &link->frame) >= 0;
}

static void send_state_full(link_state *link, const app_state *app, uint64_t now_us)
{
    const motor_state *motor = &app->motor;
    wire_state_full full;
    uint32_t missing = 0;
    memset(&full, 0, sizeof full);
    full.hand_us = (uint32_t)now_us;
    for (int32_t i = 0; i < motor->axes; i++) {
        const motor_axis *axis = &motor->axis[i];
        full.goal[i] = scaled(motor->goal_deg[i], 100.0f);
        full.temperature[i] = axis->temperature;
        full.voltage[i] = axis->voltage;
        full.hardware_error[i] = axis->hardware_error;
        missing |= (~motor->present >> (unsigned)i & 1u) << (unsigned)i;
    }
    full.missing[0] = (uint8_t)(missing & 255u);
    full.missing[1] = (uint8_t)(missing >> 8 & 255u);
    if (wire_pack_state_full(&full, &link->frame) >= 0) {
        queue(link);
    }
}

static void send_touch(link_state *link, const app_state *app, uint64_t now_us)
{
    const touch_state *touch = &app->touch;
    wire_touch message;
    memset(&message, 0, sizeof message);
    message.hand_us = (uint32_t)now_us;
    for (int32_t k = 0; k < CORE_DIGITS; k++) {
        const int32_t good =
            hand_table.digit[k].channel >= 0 && (touch->broken >> (unsigned)k & 1u) == 0;
        const float force = touch->digit[k].force_n * 100.0f;
        message.force[k] = !good ? (uint16_t)LINK_NO_FORCE
            : force < (float)LINK_NO_FORCE - 1.0f ? (uint16_t)force
                                                  : (uint16_t)(LINK_NO_FORCE - 1);
    }
    message.contact = (uint8_t)touch->contact;
    message.slip = (uint8_t)touch->slip;
    message.tactor = app->tactor.level;
    if (wire_pack_touch(&message, &link->frame) >= 0) {
        queue(link);
    }
}

static void send_stats(link_state *link, const app_state *app, uint64_t now_us)
{
    const motor_state *motor = &app->motor;
    wire_link_stats stats;
    memset(&stats, 0, sizeof stats);
    stats.hand_us = (uint32_t)now_us;
    stats.rx = link->decoder.counters;
    stats.tx_frames = link->tx_frames;
    stats.tx_dropped = link->tx_dropped;
    stats.bus_errors = motor->errors + motor->parser.bad_crc + motor->parser.bad_length;
    stats.bus_cycles = motor->cycles;
    if (wire_pack_link_stats(&stats, &link->frame) >= 0) {
        queue(link);
    }
}

/* Whether telemetry of this period is owed; one that is still owed when the next falls due is
 * dropped. */
static int32_t due(link_state *link, link_due *what, uint32_t period_us, uint64_t now_us)
{
    if (now_us >= what->next_us) {
        link->tx_dropped += what->waiting ? 1u : 0u;
        what->waiting = 1;
        what->next_us += period_us;
        if (what->next_us <= now_us) {
            what->next_us = now_us + period_us;
        }
    }
    if (!what->waiting || link->out_n != 0) {
        return 0;
    }
    what->waiting = 0;
    return 1;
}

/* Whether the line is free, and no telemetry falls due for as long as a LOG takes at 115200 baud. */
static int32_t free_for_long(const link_state *link, uint64_t now_us)
{
    const uint64_t until_us = now_us + LINK_LOG_US;
    return link->out_n == 0 && link->state_due.next_us >= until_us
        && link->touch_due.next_us >= until_us && link->full_due.next_us >= until_us
        && link->stats_due.next_us >= until_us;
}

void link_send(link_state *link, const app_state *app, uint64_t now_us)
{
    flush(link);
    if (link->answer_state) {
        link->answer_state = 0;
        if (pack_state(link, app, now_us)) {
            link_answer(link, link->answer_session, link->answer_ack);
        }
    }
    if (link->answer_time && link->out_n == 0) {
        link->answer_time = 0;
        link->time.hand_tx_us = (uint32_t)board_now_us();
        if (wire_pack_time(&link->time, &link->frame) >= 0) {
            queue(link);
        }
    }
    if (link->open && link->hop_waits && link->out_n == 0 && app_ms(app) != app->decoded_ms) {
        link->hop_waits = 0;
        link_decoded(link, app);
        queue(link);
    }
    if (link->open) {
        const int32_t quiet = now_us - link->heard_us >= LINK_QUIET_US;
        /* The rarest first: a narrow line then drops what there is most of, and still tells how
         * it is. */
        if (!quiet && due(link, &link->stats_due, LINK_STATS_US, now_us)) {
            send_stats(link, app, now_us);
        }
        if (!quiet && due(link, &link->full_due, LINK_FULL_US, now_us)) {
            send_state_full(link, app, now_us);
        }
        if (!quiet && due(link, &link->touch_due, LINK_TOUCH_US, now_us)) {
            send_touch(link, app, now_us);
        }
        if (due(link, &link->state_due, quiet ? LINK_SLOW_STATE_US : LINK_STATE_US, now_us)
            && pack_state(link, app, now_us)) {
            queue(link);
        }
        if (!quiet && free_for_long(link, now_us) && link_log(link, app, now_us)) {
            queue(link);
        }
    }
    flush(link);
}
