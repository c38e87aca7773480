/* SPDX-License-Identifier: MIT
 *
 * wire_messages: which messages there are and what each carries, unpacked. pack and unpack of wire.h
 * write and read the bytes of SPEC.md, which has ranges and meanings in full.
 */
#ifndef ENDPLATE_WIRE_MESSAGES_H
#define ENDPLATE_WIRE_MESSAGES_H

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
    WIRE_PARAM_TEXT = 80,
    WIRE_MAX_DIGITS = 5,   /* thumb, index, middle, ring, little */
    WIRE_BLOB_BYTES = 144, /* of one BLOB_CHUNK */
    WIRE_EMG_BYTES = 120,  /* of one EMG: 5 samples of 8 sites */
    WIRE_LOG_TEXT = 96
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
    WIRE_RESTART = 11,    /* host -> hand, disarmed: begin again. Acknowledged by a STATE */
    WIRE_COMMAND = 16,    /* host -> hand, real time, latest wins */
    WIRE_STATE = 32,      /* hand -> host, fast */
    WIRE_STATE_FULL = 33, /* hand -> host, slow: what changes slowly */
    WIRE_LINK_STATS = 34, /* hand -> host, once a second */
    WIRE_TOUCH = 35,      /* hand -> host: what the fingertips feel */
    WIRE_LOG = 36,        /* hand -> host: a sentence for a person */
    WIRE_PARAM_INFO = 48, /* host -> hand. Answered by PARAM_DESCRIPTION */
    WIRE_PARAM_GET = 49,  /* host -> hand. 49 to 52 are answered by PARAM_VALUE */
    WIRE_PARAM_SET = 50,  /* host -> hand, disarmed: in force at once, until the hand restarts */
    WIRE_PARAM_SAVE = 51, /* host -> hand, disarmed: keeps what is in force over power loss */
    WIRE_PARAM_RESET = 52, /* host -> hand, disarmed: one or all as compiled; not yet kept */
    WIRE_PARAM_VALUE = 53, /* hand -> host */
    WIRE_PARAM_DESCRIPTION = 54, /* hand -> host */
    WIRE_BLOB_BEGIN = 56,  /* host -> hand, disarmed. 56 to 59 are answered by BLOB_STATUS */
    WIRE_BLOB_CHUNK = 57,  /* host -> hand, disarmed */
    WIRE_BLOB_COMMIT = 58, /* host -> hand, disarmed: all or nothing, in force and kept */
    WIRE_BLOB_GET = 59,    /* host -> hand */
    WIRE_BLOB_STATUS = 60, /* hand -> host */
    WIRE_EMG = 64,         /* host -> hand, real time: samples for the hand's own decoder */
    WIRE_DECODED = 65      /* hand -> host, per hop: what the hand's own decoder made of them */
};

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

typedef struct wire_restart {
    uint32_t boot_id; /* of the HELLO_ACK */
} wire_restart;

typedef struct wire_arm {
    uint32_t schema_hash; /* again: an ARM from another schema arms nothing */
    uint32_t boot_id;     /* of the HELLO_ACK: a hand that rebooted in between does not arm */
} wire_arm;

/* DISARM, CLEAR_FAULT, RELEASE, ESTOP carry this. */
typedef struct wire_reason {
    uint8_t reason; /* 0 = user, 1 = host shuts down, 2 = host saw a fault */
} wire_reason;

enum wire_mode { WIRE_MODE_HOLD = 0, WIRE_MODE_VELOCITY = 1, WIRE_MODE_POSITION = 2 };

