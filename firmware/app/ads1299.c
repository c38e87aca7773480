/* SPDX-License-Identifier: MIT */
#include "ads1299.h"

#include "ads1299_registers.h"
#include "board.h"
#include "sizes.h"

#include <string.h>

enum {
    ID_KIND = 0x1F, /* above it stands the revision */
    ID_4_CHANNELS = 0x1C,
    SECOND_US = 1000000,
    STATUS_BYTES = 3,
    UPDATE_US = 3,  /* no reading in the 4 tCLK around DRDY */
    FRAME_US = 150, /* 27 bytes at 2 MHz, and what the board needs around them */
    CHECK_TAKES_US = 150,
    CODE_MOST = 0x7FFFFF,
    CODE_LEAST = -0x800000
};

static const char *const SAYS[] = {
    "front end: fine",
    "front end: not found, nothing answers as an ADS1299",
    "front end: this ADS1299 has fewer channels than wanted",
    "front end: a register does not hold what was written",
    "front end: silent, DRDY does not come",
    "front end: frames do not begin with 1100",
};

const char *ads1299_says(int32_t error)
{
    return error > ADS1299_FINE && error <= ADS1299_BAD_STATUS ? SAYS[error] : SAYS[0];
}

static uint32_t period_us(const ads1299_state *ads)
{
    return (uint32_t)(SECOND_US / ads->config.rate_sps);
}

/* Since the newest edge of DRDY; 0 when that came after this step began. */
static uint32_t since_edge_us(const ads1299_state *ads, uint64_t now_us)
{
    return now_us > ads->edge_us ? (uint32_t)(now_us - ads->edge_us) : 0u;
}

static void enter(ads1299_state *ads, int32_t stage, uint64_t now_us)
{
    ads->stage = stage;
    ads->since_us = now_us;
}

static void fail(ads1299_state *ads, int32_t error, uint64_t now_us)
{
    board_frontend_reset(1);
    if (ads->error != error) {
        board_log(ads1299_says(error));
    }
    ads->error = error;
    ads->bytes = 0;
    ads->fresh = 0;
    enter(ads, ADS1299_FAILED, now_us);
}

static void power_up(ads1299_state *ads, uint64_t now_us)
{
    board_frontend_reset(0);
    ads->bytes = 0;
    ads->fresh = 0;
    ads->unread = 0;
    ads->bad_in_row = 0;
    ads->settled = 0;
    enter(ads, ADS1299_POWER, now_us);
}

int32_t ads1299_init(ads1299_state *ads, const ads1299_config *config, uint64_t now_us)
{
    const char *what = ads1299_wrong(config);
    memset(ads, 0, sizeof *ads);
    if (what != NULL) {
        board_log(what);
        return CORE_BAD_CONFIG;
    }
    ads->config = *config;
    power_up(ads, now_us);
    return CORE_OK;
}

/* ---- transfers ---- */

/* Empty; more bytes are put behind by `put`. */
static void ask(ads1299_state *ads, uint64_t now_us)
{
    memset(ads->out, 0, sizeof ads->out);
    ads->bytes = 0;
    ads->begun = 0;
    ads->checking = 0;
    ads->asked_us = now_us;
}

static void put(ads1299_state *ads, int32_t byte)
{
    ads->out[ads->bytes] = (uint8_t)byte;
    ads->bytes++;
}

static void put_read(ads1299_state *ads, int32_t from, int32_t n)
{
    put(ads, RREG | from);
    put(ads, n - 1);
    ads->bytes += n; /* zeros go out while the registers come in */
}

static void put_write(ads1299_state *ads, int32_t from, int32_t to)
{
    put(ads, WREG | from);
    put(ads, to - from);
    for (int32_t i = from; i <= to; i++) {
        put(ads, ads->wanted[i]);
    }
}

static int32_t frame_bytes(const ads1299_state *ads)
{
    return STATUS_BYTES + 3 * ads->present;
}

