/* SPDX-License-Identifier: MIT
 *
 * wire: the only codec between host and hand. Bytes, no physics.
 *
 *   line: COBS( version|flags u8, msg u8, session u16, seq u16, ack u16, payload, crc u32 ) 00
 *
 * Little-endian throughout. A message has one exact payload length; a frame of another length is
 * refused. The CRC (CRC-32C, Castagnoli) covers header and payload. SPEC.md has the byte tables,
 * the ranges and worked examples.
 *
 * Memory belongs to the caller; nothing here allocates, blocks, reads a clock or keeps a global.
 * Functions return >= 0 (a count) or a negative wire_status.
 *
 * This header is also what host and hand compare: WIRE_SCHEMA_HASH is the CRC-32C of this file
 * without comments and white space (protocol/schema_hash.py), handed to the compiler by the build.
 */
#ifndef ENDPLATE_WIRE_H
#define ENDPLATE_WIRE_H

#include <stdint.h>

enum wire_limits {
    WIRE_VERSION = 1,       /* upper four bits of the first byte */
    WIRE_MAX_DOF = 8,
    WIRE_MAX_JOINTS = 10,
    WIRE_MAX_PAYLOAD = 160, /* bytes */
    WIRE_HEADER = 8,
    WIRE_CRC = 4,
    WIRE_MAX_BODY = 172,  /* header + payload + crc, before COBS */
    WIRE_MAX_FRAME = 174, /* one COBS code byte more (body < 254), and the delimiter */
    WIRE_TARGET_UNIT = 10000, /* COMMAND target of 1.0, full velocity in the positive direction */
    WIRE_NAME = 16,
    WIRE_PARAM_ALL = 255, /* index of PARAM_SAVE, PARAM_RESET: every parameter */
    WIRE_PARAM_NAME = 20,
    WIRE_PARAM_UNIT = 8,
    WIRE_PARAM_TEXT = 80
};

enum wire_status {
    WIRE_OK = 0,
    WIRE_BAD_ARGUMENT = -1,
    WIRE_TOO_SMALL = -2,   /* the caller's buffer */
    WIRE_BAD_LENGTH = -3,  /* payload length unlike the message's */
    WIRE_BAD_MESSAGE = -4, /* no such message */
    WIRE_BAD_VALUE = -5    /* a field outside its range */
};

/* flags: lower four bits of the first byte */
enum wire_flag {
    WIRE_FLAG_ACK = 1 /* `ack` is the seq of the newest frame accepted from the peer */
};

enum wire_message {
    WIRE_HELLO = 1,       /* host -> hand: open a session. Acknowledged by HELLO_ACK */
    WIRE_HELLO_ACK = 2,   /* hand -> host: who I am */
    WIRE_HEARTBEAT = 3,   /* host -> hand: I am here. Never feeds the motion watchdog */
    WIRE_TIME = 4,        /* both ways: clock exchange */
    WIRE_ARM = 5,         /* host -> hand. 5 to 9 are acknowledged by a STATE */
    WIRE_DISARM = 6,      /* host -> hand */
    WIRE_CLEAR_FAULT = 7, /* host -> hand */
    WIRE_RELEASE = 8,     /* host -> hand: open slowly. Needs no session */
    WIRE_ESTOP = 9,       /* host -> hand: drive off, latched. Needs no session */
    WIRE_COMMAND = 16,    /* host -> hand, real time, latest wins */
    WIRE_STATE = 32,      /* hand -> host, fast */
    WIRE_STATE_FULL = 33, /* hand -> host, slow: what changes slowly */
    WIRE_LINK_STATS = 34, /* hand -> host, once a second */
    WIRE_PARAM_INFO = 48, /* host -> hand. Answered by PARAM_DESCRIPTION */
    WIRE_PARAM_GET = 49,  /* host -> hand. 49 to 52 are answered by PARAM_VALUE */
    WIRE_PARAM_SET = 50,  /* host -> hand, disarmed: in force at once, until the hand restarts */
    WIRE_PARAM_SAVE = 51, /* host -> hand, disarmed: keeps what is in force over power loss */
    WIRE_PARAM_RESET = 52, /* host -> hand, disarmed: one or all as compiled; not yet kept */
    WIRE_PARAM_VALUE = 53, /* hand -> host */
    WIRE_PARAM_DESCRIPTION = 54 /* hand -> host */
};

