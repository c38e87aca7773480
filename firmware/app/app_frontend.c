/* SPDX-License-Identifier: MIT
 *
 * app_frontend: the hand's own electrodes (ads1299.h) as the source of its chain, when the parameter
 * `emg_source` says so. Site i of the calibration is channel i. See app.h.
 */
#include "app.h"

#include "board.h"

#include <math.h>

static const float SAME_SCALE = 1e-3f; /* the calibration's microvolts per count, to this share */

static int32_t wanted(const app_state *app)
{
    return app->params.value[PARAMS_EMG_SOURCE] == APP_OWN_ELECTRODES
        && app_decoding(app) != DECODE_HOST && app->decode.ready;
}

/* The gain at which a count is what the calibration takes it for; 0: at none. */
static int32_t gain_of(const chain_config *config)
{
    static const int32_t GAINS[] = {24, 12, 8, 6, 4, 2, 1};
    for (uint32_t i = 0; i < sizeof GAINS / sizeof GAINS[0]; i++) {
        const float uv = ads1299_uv(GAINS[i]);
        if (fabsf(config->uv_per_count - uv) <= SAME_SCALE * uv) {
            return GAINS[i];
        }
    }
    return 0;
}

static void begin(app_state *app)
{
    const chain_config *config = &app->decode.config;
    ads1299_config front;
    ads1299_defaults(&front, config->sites);
    front.rate_sps = (int32_t)config->rate_hz;
    front.gain = gain_of(config);
    app->front_tried = 1;
    decode_stop(&app->decode);
    if (ads1299_init(&app->front, &front, app->now_us) != CORE_OK) {
        log_say(&app->log, app->now_us, LOG_ERROR,
                "The calibration does not fit the front end: upload one made for its board.");
    }
}

/* Into the queue. A chain begins only while nothing moves; a front end that failed meanwhile has
 * not counted what was lost, so what comes behind is another chain's. */
static void take(app_state *app)
{
    ads1299_sample came;
    decode_sample sample = {0};
    if (app->front.restarts != app->front_restarts) {
        app->front_restarts = app->front.restarts;
        decode_stop(&app->decode);
    }
    if (!ads1299_take(&app->front, &came) || (!app->decode.begun && app_moving(app))) {
        return;
    }
    sample.sample = came.counter;
    sample.emg_us = (uint32_t)came.time_us;
    for (int32_t i = 0; i < app->decode.config.sites; i++) {
        sample.counts[i] = came.counts[i];
    }
    (void)decode_take(&app->decode, app->decode.begun ? app->decode.start : came.counter, &sample);
}

void app_frontend(app_state *app)
{
    if (!wanted(app)) {
        app->front_tried = 0;
        if (app->front.stage != ADS1299_OFF) {
            app->front.stage = ADS1299_OFF;
            board_frontend_reset(1);
            decode_stop(&app->decode);
        }
        return;
    }
    if (!app->front_tried) {
        begin(app);
    }
    ads1299_step(&app->front, app->now_us);
    if (app->front.error != app->front_error) {
        app->front_error = app->front.error;
        if (app->front_error != ADS1299_FINE) {
            log_say(&app->log, app->now_us, LOG_ERROR, ads1299_says(app->front_error));
        }
    }
    take(app);
}
