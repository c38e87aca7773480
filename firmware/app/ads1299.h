/* SPDX-License-Identifier: MIT
 *
 * ads1299: the EMG front end of a hand that reads its own electrodes: Texas Instruments ADS1299,
 * ADS1299-6 or ADS1299-4 (8, 6 or 4 channels, 24 bits) on the board's SPI.
 *
 *   ads1299_init  once            says what is wanted; nothing goes over the line yet
 *   ads1299_step  every step      early in it: `now_us` has to be fresh. Never waits: each call
 *                                 ends at most one transfer and begins at most one. A frame has to be
 *                                 begun soon after DRDY (3.65 ms at 250 samples/s, 0.80 at 1000), or
 *                                 the sample is lost; board_idle ends at DRDY
 *   ads1299_take  after the step  1 and a sample, or 0
 *
 * Source of every register, command and time: TI, SBAS499C (the datasheet). In order:
 *
 *   POWER      150 ms  supplies and oscillator (tPOR: 2^18 tCLK = 128 ms)
 *   RESET      RESET low, high, then at least 18 tCLK
 *   IDENTIFY   SDATAC, RREG: which chip is it?
 *   REFERENCE  WREG CONFIG3: internal reference on, bias amplifier; 150 ms to settle
 *   VERIFY     WREG of all the others, RREG of all: each reads back as it was written
 *   START      START, RDATAC
 *   RUNNING    a frame at every DRDY. Once a second, between two frames, all registers are read
 *              back: SDATAC, RREG, RDATAC, while conversions go on and no sample is lost
 *   FAILED     `error` says why, no sample is given out, RESET is held low. After 1 s it begins
 *              again from POWER
 *
 * Longest time from a fault to FAILED: see enum ads1299_times. The START pin is tied to ground:
 * conversions begin by command.
 */
#ifndef ENDPLATE_ADS1299_H
#define ENDPLATE_ADS1299_H

#include <stdint.h>

enum ads1299_sizes { ADS1299_CHANNELS = 8, ADS1299_REGISTERS = 24, ADS1299_BYTES = 28 };

enum ads1299_stage {
    ADS1299_OFF = 0, /* not initialised */
    ADS1299_POWER = 1,
    ADS1299_RESET = 2,
    ADS1299_IDENTIFY = 3,
    ADS1299_REFERENCE = 4,
    ADS1299_VERIFY = 5,
    ADS1299_START = 6,
    ADS1299_RUNNING = 7,
    ADS1299_FAILED = 8
};

enum ads1299_error {
    ADS1299_FINE = 0,
    ADS1299_NOT_FOUND = 1,    /* nothing on the line answers as an ADS1299 */
    ADS1299_TOO_SMALL = 2,    /* it has fewer channels than wanted */
    ADS1299_BAD_REGISTER = 3, /* a register does not hold what was written */
    ADS1299_SILENT = 4,       /* DRDY does not come */
    ADS1299_BAD_STATUS = 5    /* frames do not begin with 1100 */
};

enum ads1299_times {
    ADS1299_POWER_US = 150000,
    ADS1299_RESET_US = 100, /* 18 tCLK are 9 us */
    ADS1299_REFERENCE_US = 150000,
    ADS1299_TRANSFER_US = 10000, /* longest for one transfer; else nothing is there */
    ADS1299_CHECK_US = 1000000,  /* between two readings of the registers */
    ADS1299_RETRY_US = 1000000,
    /* DRDY: SILENT_PERIODS of the sampling rate (4 are the filter's settling) and this on top:
     * 36 ms at 250 samples/s, 12 ms at 1000 */
    ADS1299_SILENT_US = 4000,
    ADS1299_SILENT_PERIODS = 8,
    ADS1299_BAD_FRAMES = 3 /* in a row, each of which is dropped */
};

/* The input multiplexer of a channel; OFF: powered down, its inputs shorted. */
enum ads1299_input {
    ADS1299_NORMAL = 0,
    ADS1299_SHORTED = 1,
    ADS1299_TEST = 5, /* +- 1/100 of full scale at gain 24, near 1 Hz, made by the chip */
    ADS1299_UNUSED = 8
};

typedef struct ads1299_config {
    int32_t channels; /* wanted: 1 to 8 */
    int32_t rate_sps; /* 250, 500, 1000 */
    int32_t gain;     /* 1, 2, 4, 6, 8, 12, 24; of all channels */
    uint8_t input[ADS1299_CHANNELS]; /* ads1299_input */
    /* One bit a channel, bit 0 the first. */
    uint8_t bias_p, bias_n;         /* inputs whose mean the bias electrode drives against */
    uint8_t lead_off_p, lead_off_n; /* inputs that get 6 nA, DC, and a comparator at 95 % */
    int32_t srb1; /* 1: all negative inputs are the electrode at SRB1 */
} ads1299_config;

typedef struct ads1299_sample {
    uint64_t time_us;  /* of the falling edge of DRDY */
    uint32_t counter;  /* of conversions: what was missed leaves a gap */
    int32_t counts[ADS1299_CHANNELS]; /* two's complement, as they come; not wanted: 0 */
    uint8_t saturated; /* one bit a channel: at either end of the code */
    uint8_t lead_off_p, lead_off_n; /* as the comparators say, of inputs that have one */
} ads1299_sample;

typedef struct ads1299_state {
    ads1299_config config;
    int32_t stage; /* ads1299_stage */
    int32_t error; /* ads1299_error, kept until samples come again */
    uint64_t since_us; /* when the stage began */

    /* what is being sent, 0 bytes: nothing */
    uint8_t out[ADS1299_BYTES];
    int32_t bytes;
    int32_t begun;
    uint64_t asked_us;
    int32_t checking; /* the transfer under way reads registers, not a frame */

    uint8_t id;
    uint8_t wanted[ADS1299_REGISTERS];   /* what its registers have to hold */
    uint8_t compared[ADS1299_REGISTERS]; /* bits of them that have to read back */
    int32_t present;     /* channels of the chip */
    uint32_t edges;      /* of DRDY, as the board counted them */
    uint64_t edge_us;    /* newest */
    int32_t settled;     /* there was one since START */
    int32_t unread;      /* its frame has not been asked for */
    uint64_t checked_us; /* when the registers were last read back */
    int32_t bad_in_row;
    uint32_t counter;
    ads1299_sample sample;
    int32_t fresh; /* not taken yet */

    /* since ads1299_init */
    uint32_t samples;  /* given out */
    uint32_t lost;     /* conversions that nobody read, or whose sample nobody took */
    uint32_t bad;      /* frames dropped for their status */
    uint32_t checks;   /* readings of all registers that were right */
    uint32_t restarts; /* after a failure; between, conversions are not counted */
} ads1299_state;

/* Bipolar EMG on so many channels: 250 samples/s, gain 24, all inputs into the bias, no lead-off
 * current, SRB1 open. */
void ads1299_defaults(ads1299_config *config, int32_t channels);

/* CORE_OK; or CORE_BAD_CONFIG: board_log has said which field, the front end stays OFF. */
int32_t ads1299_init(ads1299_state *ads, const ads1299_config *config, uint64_t now_us);
void ads1299_step(ads1299_state *ads, uint64_t now_us);
int32_t ads1299_take(ads1299_state *ads, ads1299_sample *sample);

/* Microvolts of one count: 4.5 V / (2^23 - 1) / gain; 0.0223517 at gain 24. */
float ads1299_uv(int32_t gain);
/* One sentence. */
const char *ads1299_says(int32_t error);

#endif