typedef struct wire_command {
    uint8_t mode;
    uint8_t valid_ms;  /* how long this may drive the hand; the hand caps it */
    uint8_t grip;
    uint8_t frozen;    /* bit per DoF: the host froze it (a site it needs is bad) */
    uint32_t emg_us;   /* when its newest EMG sample was taken, on the HAND's clock (TIME) */
    uint32_t sample;   /* counter of that sample: must advance */
    int16_t target[WIRE_MAX_DOF]; /* +-WIRE_TARGET_UNIT: velocity; mode position: -1 one end of the
                                   * DoF's way, 1 the other (a grip: 0 open, 1 closed) */
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

typedef struct wire_touch {
    uint32_t hand_us;
    uint16_t force[WIRE_MAX_DIGITS]; /* 0.01 N at the fingertip */
    uint8_t contact;                 /* bit per digit: touches */
    uint8_t slip;                    /* bit per digit: what it holds slips */
    uint8_t tactor;                  /* drive of the tactor now, 255 = its bound */
} wire_touch;

typedef struct wire_log {
    uint32_t hand_us;
    uint8_t level;               /* 0 information, 1 warning, 2 error */
    uint8_t text[WIRE_LOG_TEXT]; /* UTF-8, zero padded */
} wire_log;

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

/* ---- blobs: what is uploaded whole ---- */

enum wire_blob_kind {
    WIRE_BLOB_DECODER = 1,
    WIRE_BLOB_CALIBRATION = 2,
    WIRE_BLOB_GRIPS = 3,
    WIRE_BLOB_FIRMWARE = 4
};

enum wire_blob_verdict {
    WIRE_BLOB_OK = 0,
    WIRE_BLOB_UNKNOWN = 1,         /* this hand takes no such kind */
    WIRE_BLOB_NOT_DISARMED = 2,
    WIRE_BLOB_WRONG_SIZE = 3,      /* of the kind: `room` says how large it may be */
    WIRE_BLOB_NOT_BEGUN = 4,       /* no BEGIN of this kind since the hand started or armed */
    WIRE_BLOB_WRONG_OFFSET = 5,    /* `received` says what comes next */
    WIRE_BLOB_WRONG_HASH = 6,      /* what came is not what BEGIN announced */
    WIRE_BLOB_WRONG_FORMAT = 7,    /* not of this kind, or of another version of it */
    WIRE_BLOB_WRONG_VALUE = 8,     /* `field` and `index` say which */
    WIRE_BLOB_OTHER_HAND = 9,      /* made for another hand file */
    WIRE_BLOB_CONTRADICTS = 10,    /* does not fit the other kinds in force */
    WIRE_BLOB_WRONG_SIGNATURE = 11,
    WIRE_BLOB_NOT_KEPT = 12,       /* the flash did not take it */
    WIRE_BLOB_OTHER_BITS = 13      /* decoder: the hand computes other bits of the test vector */
};

typedef struct wire_blob_begin {
    uint32_t size; /* bytes */
    uint32_t hash; /* CRC-32C of them */
    uint8_t kind;
} wire_blob_begin;

typedef struct wire_blob_chunk {
    uint32_t offset;
    uint8_t kind;
    uint8_t count;                  /* of `bytes` in use; the rest is 0 */
    uint8_t bytes[WIRE_BLOB_BYTES];
} wire_blob_chunk;

/* BLOB_COMMIT, BLOB_GET carry this. */
typedef struct wire_blob {
    uint32_t hash; /* COMMIT: as in BEGIN. GET: not looked at */
    uint8_t kind;
} wire_blob;

typedef struct wire_blob_status {
    uint32_t size;     /* of the one in force; 0 = none */
    uint32_t hash;     /* of the one in force */
    uint32_t result;   /* what the one in force makes of its test vector, a CRC-32C */
    uint32_t received; /* bytes of the upload under way */
    uint32_t room;     /* largest size of this kind */
    uint16_t field;    /* WRONG_VALUE: which field of the kind's table, and which of its row */
    uint16_t index;
    uint8_t kind;
    uint8_t status;    /* wire_blob_verdict */
    uint8_t asked;     /* message number this answers */
    uint8_t slot;      /* that the one in force stands in */
} wire_blob_status;

/* ---- EMG to the hand, and what it makes of it ---- */

typedef struct wire_emg {
    uint32_t sample;  /* counter of the first sample in it */
    uint32_t emg_us;  /* when the last one was taken, on the HAND's clock */
    uint32_t missing; /* bit per site whose samples were filled in */
    uint32_t start;   /* counter of the sample with which the chain begins: another one, and the
                       * hand begins anew with it */
    uint8_t sites;
    uint8_t count;    /* of samples */
    uint8_t counts[WIRE_EMG_BYTES]; /* per sample, per site: ADC counts, 24 bits, two's complement */
} wire_emg;

typedef struct wire_decoded {
    uint32_t sample;   /* counter of the newest sample in the hop */
    uint32_t hop_hash; /* CRC-32C of the whole hop: the host's own must be the same */
    uint32_t hand_us;  /* when it was decoded */
    uint32_t start;    /* of the EMG: the chain's first sample */
    uint32_t filled;   /* samples since then that never came, and were filled in */
    uint8_t drives;    /* 1: these targets move the hand. 0: shadow, the host's do */
    uint8_t frozen;    /* bit per DoF */
    int16_t target[WIRE_MAX_DOF]; /* as in COMMAND, the hand's own */
    int16_t host[WIRE_MAX_DOF];   /* of the newest COMMAND, 0 before the first */
    uint32_t host_sample;         /* its counter */
} wire_decoded;

#endif
