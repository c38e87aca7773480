/* SPDX-License-Identifier: MIT
 *
 * link_param: the messages of the parameters. Each is answered at once, whatever comes of it. See
 * link.h, params.h.
 */
#include "app.h"
#include "link.h"

#include <string.h>

_Static_assert((int)WIRE_PARAM_GRIP == (int)PARAMS_GRIP
                   && (int)WIRE_PARAM_MILLI == (int)PARAMS_MILLI,
               "types are the wire's");
_Static_assert((int)WIRE_PARAM_CONTRADICTS == (int)PARAMS_CONTRADICTS
                   && (int)WIRE_PARAM_NOT_KEPT == (int)PARAMS_NOT_KEPT,
               "status codes are the wire's");
_Static_assert((int)WIRE_STORE_DAMAGED == (int)STORE_DAMAGED
                   && (int)WIRE_STORE_OTHER == (int)STORE_OTHER,
               "states of the store are the wire's");
_Static_assert((int)PARAMS_COUNT < (int)WIRE_PARAM_ALL, "an index fits");

static void text(uint8_t *to, size_t room, const char *from)
{
    const size_t n = strlen(from);
    memcpy(to, from, n < room ? n : room); /* the rest is 0 already */
}

static void describe(link_state *link, const app_state *app, uint8_t index)
{
    wire_param_description told;
    params_info info;
    memset(&told, 0, sizeof told);
    told.index = index;
    told.count = PARAMS_COUNT;
    told.status = WIRE_PARAM_UNKNOWN;
    if (params_describe(&app->params, index, &info) == PARAMS_OK) {
        told.status = WIRE_PARAM_OK;
        told.type = (uint8_t)info.type;
        told.low = info.low;
        told.high = info.high;
        told.factory = info.factory;
        text(told.name, sizeof told.name, info.name);
        text(told.unit, sizeof told.unit, info.unit);
        text(told.text, sizeof told.text, info.text);
    }
    (void)wire_pack_param_description(&told, &link->frame);
}

/* SET, SAVE, RESET: only while nothing can move; what they name is looked at first. */
static int32_t change(app_state *app, uint8_t asked, const wire_param_set *given)
{
    params_state *params = &app->params;
    const int32_t all = given->index == WIRE_PARAM_ALL && asked != WIRE_PARAM_SET;
    int32_t status;
    if (!all && (given->index >= PARAMS_COUNT || asked == WIRE_PARAM_SAVE)) {
        return WIRE_PARAM_UNKNOWN;
    }
    if (app->guard.state != GUARD_DISARMED && app->guard.state != GUARD_FAULT) {
        return WIRE_PARAM_NOT_DISARMED;
    }
    if (asked == WIRE_PARAM_SAVE) {
        status = params_save(params);
    } else if (asked == WIRE_PARAM_RESET) {
        status = params_reset(params, all ? -1 : given->index);
    } else {
        status = params_set(params, given->index, given->type, given->value);
    }
    app_params_changed(app);
    return status;
}

static void answer(link_state *link, const app_state *app, uint8_t asked, uint8_t index,
                   int32_t status)
{
    const params_state *params = &app->params;
    wire_param_value told;
    params_info info;
    memset(&told, 0, sizeof told);
    told.param_hash = params_hash(params);
    told.index = index;
    told.status = (uint8_t)status;
    told.asked = asked;
    told.store = (uint8_t)params->found;
    told.count = PARAMS_COUNT;
    if (params_describe(params, index, &info) == PARAMS_OK) {
        told.value = params->value[index];
        told.kept = params->kept[index];
        told.type = (uint8_t)info.type;
    }
    (void)wire_pack_param_value(&told, &link->frame);
}

void link_param(link_state *link, app_state *app)
{
    const uint8_t asked = link->frame.msg;
    const uint16_t session = link->frame.session, seq = link->frame.seq;
    wire_param_set given;
    wire_param which = {0};
    memset(&given, 0, sizeof given);
    /* None of them has a range, so neither can refuse. */
    if (asked == WIRE_PARAM_SET) {
        (void)wire_unpack_param_set(&link->frame, &given);
    } else {
        (void)wire_unpack_param(&link->frame, &which);
        given.index = which.index;
    }
    if (asked == WIRE_PARAM_INFO) {
        describe(link, app, given.index);
    } else if (asked == WIRE_PARAM_GET) {
        const int32_t known = given.index < PARAMS_COUNT;
        answer(link, app, asked, given.index, known ? WIRE_PARAM_OK : WIRE_PARAM_UNKNOWN);
    } else {
        const int32_t status = change(app, asked, &given);
        answer(link, app, asked, given.index, status);
    }
    link_answer(link, session, seq);
}
