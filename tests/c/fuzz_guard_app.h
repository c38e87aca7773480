/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * fuzz_guard_app: what link.c asks for beside the guard, and fuzz_guard.c, which alone includes this,
 * does not judge: nothing of it moves anything.
 */
#ifndef ENDPLATE_FUZZ_GUARD_APP_H
#define ENDPLATE_FUZZ_GUARD_APP_H

#include "app.h"

void link_hello_ack(link_state *link, const app_state *of, uint16_t session, uint16_t ack,
                    uint8_t accepted)
{
    (void)link, (void)of, (void)session, (void)ack, (void)accepted;
}

/* Parameters, blobs and firmware stay as they are, and the host drives. */
void link_param(link_state *link, app_state *of) { (void)link, (void)of; }
int32_t link_blob(link_state *link, app_state *of) { return (void)link, (void)of, 1; }
int32_t link_emg(link_state *link, app_state *of) { return (void)link, (void)of, 1; }
int32_t app_decoding(const app_state *of) { return (void)of, DECODE_HOST; }
int32_t app_may_change(const app_state *of) { return (void)of, 0; }
void app_restart(app_state *of) { (void)of; }
uint32_t log_oldest(const log_state *from) { return (void)from, 0; }

#endif
