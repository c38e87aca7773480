/* SPDX-License-Identifier: MIT
 *
 * link_emg: samples from the host into the hand's own chain, and what that made of them back to the
 * host. See link.h, decode.h.
 */
#include "app.h"
#include "link.h"

#include <string.h>

static int32_t refuse(uint32_t *counter)
{
    *counter += 1u;
    return 0;
}

/* One frame into the queue; counts why not. */
int32_t link_emg(link_state *link, app_state *app)
{
    wire_counters *counters = &link->decoder.counters;
    decode_state *decode = &app->decode;
    wire_emg emg;
    if (app_decoding(app) == DECODE_HOST || !decode->ready
        || wire_unpack_emg(&link->frame, &emg) < 0 || emg.sites != decode->config.sites) {
        return refuse(&counters->bad_value);
    }
    if (app->params.value[PARAMS_EMG_SOURCE] != APP_EMG_FROM_LINK) {
        return refuse(&counters->bad_value);
    }
    /* A chain that begins knows no bad site yet, and takes long. Where the hand's own drives, that
     * holds when a gap has ended it, too. */
    if (app_moving(app)
        && (decode->begun ? emg.start != decode->start : app_decoding(app) == DECODE_HAND)) {
        return refuse(&counters->bad_value);
    }
    app->decoded_ms = app_ms(app); /* its samples have their turns in the next ones */
    const int32_t status = decode_take_frame(decode, &emg);
    if (status == DECODE_OLD || status == DECODE_LOST) {
        return refuse(&counters->bad_stale);
    }
    if (status != DECODE_OK) {
        return refuse(&counters->bad_value);
    }
    return 1;
}

void link_decoded(link_state *link, const app_state *app)
{
    const decode_state *decode = &app->decode;
    wire_decoded told;
    memset(&told, 0, sizeof told);
    told.sample = decode->hop_sample;
    told.hop_hash = decode_hash(&decode->config, &decode->hop);
    told.hand_us = app->decoded_us;
    told.start = decode->start;
    told.filled = decode->filled;
    told.drives = app_decoding(app) == DECODE_HAND;
    told.frozen = (uint8_t)decode->hop.frozen;
    memcpy(told.target, decode->hop.target, sizeof told.target);
    memcpy(told.host, link->host_target, sizeof told.host);
    told.host_sample = link->host_sample;
    (void)wire_pack_decoded(&told, &link->frame);
}
