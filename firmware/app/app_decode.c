/* SPDX-License-Identifier: MIT
 *
 * app_decode: where uploads and the hand's own chain meet the rest of the application. See app.h.
 */
#include "app.h"

#include <string.h>

static const float BELIEVED_S = 0.6f; /* and a verdict takes a frame */

int32_t app_decoding(const app_state *app)
{
    return app->params.value[PARAMS_DECODE];
}

int32_t app_moving(const app_state *app)
{
    const int32_t state = app->guard.state;
    return state == GUARD_ACTIVE || state == GUARD_STALE || state == GUARD_OPEN_ONLY;
}

blob_target app_blob_target(app_state *app)
{
    const params_state *params = &app->params;
    const int32_t kept = params->kept[PARAMS_REST_GRIP], now = params->value[PARAMS_REST_GRIP];
    const blob_target target = {.hand = &hand_table,
                                .hand_hash = hand_table_hash,
                                .table = &app->table,
                                .decode = &app->decode,
                                .least_grips = 1 + (kept > now ? kept : now)};
    return target;
}

void app_grips_changed(app_state *app)
{
    app->params.grips = app->table.grips;
    app->params.rest_grip = app->table.rest_grip;
    app->grip = app->rest_grip;
    if (app->joined != 0) {
        (void)hand_select_grip(&app->hand, &app->table, app->grip);
    }
}

/* A chain that has just begun knows no bad site yet: a flat one takes 0.5 s to be told. */
static int32_t believed(const app_state *app)
{
    return (float)app->decode.hop.samples >= BELIEVED_S * app->decode.config.rate_hz;
}

/* In one millisecond either a frame of EMG is taken (link_emg.c), or one sample goes through the
 * chain, or a hop is told of (link_send.c): what a tick costs is bounded. At 500 samples/s a backlog
 * still shrinks. */
void app_decode(app_state *app)
{
    const chain_hop *hop = &app->decode.hop;
    guard_command wanted;
    uint8_t caps[CORE_MAX_DOF];
    if (app_ms(app) == app->decoded_ms || app_decoding(app) == DECODE_HOST) {
        return;
    }
    if (!decode_waits(&app->decode)) {
        return;
    }
    if (app->link.hop_waits && app->link.open && app->link.out_n == 0) {
        return; /* this millisecond tells of the last hop, else a backlog would leave it untold */
    }
    app->decoded_ms = app_ms(app);
    if (!decode_step(&app->decode)) {
        return;
    }
    app->decoded_us = (uint32_t)app->now_us;
    app->link.tx_dropped += app->link.hop_waits ? 1u : 0u; /* nobody has heard of the last one */
    app->link.hop_waits = 1;
    if (app_decoding(app) != DECODE_HAND || !believed(app)) {
        return;
    }
    memset(caps, 255, sizeof caps);
    memset(&wanted, 0, sizeof wanted);
    wanted.emg_ms = app_ms(app) - link_age_ms((uint32_t)app->now_us, app->decode.hop_emg_us);
    wanted.sample = app->decode.hop_sample;
    wanted.mode = WIRE_MODE_VELOCITY;
    wanted.valid_ms = DECODE_VALID_MS;
    wanted.frozen = hop->frozen;
    for (int32_t d = 0; d < app->decode.config.shape.dofs; d++) {
        wanted.target[d] = (float)hop->target[d] / (float)WIRE_TARGET_UNIT;
    }
    (void)app_command(app, &wanted, app->grip, caps);
}
