/* SPDX-License-Identifier: MIT
 *
 * ads1299_sim: an ADS1299 as its datasheet describes it (TI, SBAS499C), seen from the SPI: commands,
 * registers, DRDY, times. Written from the datasheet, not from the driver; it counts what the
 * datasheet forbids, and has faults as knobs. Time is an argument, in nanoseconds.
 *
 * What its electrodes pick up comes from a file: rows of 8 int32 in counts at gain 24, in the
 * machine's byte order, one row a conversion; a pipe may be late. When there is no row, the inputs
 * stay as they were. Not modelled: noise, the decimation filter, the multiplexer's inputs other than
 * electrodes, short and test signal, several devices in a chain.
 */
#ifndef ENDPLATE_ADS1299_SIM_H
#define ENDPLATE_ADS1299_SIM_H

#include <stdint.h>

enum { SIM_CHANNELS = 8, SIM_REGISTERS = 24, SIM_FRAME = 3 + 3 * SIM_CHANNELS };

/* What the datasheet forbids; `broken` counts each. */
enum sim_rule {
    SIM_BEFORE_POWER_UP,    /* SPI or RESET within 2^18 tCLK of power */
    SIM_SHORT_RESET,        /* RESET low for less than 2 tCLK */
    SIM_BEFORE_RESET_DONE,  /* a command within 18 tCLK of a reset */
    SIM_DECODE,             /* less than 4 tCLK from byte to byte of a command */
    SIM_SELECT_HELD,        /* chip select high less than 4 tCLK after the last byte */
    SIM_SELECT_HIGH,        /* chip select high for less than 2 tCLK */
    SIM_COMMAND_IN_RDATAC,  /* anything but SDATAC while data are read continuously */
    SIM_UNKNOWN_COMMAND,
    SIM_ACROSS_UPDATE,      /* read, or RDATAC, within 4 tCLK of DRDY */
    SIM_READ_ONLY,          /* WREG of ID or of a status */
    SIM_RESERVED,           /* a reserved bit written otherwise than it has to be */
    SIM_REFERENCE,          /* START within 150 ms of the reference's start, or without it */
    SIM_RULES
};

typedef struct sim_faults {
    int32_t present;         /* 0: nothing on the line, it reads 0 */
    uint8_t id;              /* 3E: 8 channels, 3D: 6, 3C: 4 */
    int32_t clock_ppm;       /* its oscillator is faster by this: up to 25000 */
    /* At which conversion since power it begins; 0: never. */
    int32_t silent_at;       /* DRDY stays high */
    int32_t flip_at;         /* bits of a register turn over, once */
    uint8_t flip_register, flip_bits;
    int32_t status_at;       /* for status_frames, the status does not begin with 1100 */
    int32_t status_frames;
    int32_t reset_at;        /* its supply dips: as after power-up */
    uint8_t railed;          /* channels that stand at full scale */
    uint8_t lifted;          /* electrodes off: the channel rails, and its comparator says so */
    uint8_t stuck_register;  /* takes no value; 0: none */
} sim_faults;

typedef struct ads1299_sim {
    sim_faults faults;
    int file;                /* of rows; -1: none */
    uint8_t part[4 * SIM_CHANNELS]; /* of a row that has not come whole */
    int32_t part_bytes;
    int32_t row[SIM_CHANNELS];
    uint32_t rows, starved;  /* conversions with and without a row of their own */

    uint8_t registers[SIM_REGISTERS];
    int32_t channels;
    int64_t powered_ns, reset_ns, reset_low_ns, reference_ns;
    int32_t in_reset;
    int64_t deselected_ns;
    int32_t continuous;      /* RDATAC */
    int32_t converting, standby;
    int64_t started_ns;
    int64_t since_start;     /* conversions */
    int32_t conversions;     /* since power */
    uint32_t edges;
    int64_t edge_ns;
    uint8_t frame[SIM_FRAME];

    /* the command under way, within one chip select */
    int32_t expects;         /* 0: a command; else see ads1299_sim.c */
    int32_t at, left;
    uint32_t broken[SIM_RULES];
} ads1299_sim;

/* A chip as sold: 8 channels, no fault. */
void sim_defaults(sim_faults *faults);
/* Power comes. `rows`: path of the file, or 0. Returns 0, or -1 with errno set. */
int sim_power(ads1299_sim *chip, const sim_faults *faults, const char *rows, int64_t now_ns);
void sim_reset_line(ads1299_sim *chip, int32_t low, int64_t now_ns);
/* Chip select low at begin_ns, n bytes of byte_ns each, chip select high hold_ns after the last. */
void sim_exchange(ads1299_sim *chip, const uint8_t *out, uint8_t *in, int32_t n, int64_t begin_ns,
                  int64_t byte_ns, int64_t hold_ns);
/* Lets time pass; falling edges of DRDY since power. */
uint32_t sim_edges(ads1299_sim *chip, int64_t now_ns, int64_t *newest_ns);
/* When the next edge will be; INT64_MAX: none is to be expected. */
int64_t sim_next_ns(const ads1299_sim *chip);

#endif
