/* SPDX-License-Identifier: MIT */
#include "touch_f405.h"
#include "board.h"
#include "stm32f405.h"

enum {
    CHANNELS = 5,
    PERIOD = 4200, /* 84 MHz to 20 kHz: above hearing */
    TURNS = 2000   /* of a wait loop; a conversion takes 96 cycles at 21 MHz, 4.6 us */
};

static const uint8_t INPUT[CHANNELS] = {4, 5, 6, 7, 14};

static int32_t there;

static uint32_t two_bits(uint32_t pin, uint32_t value) { return value << (2u * pin); }

void touch_start(int32_t emulated)
{
    there = !emulated;
    if (emulated) {
        return;
    }
    RCC_AHB1ENR |= (uint32_t)RCC_GPIOA | RCC_GPIOB | RCC_GPIOC;
    RCC_APB1ENR |= RCC_TIM4;
    RCC_APB2ENR |= RCC_ADC1;
    GPIO_MODER(PORT_A) |= two_bits(4, 3u) | two_bits(5, 3u) | two_bits(6, 3u) | two_bits(7, 3u);
    GPIO_MODER(PORT_C) |= two_bits(4, 3u); /* 3: analogue */
    ADC_CCR = ADC_BY_4;
    for (uint32_t k = 0; k < CHANNELS; k++) {
        if (INPUT[k] < 10u) {
            ADC1_SMPR2 |= (uint32_t)ADC_84_CYCLES << (3u * INPUT[k]);
        } else {
            ADC1_SMPR1 |= (uint32_t)ADC_84_CYCLES << (3u * (INPUT[k] - 10u));
        }
    }
    ADC1_SQR1 = 0; /* one conversion at a time */
    ADC1_CR2 = ADC_ADON;

    TIM4_ARR = PERIOD - 1;
    TIM4_CCR3 = 0;
    TIM4_CCMR2 = TIM_CC3_PWM;
    TIM4_CCER = TIM_CC3E;
    TIM4_CR1 = TIM_CEN;
    GPIO_AFRH(PORT_B) = (GPIO_AFRH(PORT_B) & ~15u) | 2u; /* PB8: TIM4 */
    GPIO_MODER(PORT_B) = (GPIO_MODER(PORT_B) & ~two_bits(8, 3u)) | two_bits(8, 2u);
}

int32_t board_touch(int32_t channel)
{
    if (!there || channel < 0 || channel >= CHANNELS) {
        return -1;
    }
    ADC1_SQR3 = INPUT[channel];
    ADC1_SR = 0;
    ADC1_CR2 = (uint32_t)ADC_ADON | ADC_SWSTART;
    for (int32_t i = 0; i < TURNS; i++) {
        if ((ADC1_SR & ADC_EOC) != 0) {
            return (int32_t)(ADC1_DR & 4095u);
        }
    }
    return -1;
}

void board_tactor(uint8_t level)
{
    if (there) {
        TIM4_CCR3 = (uint32_t)level * PERIOD / 255u;
    }
}