/* ---- payloads: unpacked forms; pack and unpack write and read the bytes of SPEC.md ---- */

typedef struct wire_hello {
    uint32_t schema_hash;
    uint32_t host_us;  /* sender's monotonic clock, microseconds, wraps */
    uint32_t hand_hash; /* of the hand file the host holds (SPEC.md); 0 = not known */
} wire_hello;

typedef struct wire_hello_ack {
    uint32_t schema_hash;
    uint32_t hand_hash;    /* of the hand file compiled in */
    uint32_t param_hash;
    uint32_t decoder_hash; /* 0 = none on the hand */
    uint32_t boot_id;      /* differs at every boot */
    uint32_t capabilities; /* bits, SPEC.md */
    uint8_t uid[12];
    uint8_t firmware[3];   /* major, minor, patch */
    uint8_t accepted;      /* 1: session open. 0: refused, the hashes say why */
    uint8_t state;         /* guard state */
    uint8_t reset_cause;   /* SPEC.md */
    uint8_t dofs;
    uint8_t joints;
    uint8_t grips;
    uint8_t name[WIRE_NAME]; /* of the hand, UTF-8, zero padded */
} wire_hello_ack;

typedef struct wire_heartbeat {
    uint32_t host_us;
} wire_heartbeat;

typedef struct wire_time {
    uint32_t host_us;    /* when the host sent the question; echoed */
    uint32_t hand_rx_us; /* 0 in the question */
    uint32_t hand_tx_us; /* 0 in the question */
} wire_time;

typedef struct wire_arm {
    uint32_t schema_hash; /* again: an ARM from another schema arms nothing */
    uint32_t boot_id;     /* of the HELLO_ACK: a hand that rebooted in between does not arm */
} wire_arm;

/* DISARM, CLEAR_FAULT, RELEASE, ESTOP carry this. */
typedef struct wire_reason {
    uint8_t reason; /* 0 = user, 1 = host shuts down, 2 = host saw a fault */
} wire_reason;

enum wire_mode { WIRE_MODE_HOLD = 0, WIRE_MODE_VELOCITY = 1 };

typedef struct wire_command {
    uint8_t mode;
    uint8_t valid_ms;  /* how long this may drive the hand; the hand caps it */
    uint8_t grip;
    uint8_t frozen;    /* bit per DoF: the host froze it (a site it needs is bad) */
    uint32_t emg_us;   /* when its newest EMG sample was taken, on the HAND's clock (TIME) */
    uint32_t sample;   /* counter of that sample: must advance */
    int16_t target[WIRE_MAX_DOF]; /* velocity, +-WIRE_TARGET_UNIT */
    uint8_t force_cap[WIRE_MAX_DOF]; /* 255 = the hand's own limit */
} wire_command;

typedef struct wire_state {
    uint32_t hand_us;      /* when this was packed */
    uint32_t command_us;   /* when the newest fresh COMMAND arrived, hand clock */
    uint32_t applied_us;   /* when the motor goals made from it went to the bus, hand clock */
    uint32_t applied_sample; /* its sample counter */
    uint16_t faults;       /* bits, guard.h */
    uint8_t state;         /* guard state */
    uint8_t grip;
    uint8_t limit[WIRE_MAX_DOF];        /* what limits each DoF now, guard.h */
    int16_t position[WIRE_MAX_JOINTS];  /* 0.01 degree */
    int16_t velocity[WIRE_MAX_JOINTS];  /* 0.1 degree/s */
    int16_t current[WIRE_MAX_JOINTS];   /* mA */
} wire_state;

typedef struct wire_state_full {
    uint32_t hand_us;
    int16_t goal[WIRE_MAX_JOINTS];          /* 0.01 degree, as written to the motor bus */
    uint8_t temperature[WIRE_MAX_JOINTS];   /* degree Celsius */
    uint8_t voltage[WIRE_MAX_JOINTS];       /* 0.1 V */
    uint8_t hardware_error[WIRE_MAX_JOINTS];/* actuator's own error bits */
    uint8_t missing[2];                     /* bit per joint: its actuator does not answer */
} wire_state_full;

