/* SPDX-License-Identifier: MIT */
#include "ads1299_registers.h"

#include <string.h>

enum bits {
    CONFIG1_FIXED = 0x90,
    CONFIG1_250 = 6, /* 5: 500, 4: 1000 samples/s */
    CONFIG2_FIXED = 0xC0,
    CONFIG2_TEST = 0x10,
    CONFIG3_FIXED = 0x60,
    CONFIG3_REFERENCE = 0x80,
    CONFIG3_BIAS = 0x0C, /* amplifier on, its reference inside */
    CONFIG3_STATUS = 0x01,
    CHANNEL_OFF = 0x81,
    MISC1_SRB1 = 0x20,
    CONFIG4_COMPARATORS = 0x02
};

float ads1299_uv(int32_t gain)
{
    return 4.5e6f / 8388607.0f / (float)gain;
}

void ads1299_defaults(ads1299_config *config, int32_t channels)
{
    memset(config, 0, sizeof *config);
    config->channels = channels;
    config->rate_sps = 250;
    config->gain = 24;
    config->bias_p = (uint8_t)((1u << (uint32_t)channels) - 1u);
    config->bias_n = config->bias_p;
}

/* The three bits of CHnSET; -1: there is no such gain. */
static int32_t gain_code(int32_t gain)
{
    static const uint8_t GAINS[] = {1, 2, 4, 6, 8, 12, 24};
    for (int32_t i = 0; i < (int32_t)sizeof GAINS; i++) {
        if (GAINS[i] == gain) {
            return i;
        }
    }
    return -1;
}

const char *ads1299_wrong(const ads1299_config *config)
{
    const int32_t rate = config->rate_sps;
    if (config->channels < 1 || config->channels > ADS1299_CHANNELS) {
        return "front end: channels has to be 1 to 8";
    }
    if (rate != 250 && rate != 500 && rate != 1000) {
        return "front end: rate_sps has to be 250, 500 or 1000";
    }
    if (gain_code(config->gain) < 0) {
        return "front end: gain has to be 1, 2, 4, 6, 8, 12 or 24";
    }
    for (int32_t i = 0; i < ADS1299_CHANNELS; i++) {
        const uint8_t input = config->input[i];
        if (input != ADS1299_NORMAL && input != ADS1299_SHORTED && input != ADS1299_TEST
            && input != ADS1299_UNUSED) {
            return "front end: input has to be normal (0), shorted (1), test (5) or unused (8)";
        }
    }
    const uint32_t used = (uint32_t)config->bias_p | config->bias_n | config->lead_off_p
        | config->lead_off_n;
    if ((used >> (uint32_t)config->channels) != 0u) {
        return "front end: bias and lead_off may name only channels that are wanted";
    }
    return NULL;
}

static uint8_t wanted(const ads1299_state *ads, int32_t at)
{
    const ads1299_config *config = &ads->config;
    const int32_t bias = (config->bias_p | config->bias_n) != 0;
    const int32_t lead_off = (config->lead_off_p | config->lead_off_n) != 0;
    int32_t value = 0; /* LOFF: 6 nA, DC, 95 %; LOFF_FLIP, MISC2: nothing */
    if (at >= CH1SET && at <= CH8SET) {
        const int32_t channel = at - CH1SET;
        const int32_t input = config->input[channel];
        value = channel < config->channels && input != ADS1299_UNUSED
            ? gain_code(config->gain) << 4 | input
            : CHANNEL_OFF;
    } else if (at == ID) {
        value = ads->id;
    } else if (at == CONFIG1) {
        value = CONFIG1_FIXED
            | (config->rate_sps == 1000 ? 4 : config->rate_sps == 500 ? 5 : CONFIG1_250);
    } else if (at == CONFIG2) {
        value = CONFIG2_FIXED;
        for (int32_t i = 0; i < config->channels; i++) {
            value |= config->input[i] == ADS1299_TEST ? CONFIG2_TEST : 0;
        }
    } else if (at == CONFIG3) {
        value = CONFIG3_FIXED | CONFIG3_REFERENCE | (bias ? CONFIG3_BIAS : 0);
    } else if (at == BIAS_SENSP) {
        value = config->bias_p;
    } else if (at == BIAS_SENSN) {
        value = config->bias_n;
    } else if (at == LOFF_SENSP) {
        value = config->lead_off_p;
    } else if (at == LOFF_SENSN) {
        value = config->lead_off_n;
    } else if (at == MISC1) {
        value = config->srb1 ? MISC1_SRB1 : 0;
    } else if (at == CONFIG4) {
        value = lead_off ? CONFIG4_COMPARATORS : 0;
    }
    return (uint8_t)value;
}

/* Bits of a register that have to read back as written: not what the chip itself sets, nor a
 * channel it does not have. */
static uint8_t compared(const ads1299_state *ads, int32_t at)
{
    if ((at >= LOFF_STATP && at <= GPIO)
        || (at >= CH1SET + ads->present && at <= CH8SET)) {
        return 0;
    }
    return at == CONFIG3 ? (uint8_t)(0xFF & ~CONFIG3_STATUS) : 0xFFu;
}

void ads1299_plan(ads1299_state *ads)
{
    for (int32_t i = 0; i < ADS1299_REGISTERS; i++) {
        ads->wanted[i] = wanted(ads, i);
        ads->compared[i] = compared(ads, i);
    }
}

int32_t ads1299_registers_are_right(const ads1299_state *ads, const uint8_t *values)
{
    uint32_t wrong = 0;
    for (int32_t i = 0; i < ADS1299_REGISTERS; i++) {
        wrong |= ((uint32_t)values[i] ^ ads->wanted[i]) & ads->compared[i];
    }
    return wrong == 0u;
}
