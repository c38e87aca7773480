/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "ads1299_sim.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

enum {
    POWER_CLOCKS = 1 << 18,
    REFERENCE_NS = 150000000,
    FULL_SCALE = 0x7FFFFF,
    GAIN_OF_ROWS = 24
};
enum expects { COMMAND, READ_COUNT, WRITE_COUNT, READING, WRITING, FRAME };

static const uint8_t AFTER_RESET[SIM_REGISTERS] = {
    0x00, 0x96, 0xC0, 0x60, 0x00, 0x61, 0x61, 0x61, 0x61, 0x61, 0x61, 0x61,
    0x61, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x0F, 0x00, 0x00, 0x00,
};

static void broke(ads1299_sim *chip, int32_t rule, int32_t broken)
{
    chip->broken[rule] += broken ? 1u : 0u;
}

static int64_t clocks_ns(const ads1299_sim *chip, int64_t clocks)
{
    const int64_t nominal_ns = clocks * 15625 / 32; /* 2.048 MHz */
    return nominal_ns * 1000000 / (1000000 + chip->faults.clock_ppm);
}

static int64_t period_clocks(const ads1299_sim *chip)
{
    return (int64_t)128 << (chip->registers[1] & 7);
}

static void reset(ads1299_sim *chip, int64_t now_ns)
{
    memcpy(chip->registers, AFTER_RESET, sizeof AFTER_RESET);
    chip->registers[0] = chip->faults.id;
    chip->continuous = 1;
    chip->converting = 0;
    chip->standby = 0;
    chip->expects = COMMAND;
    chip->reset_ns = now_ns;
    memset(chip->frame, 0, sizeof chip->frame);
}

void sim_defaults(sim_faults *faults)
{
    memset(faults, 0, sizeof *faults);
    faults->present = 1;
    faults->id = 0x3E;
}