/* Why bytes or frames were refused, and how many were not. */
typedef struct wire_counters {
    uint32_t bytes;        /* seen */
    uint32_t frames;       /* accepted */
    uint32_t bad_cobs;     /* a code byte that points past the delimiter */
    uint32_t bad_short;    /* shorter than header and CRC */
    uint32_t bad_long;     /* longer than WIRE_MAX_BODY: dropped up to the next delimiter */
    uint32_t bad_crc;
    uint32_t bad_version;
    uint32_t bad_message;
    uint32_t bad_length;   /* not the message's exact length */
    uint32_t bad_session;  /* counted by the receiver of the frame */
    uint32_t bad_sequence; /* duplicate or old; counted by the receiver of the frame */
    uint32_t bad_value;    /* a field outside its range; counted by the receiver of the frame */
    uint32_t bad_stale;    /* COMMAND whose EMG is too old or of the future; by the receiver */
} wire_counters;

typedef struct wire_link_stats {
    uint32_t hand_us;
    wire_counters rx;     /* host -> hand, as the hand saw it */
    uint32_t tx_frames;
    uint32_t tx_dropped;  /* telemetry not sent because the line was full */
    uint32_t bus_errors;  /* motor bus: bad or missing replies */
    uint32_t bus_cycles;
} wire_link_stats;

/* ---- parameters ---- */

/* Every value is an i32, so that it compares and prints exactly and no NaN exists; its type says
 * what one of it is. */
enum wire_param_type {
    WIRE_PARAM_WHOLE = 0, /* of its unit */
    WIRE_PARAM_MILLI = 1, /* thousandths of its unit */
    WIRE_PARAM_GRIP = 2   /* index into the hand file's grips */
};

enum wire_param_status {
    WIRE_PARAM_OK = 0,
    WIRE_PARAM_UNKNOWN = 1,      /* no such index */
    WIRE_PARAM_WRONG_TYPE = 2,
    WIRE_PARAM_OUT_OF_RANGE = 3,
    WIRE_PARAM_CONTRADICTS = 4,  /* in its range, but not together with the others in force */
    WIRE_PARAM_NOT_DISARMED = 5, /* SET, SAVE, RESET: only in the guard's disarmed or fault */
    WIRE_PARAM_NOT_KEPT = 6      /* SAVE: the flash did not take it; what it kept before it keeps */
};

/* How the store was found at boot, or left by the newest SAVE. */
enum wire_param_store {
    WIRE_STORE_BLANK = 0,   /* nothing kept: as compiled */
    WIRE_STORE_KEPT = 1,
    WIRE_STORE_OLDER = 2,   /* a record does not check; the newest that does was taken */
    WIRE_STORE_DAMAGED = 3, /* none checks: as compiled, and a fault until SAVE or RESET */
    WIRE_STORE_OTHER = 4    /* kept by a firmware with other parameters: as compiled */
};

/* PARAM_INFO, PARAM_GET, PARAM_SAVE, PARAM_RESET carry this. */
typedef struct wire_param {
    uint8_t index; /* 0 .. count - 1 */
} wire_param;

typedef struct wire_param_set {
    int32_t value;
    uint8_t index;
    uint8_t type; /* wire_param_type the host takes it for */
} wire_param_set;

typedef struct wire_param_value {
    int32_t value;       /* in force now */
    int32_t kept;        /* in force after the next restart */
    uint32_t param_hash; /* of all in force, as in HELLO_ACK */
    uint8_t index;
    uint8_t type;
    uint8_t status;      /* wire_param_status */
    uint8_t asked;       /* message number this answers */
    uint8_t store;       /* wire_param_store */
    uint8_t count;       /* of parameters */
} wire_param_value;

typedef struct wire_param_description {
    int32_t low, high; /* range */
    int32_t factory;   /* as compiled */
    uint8_t index;
    uint8_t type;
    uint8_t status;    /* WIRE_PARAM_OK or WIRE_PARAM_UNKNOWN, and then the rest is 0 */
    uint8_t count;
    uint8_t name[WIRE_PARAM_NAME]; /* these three UTF-8, zero padded */
    uint8_t unit[WIRE_PARAM_UNIT];
    uint8_t text[WIRE_PARAM_TEXT]; /* what it does */
} wire_param_description;

/* ---- frames ---- */

typedef struct wire_frame {
    uint8_t flags;
    uint8_t msg;
    uint16_t session;
    uint16_t seq;
    uint16_t ack;
    int32_t length; /* of the payload */
    uint8_t payload[WIRE_MAX_PAYLOAD];
} wire_frame;

