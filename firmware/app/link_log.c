/* SPDX-License-Identifier: MIT
 *
 * link_log: sentences of log.h for the host. See link.h.
 */
#include "app.h"
#include "link.h"

#include <string.h>

_Static_assert((int)WIRE_LOG_TEXT == (int)LOG_TEXT, "a sentence fits its message");

/* Takes the next one to be told; NULL when all are. */
static const log_line *next(link_state *link, const log_state *from, uint64_t now_us)
{
    const log_line *line = NULL;
    if ((int32_t)(log_oldest(from) - link->log_told) > 0) { /* given way before they were sent */
        link->tx_dropped += log_oldest(from) - link->log_told;
        link->log_told = log_oldest(from);
    }
    while (line == NULL && link->log_told != from->next) {
        line = &from->line[link->log_told % LOG_KEPT];
        link->log_told++;
        if (now_us - line->us > LINK_LOG_OLD_US) { /* the wire's clock could not tell when */
            line = NULL;
        }
    }
    return line;
}

int32_t link_log(link_state *link, const app_state *app, uint64_t now_us)
{
    wire_log told;
    const log_line *line = next(link, &app->log, now_us);
    if (line == NULL) {
        return 0;
    }
    memset(&told, 0, sizeof told);
    told.hand_us = (uint32_t)line->us;
    told.level = line->level;
    memcpy(told.text, line->text, sizeof told.text);
    return wire_pack_log(&told, &link->frame) >= 0;
}