int sim_power(ads1299_sim *chip, const sim_faults *faults, const char *rows, int64_t now_ns)
{
    memset(chip, 0, sizeof *chip);
    chip->faults = *faults;
    chip->channels = 4 + 2 * (faults->id & 3);
    chip->powered_ns = now_ns;
    chip->deselected_ns = now_ns;
    chip->file = -1;
    reset(chip, now_ns);
    if (rows != 0) {
        chip->file = open(rows, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
        return chip->file < 0 ? -1 : 0;
    }
    return 0;
}

/* ---- conversions ---- */

static void next_row(ads1299_sim *chip)
{
    if (chip->file >= 0) {
        const size_t lacking = sizeof chip->part - (size_t)chip->part_bytes;
        const ssize_t n = read(chip->file, chip->part + chip->part_bytes, lacking);
        chip->part_bytes += n > 0 ? (int32_t)n : 0;
    }
    if (chip->part_bytes == (int32_t)sizeof chip->part) {
        memcpy(chip->row, chip->part, sizeof chip->part);
        chip->part_bytes = 0;
        chip->rows++;
    } else {
        chip->starved++;
    }
}

static int64_t input_of(const ads1299_sim *chip, int32_t channel, int64_t clocks)
{
    static const int32_t GAIN[8] = {1, 2, 4, 6, 8, 12, 24, 1};
    const uint8_t set = chip->registers[5 + channel];
    const int32_t gain = GAIN[set >> 4 & 7];
    if ((set & 0x80) != 0 || (chip->registers[3] & 0x80) == 0) {
        return 0;
    }
    if ((chip->faults.railed >> channel & 1) != 0) {
        return FULL_SCALE;
    }
    switch (set & 7) {
    case 0:
        return (chip->faults.lifted >> channel & 1) != 0
            ? -FULL_SCALE - 1
            : (int64_t)chip->row[channel] * gain / GAIN_OF_ROWS;
    case 5: { /* CONFIG2: made inside, 1 or 2 times VREF / 2400, fCLK / 2^21 or 2^20, or direct */
        const uint8_t test = chip->registers[2];
        const int64_t high = (int64_t)FULL_SCALE * gain * ((test & 4) != 0 ? 2 : 1) / 2400;
        const int32_t half = (test & 3) == 0 ? 20 : 19;
        return (test & 0x10) == 0 ? 0
            : (test & 3) == 3 || (clocks >> half & 1) == 0 ? high
                                                           : -high;
    }
    default:
        return 0;
    }
}

static void convert(ads1299_sim *chip, int64_t clocks)
{
    const sim_faults *faults = &chip->faults;
    const int32_t n = ++chip->conversions;
    next_row(chip);
    if (n == faults->flip_at) {
        chip->registers[faults->flip_register % SIM_REGISTERS] ^= faults->flip_bits;
    }
    const int32_t compares = (chip->registers[23] & 2) != 0;
    chip->registers[18] = compares ? chip->registers[15] & faults->lifted : 0;
    chip->registers[19] = compares ? chip->registers[16] & faults->lifted : 0;
    const int32_t bad = faults->status_at > 0 && n >= faults->status_at
        && n < faults->status_at + faults->status_frames;
    const uint32_t status = (bad ? 0x5u : 0xCu) << 20 | (uint32_t)chip->registers[18] << 12
        | (uint32_t)chip->registers[19] << 4 | (uint32_t)chip->registers[20] >> 4;
    uint8_t *to = chip->frame;
    memset(chip->frame, 0, sizeof chip->frame);
    for (int32_t i = -1; i < chip->channels; i++) {
        int64_t value = i < 0 ? (int64_t)status : input_of(chip, i, clocks);
        if (i >= 0) {
            value = value > FULL_SCALE ? FULL_SCALE : value < -FULL_SCALE - 1 ? -FULL_SCALE - 1 : value;
        }
        *to++ = (uint8_t)(value >> 16 & 255);
        *to++ = (uint8_t)(value >> 8 & 255);
        *to++ = (uint8_t)(value & 255);
    }
}

/* The first conversion after START comes when the filter has settled: 4 periods and 9 clocks. */
static int64_t edge_after(const ads1299_sim *chip, int64_t n)
{
    return chip->started_ns + clocks_ns(chip, (n + 4) * period_clocks(chip) + 9);
}

int64_t sim_next_ns(const ads1299_sim *chip)
{
    const int32_t silent =
        chip->faults.silent_at > 0 && chip->conversions + 1 >= chip->faults.silent_at;
    return !chip->converting || chip->standby || chip->in_reset || silent || !chip->faults.present
        ? INT64_MAX
        : edge_after(chip, chip->since_start);
}

static void run_to(ads1299_sim *chip, int64_t now_ns)
{
    while (sim_next_ns(chip) <= now_ns) {
        chip->edge_ns = edge_after(chip, chip->since_start);
        chip->edges++;
        chip->since_start++;
        convert(chip, chip->since_start * period_clocks(chip));
        if (chip->conversions == chip->faults.reset_at) {
            reset(chip, chip->edge_ns);
        }
    }
}

uint32_t sim_edges(ads1299_sim *chip, int64_t now_ns, int64_t *newest_ns)
{
    run_to(chip, now_ns);
    *newest_ns = chip->edge_ns;
    return chip->edges;
}

void sim_reset_line(ads1299_sim *chip, int32_t low, int64_t now_ns)
{
    run_to(chip, now_ns);
    if (low && !chip->in_reset) {
        if (now_ns - chip->powered_ns < clocks_ns(chip, POWER_CLOCKS)) {
            broke(chip, SIM_BEFORE_POWER_UP, 1);
        }
        chip->reset_low_ns = now_ns;
    } else if (!low && chip->in_reset) {
        if (now_ns - chip->reset_low_ns < clocks_ns(chip, 2)) {
            broke(chip, SIM_SHORT_RESET, 1);
        }
        reset(chip, now_ns);
    }
    chip->in_reset = low != 0;
}

/* ---- commands ---- */

static void write_register(ads1299_sim *chip, int32_t at, uint8_t value, int64_t now_ns)
{
    /* bits that have to be written as they stand here */
    static const struct {
        uint8_t at, mask, value;
    } RESERVED[] = {
        {1, 0x98, 0x90}, {2, 0xE8, 0xC0}, {3, 0x60, 0x60}, {4, 0x10, 0x00},
        {21, 0xDF, 0x00}, {22, 0xFF, 0x00}, {23, 0xF5, 0x00},
    };
    for (int32_t i = 0; i < (int32_t)(sizeof RESERVED / sizeof RESERVED[0]); i++) {
        broke(chip, SIM_RESERVED, at == RESERVED[i].at && (value & RESERVED[i].mask) != RESERVED[i].value);
    }
    if (at == 0 || at == 18 || at == 19 || at >= SIM_REGISTERS) {
        broke(chip, SIM_READ_ONLY, 1);
        return;
    }
    if (chip->faults.stuck_register != 0 && at == chip->faults.stuck_register) {
        return;
    }
    if (at == 3 && (value & 0x80) != 0 && (chip->registers[3] & 0x80) == 0) {
        chip->reference_ns = now_ns;
    }
    if (at == 1 && chip->converting) { /* the filter begins anew */
        chip->started_ns = now_ns;
        chip->since_start = 0;
    }
    chip->registers[at] = value;
}

static void command(ads1299_sim *chip, uint8_t byte, int64_t now_ns)
{
    const int32_t settled = (chip->registers[3] & 0x80) != 0
        && now_ns - chip->reference_ns >= REFERENCE_NS;
    if (chip->standby && byte != 0x02 && byte != 0x00) {
        broke(chip, SIM_UNKNOWN_COMMAND, 1);
        return;
    }
    switch (byte) {
    case 0x00: /* nothing: DIN low */
        break;
    case 0x02: /* WAKEUP */
    case 0x04: /* STANDBY */
        chip->standby = byte == 0x04;
        break;
    case 0x06: /* RESET */
        reset(chip, now_ns);
        break;
    case 0x08: /* START */
        broke(chip, SIM_REFERENCE, !settled);
        chip->converting = 1;
        chip->started_ns = now_ns;
        chip->since_start = 0;
        break;
    case 0x0A: /* STOP */
        chip->converting = 0;
        break;
    case 0x10: /* RDATAC */
        chip->continuous = 1;
        break;
    case 0x11: /* SDATAC, again */
        break;
    case 0x12: /* RDATA */
        chip->expects = FRAME;
        chip->at = 0;
        break;
    default:
        chip->at = byte & 0x1F;
        if ((byte & 0xE0) == 0x20) {
            chip->expects = READ_COUNT;
        } else if ((byte & 0xE0) == 0x40) {
            chip->expects = WRITE_COUNT;
        } else {
            broke(chip, SIM_UNKNOWN_COMMAND, 1);
        }
        break;
    }
}

/* One byte that comes in and what goes out meanwhile; `index`: since chip select. */
static uint8_t shift(ads1299_sim *chip, uint8_t byte, int32_t index, int64_t now_ns)
{
    uint8_t out = 0;
    if (chip->continuous) {
        out = index < 3 + 3 * chip->channels ? chip->frame[index] : 0;
        if (byte == 0x11) {
            chip->continuous = 0;
        } else if (byte != 0) {
            broke(chip, SIM_COMMAND_IN_RDATAC, 1);
        }
        return out;
    }
    switch (chip->expects) {
    case READ_COUNT:
    case WRITE_COUNT:
        chip->left = (byte & 0x1F) + 1;
        chip->expects = chip->expects == READ_COUNT ? READING : WRITING;
        break;
    case READING:
        out = chip->at < SIM_REGISTERS ? chip->registers[chip->at] : 0;
        chip->at++;
        chip->expects = --chip->left > 0 ? READING : COMMAND;
        break;
    case WRITING:
        write_register(chip, chip->at++, byte, now_ns);
        chip->expects = --chip->left > 0 ? WRITING : COMMAND;
        break;
    case FRAME:
        out = chip->at < SIM_FRAME ? chip->frame[chip->at] : 0;
        chip->at++;
        chip->expects = chip->at < 3 + 3 * chip->channels ? FRAME : COMMAND;
        break;
    default:
        command(chip, byte, now_ns);
        break;
    }
    return out;
}

/* Whether an edge of DRDY lies within 4 clocks of [from, to]. */
static int32_t meets_update(const ads1299_sim *chip, int64_t from_ns, int64_t to_ns)
{
    const int64_t near_ns = clocks_ns(chip, 4);
    return (chip->edges > 0 && from_ns < chip->edge_ns + near_ns)
        || (sim_next_ns(chip) != INT64_MAX && to_ns > sim_next_ns(chip) - near_ns);
}

void sim_exchange(ads1299_sim *chip, const uint8_t *out, uint8_t *in, int32_t n, int64_t begin_ns,
                  int64_t byte_ns, int64_t hold_ns)
{
    const int64_t end_ns = begin_ns + n * byte_ns;
    memset(in, 0, (size_t)n);
    run_to(chip, begin_ns);
    if (!chip->faults.present) {
        return;
    }
    broke(chip, SIM_BEFORE_POWER_UP, begin_ns - chip->powered_ns < clocks_ns(chip, POWER_CLOCKS));
    broke(chip, SIM_BEFORE_RESET_DONE, chip->in_reset || begin_ns - chip->reset_ns < clocks_ns(chip, 18));
    broke(chip, SIM_SELECT_HIGH, begin_ns - chip->deselected_ns < clocks_ns(chip, 2));
    broke(chip, SIM_SELECT_HELD, hold_ns < clocks_ns(chip, 4));
    chip->expects = COMMAND;
    for (int32_t i = 0; i < n && !chip->in_reset; i++) {
        const int64_t now_ns = begin_ns + (i + 1) * byte_ns;
        const int32_t data = chip->continuous || chip->expects == FRAME;
        run_to(chip, now_ns);
        broke(chip, SIM_DECODE, i > 0 && !data && byte_ns < clocks_ns(chip, 4));
        in[i] = shift(chip, out[i], i, now_ns);
        if (chip->continuous) { /* a byte of data, or RDATAC */
            broke(chip, SIM_ACROSS_UPDATE, meets_update(chip, now_ns - byte_ns, now_ns));
        }
    }
    chip->deselected_ns = end_ns + hold_ns;
}