typedef struct wire_decoder {
    uint8_t body[WIRE_MAX_FRAME];
    int32_t fill;
    int32_t skipping; /* 1: too long, waiting for a delimiter */
    wire_counters counters;
} wire_decoder;

/* CRC-32C of n bytes; start with 0, or with the CRC of what lay before them. */
uint32_t wire_crc32c(uint32_t crc, const uint8_t *bytes, int32_t n);

/* COBS without the delimiter. Both return the bytes written; decode may work in place. */
int32_t wire_cobs_encode(const uint8_t *in, int32_t n, uint8_t *out, int32_t capacity);
int32_t wire_cobs_decode(const uint8_t *in, int32_t n, uint8_t *out, int32_t capacity);

uint32_t wire_schema_hash(void);
int32_t wire_payload_length(uint8_t msg); /* WIRE_BAD_MESSAGE for an unknown one */

/* Bytes of the whole frame with its delimiter. `ack` goes out as 0 without WIRE_FLAG_ACK. */
int32_t wire_encode(const wire_frame *frame, uint8_t *out, int32_t capacity);

void wire_decoder_init(wire_decoder *decoder);
/* Feeds bytes until one frame is complete or all are used. Returns 1 with *frame filled, else 0.
 * *used = how many bytes were taken; call again with the rest. Never fails: what is wrong is
 * counted. Flags it does not know are kept in frame->flags and change nothing. */
int32_t wire_decoder_feed(wire_decoder *decoder, const uint8_t *bytes, int32_t n, int32_t *used,
                          wire_frame *frame);

/* 1 when seq `now` is newer than `last` (16-bit circle). */
int32_t wire_newer(uint16_t now, uint16_t last);

/* pack: struct -> payload bytes, sets frame->msg and frame->length and returns the length; the
 * caller sets the rest of the header. unpack: the reverse, WIRE_OK. Either refuses with
 * WIRE_BAD_VALUE (a field outside its range), WIRE_BAD_MESSAGE or WIRE_BAD_LENGTH, and then
 * leaves its output as it was. */
int32_t wire_pack_hello(const wire_hello *in, wire_frame *frame);
int32_t wire_unpack_hello(const wire_frame *frame, wire_hello *out);
int32_t wire_pack_hello_ack(const wire_hello_ack *in, wire_frame *frame);
int32_t wire_unpack_hello_ack(const wire_frame *frame, wire_hello_ack *out);
int32_t wire_pack_heartbeat(const wire_heartbeat *in, wire_frame *frame);
int32_t wire_unpack_heartbeat(const wire_frame *frame, wire_heartbeat *out);
int32_t wire_pack_time(const wire_time *in, wire_frame *frame);
int32_t wire_unpack_time(const wire_frame *frame, wire_time *out);
int32_t wire_pack_arm(const wire_arm *in, wire_frame *frame);
int32_t wire_unpack_arm(const wire_frame *frame, wire_arm *out);
int32_t wire_pack_reason(uint8_t msg, const wire_reason *in, wire_frame *frame);
int32_t wire_unpack_reason(const wire_frame *frame, wire_reason *out);
int32_t wire_pack_command(const wire_command *in, wire_frame *frame);
int32_t wire_unpack_command(const wire_frame *frame, wire_command *out);
int32_t wire_pack_state(const wire_state *in, wire_frame *frame);
int32_t wire_unpack_state(const wire_frame *frame, wire_state *out);
int32_t wire_pack_state_full(const wire_state_full *in, wire_frame *frame);
int32_t wire_unpack_state_full(const wire_frame *frame, wire_state_full *out);
int32_t wire_pack_link_stats(const wire_link_stats *in, wire_frame *frame);
int32_t wire_unpack_link_stats(const wire_frame *frame, wire_link_stats *out);
int32_t wire_pack_param(uint8_t msg, const wire_param *in, wire_frame *frame);
int32_t wire_unpack_param(const wire_frame *frame, wire_param *out);
int32_t wire_pack_param_set(const wire_param_set *in, wire_frame *frame);
int32_t wire_unpack_param_set(const wire_frame *frame, wire_param_set *out);
int32_t wire_pack_param_value(const wire_param_value *in, wire_frame *frame);
int32_t wire_unpack_param_value(const wire_frame *frame, wire_param_value *out);
int32_t wire_pack_param_description(const wire_param_description *in, wire_frame *frame);
int32_t wire_unpack_param_description(const wire_frame *frame, wire_param_description *out);

#endif