static void took_frame(ads1299_state *ads, const uint8_t *in)
{
    ads1299_sample *sample = &ads->sample;
    if ((in[0] & 0xF0u) != 0xC0u) {
        ads->bad++;
        ads->bad_in_row++;
        return;
    }
    ads->bad_in_row = 0;
    ads->lost += (uint32_t)ads->fresh;
    sample->time_us = ads->edge_us;
    sample->counter = ads->counter;
    /* 1100, eight bits of LOFF_STATP, eight of LOFF_STATN, four of GPIO */
    sample->lead_off_p =
        (uint8_t)(((uint32_t)in[0] << 4 | (uint32_t)in[1] >> 4) & ads->config.lead_off_p);
    sample->lead_off_n =
        (uint8_t)(((uint32_t)in[1] << 4 | (uint32_t)in[2] >> 4) & ads->config.lead_off_n);
    sample->saturated = 0;
    for (int32_t i = 0; i < ads->config.channels; i++) {
        const uint8_t *code = in + STATUS_BYTES + 3 * i;
        const int32_t value = (int32_t)code[0] << 16 | (int32_t)code[1] << 8 | (int32_t)code[2];
        sample->counts[i] = value > CODE_MOST ? value - 2 * (CODE_MOST + 1) : value;
        if (sample->counts[i] == CODE_MOST || sample->counts[i] == CODE_LEAST) {
            sample->saturated |= (uint8_t)(1u << (uint32_t)i);
        }
    }
    ads->fresh = 1;
    ads->error = ADS1299_FINE;
}

/* Whether so much time is left before the next conversion overwrites what is read; the chip's own
 * clock may be 2.5 % fast. */
static int32_t time_is_left(const ads1299_state *ads, uint32_t takes_us, uint64_t now_us)
{
    return since_edge_us(ads, now_us) + takes_us < period_us(ads) * 95u / 100u;
}

static void check_when_due(ads1299_state *ads, uint64_t now_us)
{
    if (now_us - ads->checked_us < ADS1299_CHECK_US
        || !time_is_left(ads, CHECK_TAKES_US, now_us)) {
        return;
    }
    ask(ads, now_us);
    put(ads, SDATAC);
    put_read(ads, ID, ADS1299_REGISTERS);
    put(ads, RDATAC);
    ads->checking = 1;
}

static void identified(ads1299_state *ads, const uint8_t *in, uint64_t now_us)
{
    ads->id = in[3]; /* behind SDATAC and the two bytes of RREG */
    const int32_t kind = (ads->id & ID_KIND) - ID_4_CHANNELS;
    if (kind < 0 || kind > 2) {
        fail(ads, ADS1299_NOT_FOUND, now_us);
        return;
    }
    ads->present = 4 + 2 * kind;
    if (ads->present < ads->config.channels) {
        fail(ads, ADS1299_TOO_SMALL, now_us);
        return;
    }
    ads1299_plan(ads);
    enter(ads, ADS1299_REFERENCE, now_us);
    ask(ads, now_us);
    put_write(ads, CONFIG3, CONFIG3);
}

static void verified(ads1299_state *ads, const uint8_t *in, uint64_t now_us)
{
    if (ads->out[0] == (uint8_t)(WREG | CONFIG1)) {
        ask(ads, now_us);
        put_write(ads, MISC1, CONFIG4);
    } else if (ads->out[0] == (uint8_t)(WREG | MISC1)) {
        ask(ads, now_us);
        put_read(ads, ID, ADS1299_REGISTERS);
    } else if (ads1299_registers_are_right(ads, in + 2)) {
        enter(ads, ADS1299_START, now_us);
        ads->edges = board_frontend_ready(&ads->edge_us);
        ask(ads, now_us);
        put(ads, START);
        put(ads, RDATAC);
    } else {
        fail(ads, ADS1299_BAD_REGISTER, now_us);
    }
}

static void received(ads1299_state *ads, const uint8_t *in, uint64_t now_us)
{
    switch (ads->stage) {
    case ADS1299_IDENTIFY:
        identified(ads, in, now_us);
        break;
    case ADS1299_REFERENCE:
        ads->since_us = now_us; /* from here it settles */
        break;
    case ADS1299_VERIFY:
        verified(ads, in, now_us);
        break;
    case ADS1299_START:
        ads->edge_us = now_us; /* the time until the first one counts from here */
        ads->checked_us = now_us;
        enter(ads, ADS1299_RUNNING, now_us);
        break;
    case ADS1299_RUNNING:
        if (!ads->checking) {
            took_frame(ads, in);
            if (ads->bad_in_row >= ADS1299_BAD_FRAMES) {
                fail(ads, ADS1299_BAD_STATUS, now_us);
            } else {
                check_when_due(ads, now_us);
            }
        } else if (ads1299_registers_are_right(ads, in + 3)) {
            ads->checks++;
            ads->checked_us = now_us;
        } else {
            fail(ads, ADS1299_BAD_REGISTER, now_us);
        }
        break;
    default: /* nothing is under way in the other stages */
        break;
    }
}

