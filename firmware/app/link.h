/* SPDX-License-Identifier: MIT
 *
 * link: bytes -> wire -> guard, and back. The only file of the application that knows the wire.
 *
 * Session   SPEC.md, "Session". A HELLO with our schema hash and our hand's hash (or 0) opens
 *           the session its frame names and disarms; any other is answered with accepted = 0,
 *           and none is open then. RELEASE and ESTOP need no session and no sequence.
 * Refusals  are counted and change nothing: not the acknowledgement, not the sequence. One kind is
 *           answered: when frames of another wire version come and no session is open, a
 *           HELLO_ACK with accepted = 0, at most five times a second, shows the host which
 *           version this hand speaks.
 * Noise     more than LINK_NOISY damaged frames within LINK_NOISE_US, until fewer than LINK_CALM of
 *           them: `noisy`, of which the guard makes a fault bit and a bound of the speed.
 * Answers   TIME at once, with when the question came and when the answer left. ARM, DISARM,
 *           CLEAR_FAULT, RELEASE, ESTOP by an immediate STATE that carries the sequence number
 *           as ack. PARAM_ messages at once by PARAM_VALUE or PARAM_DESCRIPTION, BLOB_ messages by
 *           BLOB_STATUS, every hop of the hand's own chain by DECODED.
 * Telemetry STATE 50 Hz, TOUCH 25 Hz, STATE_FULL 10 Hz, LINK_STATS 1 Hz, only into an empty line: what does
 *           not fit is dropped and counted, so nothing old is ever sent. Begins with a session;
 *           when nothing has come from the host for half a second it falls to two STATE a second.
 * LOG       A session is told the sentences that are kept (log.h), then each new one: only into an
 *           empty line and with no telemetry due for LINK_LOG_US, so that no STATE has to wait for
 *           one. One that gave way before it was sent is counted as dropped.
 */
#ifndef ENDPLATE_LINK_H
#define ENDPLATE_LINK_H

#include "wire.h"

struct app_state;

enum link_times {
    LINK_STATE_US = 20000,
    LINK_TOUCH_US = 40000,
    LINK_FULL_US = 100000,
    LINK_STATS_US = 1000000,
    LINK_QUIET_US = 500000, /* after the host's last frame */
    LINK_SLOW_STATE_US = 500000,
    LINK_REFUSAL_US = 200000,
    LINK_NOISE_US = 1000000,
    LINK_LOG_US = 10000,
    LINK_LOG_OLD_US = 1800000000 /* half an hour: the wire's clock goes round in 71 minutes */
};

enum { LINK_NOISY = 20, LINK_CALM = 5 /* frames */, LINK_DAMAGES = 32 /* power of 2 */ };
enum { LINK_NO_FORCE = 65535 }; /* TOUCH: no sensor, or a broken one */

enum { LINK_OUT = 4 * WIRE_MAX_FRAME /* bytes that may wait for the line */ };

typedef struct link_due {
    uint64_t next_us;
    int32_t waiting; /* due, but the line has not been empty since */
} link_due;

typedef struct link_state {
    wire_decoder decoder;
    wire_frame frame; /* last received, or being sent */
    uint8_t out[LINK_OUT];
    int32_t out_n, out_sent;

    uint32_t schema_hash; /* what we answer */
    uint32_t boot_id;
    int32_t has_boot_id;
    uint16_t session;     /* the open one */
    int32_t open;
    uint16_t newest;      /* sequence number of the session's newest frame accepted */
    uint16_t seq;         /* of our next frame */
    int32_t begun;        /* our first frame has been sent: a 00 goes before it */
    uint64_t heard_us;
    uint64_t refused_us;  /* when another version was last answered */
    uint32_t bad_version; /* of the decoder's counter, already seen */
    uint32_t damaged;     /* frames, of the decoder's counters, already seen */
    uint64_t damaged_us[LINK_DAMAGES]; /* when the newest of them came */
    int32_t noisy;

    int32_t answer_state;    /* an acknowledging STATE is owed, */
    uint16_t answer_session; /* under this session number, */
    uint16_t answer_ack;     /* to this frame */
    int32_t answer_time;  /* a TIME answer is owed */
    wire_time time;
    link_due state_due, touch_due, full_due, stats_due;
    uint32_t log_told; /* number of the next sentence for this session */
    int32_t hop_waits;    /* a DECODED is owed */
    int16_t host_target[WIRE_MAX_DOF]; /* of the newest COMMAND, */
    uint32_t host_sample;              /* and its counter */
    uint32_t tx_frames, tx_dropped;
} link_state;

void link_init(link_state *link, uint64_t now_us);
/* Takes what has come and raises its events in the guard. */
void link_receive(link_state *link, struct app_state *app, uint64_t now_us);
/* Answers and telemetry; then as many bytes as the line takes. */
void link_send(link_state *link, const struct app_state *app, uint64_t now_us);

/* link_send.c, for link.c. */
uint32_t link_boot_id(link_state *link);
/* Answers a HELLO that came under this session number and sequence number. */
void link_hello_ack(link_state *link, const struct app_state *app, uint16_t session, uint16_t seq,
                    uint8_t accepted);
/* Queues link->frame, whose payload is packed, under a session number and as an answer to frame
 * `ack`. Dropped and counted when too much waits: then the host asks again. */
void link_answer(link_state *link, uint16_t session, uint16_t ack);
/* link_param.c, for link.c: takes a PARAM_ message of the open session and answers it. */
void link_param(link_state *link, struct app_state *app);
/* link_log.c, for link_send.c: packs the next sentence into link->frame; 0 when there is none. */
int32_t link_log(link_state *link, const struct app_state *app, uint64_t now_us);
/* link_blob.c: the same for BLOB_; 0 when it could not be unpacked. */
int32_t link_blob(link_state *link, struct app_state *app);
/* link_emg.c: takes an EMG, 0 when it was refused and counted; packs a DECODED into link->frame. */
int32_t link_emg(link_state *link, struct app_state *app);
void link_decoded(link_state *link, const struct app_state *app);
/* link.c: milliseconds from `then_us` (the wire's) to now, rounded away from fresh. */
uint32_t link_age_ms(uint32_t now_us, uint32_t then_us);

#endif