static void move_bytes(ads1299_state *ads, uint64_t now_us)
{
    if (!ads->begun) {
        ads->begun = board_frontend_begin(ads->out, ads->bytes);
    } else {
        uint8_t in[ADS1299_BYTES];
        const int32_t came = board_frontend_end(in, (int32_t)sizeof in);
        if (came == ads->bytes) {
            ads->bytes = 0;
            received(ads, in, now_us);
            return;
        }
    }
    if (now_us - ads->asked_us > ADS1299_TRANSFER_US) {
        fail(ads, ADS1299_NOT_FOUND, now_us);
    }
}

/* ---- what comes next when no transfer is under way ---- */

/* An interrupt that was held back counts once, whatever it stands for: then time tells. */
static void count_edges(ads1299_state *ads)
{
    uint64_t newest_us = 0;
    const uint32_t edges = board_frontend_ready(&newest_us);
    uint32_t more = edges - ads->edges;
    if (more == 0u) {
        return;
    }
    if (more == 1u && ads->settled && newest_us > ads->edge_us) {
        const uint32_t gone_us = (uint32_t)(newest_us - ads->edge_us);
        const uint32_t gone = (gone_us + period_us(ads) / 2u) / period_us(ads);
        more = gone > 1u ? gone : 1u;
    }
    ads->lost += more - 1u + (uint32_t)ads->unread;
    ads->counter += more;
    ads->settled = 1;
    ads->edges = edges;
    ads->edge_us = newest_us;
    ads->unread = 1;
}

static void run(ads1299_state *ads, uint64_t now_us)
{
    count_edges(ads);
    const uint32_t gone_us = since_edge_us(ads, now_us);
    if (ads->unread) {
        if (gone_us < UPDATE_US) {
            return;
        }
        ads->unread = 0;
        if (time_is_left(ads, FRAME_US, now_us)) {
            ask(ads, now_us);
            ads->bytes = frame_bytes(ads);
        } else {
            ads->lost++;
        }
    } else if (gone_us > period_us(ads) * ADS1299_SILENT_PERIODS + ADS1299_SILENT_US) {
        fail(ads, ADS1299_SILENT, now_us);
    }
}

static void go_on(ads1299_state *ads, uint64_t now_us)
{
    const uint64_t gone_us = now_us - ads->since_us;
    switch (ads->stage) {
    case ADS1299_POWER:
        if (gone_us >= ADS1299_POWER_US) {
            board_frontend_reset(1);
            enter(ads, ADS1299_RESET, now_us);
        }
        break;
    case ADS1299_RESET: /* low for a step, which is longer than 2 tCLK, and high */
        if (gone_us >= ADS1299_RESET_US) {
            board_frontend_reset(0);
            enter(ads, ADS1299_IDENTIFY, now_us);
        }
        break;
    case ADS1299_IDENTIFY:
        if (gone_us >= ADS1299_RESET_US) {
            ask(ads, now_us);
            put(ads, SDATAC);
            put_read(ads, ID, 1);
        }
        break;
    case ADS1299_REFERENCE:
        if (gone_us >= ADS1299_REFERENCE_US) {
            enter(ads, ADS1299_VERIFY, now_us);
            ask(ads, now_us);
            put_write(ads, CONFIG1, LOFF_FLIP);
        }
        break;
    case ADS1299_RUNNING:
        run(ads, now_us);
        break;
    case ADS1299_FAILED:
        if (gone_us >= ADS1299_RETRY_US) {
            ads->restarts++;
            power_up(ads, now_us);
        }
        break;
    default: /* OFF; the others wait for their transfer */
        break;
    }
}

void ads1299_step(ads1299_state *ads, uint64_t now_us)
{
    if (ads->bytes > 0) {
        move_bytes(ads, now_us);
    }
    if (ads->bytes == 0) {
        go_on(ads, now_us);
    }
    if (ads->bytes > 0 && !ads->begun) {
        ads->begun = board_frontend_begin(ads->out, ads->bytes);
    }
}

int32_t ads1299_take(ads1299_state *ads, ads1299_sample *sample)
{
    if (!ads->fresh) {
        return 0;
    }
    *sample = ads->sample;
    ads->fresh = 0;
    ads->samples++;
    return 1;
}
