/* SPDX-License-Identifier: MIT
 *
 * frontend_f405: see frontend_f405.h. Source: ST RM0090, 10 (DMA), 12.3 (EXTI), 28 (SPI).
 */
#include "frontend_f405.h"

#include "board.h"
#include "stm32f405.h"

#include <string.h>

enum {
    MOST = 28,
    SELECT_PIN = 9, /* of port B */
    READY_PIN = 2,  /* of port C */
    RESET_PIN = 3,  /* of port C */
    HOLD_US = 3, /* of chip select after the last byte; 4 tCLK are 2.003 us at most */
    HIGH_US = 2, /* of chip select between transfers; 2 tCLK are 1.002 us at most */
    NEWS_US = 50,   /* an edge of DRDY that is older is the driver's own choice */
    PRIORITY = 5    /* the serial ports' */
};

void exti2_handler(void);
void dma1_stream3_handler(void);

static struct {
    uint8_t out[MOST], in[MOST];
    int32_t bytes;             /* under way; 0: none */
    volatile int32_t over;     /* the last one has come, at over_us */
    volatile uint32_t over_us; /* these are TIM2_CNT */
    uint32_t high_us;
    volatile uint32_t edges, edge_us;
    uint32_t served; /* edges that a transfer has begun after */
} line;

void exti2_handler(void)
{
    EXTI_PR = 1u << READY_PIN;
    line.edge_us = TIM2_CNT;
    line.edges++;
}

void dma1_stream3_handler(void)
{
    const uint32_t flags = DMA1_LISR;
    DMA1_LIFCR = DMA_FLAGS_3;
    if ((flags & DMA_TCIF3) != 0) { /* else an error: the transfer never ends, the driver's time does */
        line.over_us = TIM2_CNT;
        line.over = 1;
    }
}

void frontend_start(int32_t emulated)
{
    if (!emulated) {
        GPIO_BSRR(PORT_B) = 1u << SELECT_PIN;
        GPIO_BSRR(PORT_C) = 1u << RESET_PIN;
        GPIO_AFRH(PORT_B) = (GPIO_AFRH(PORT_B) & ~(0xFFFu << 20)) | 0x555u << 20;
        GPIO_PUPDR(PORT_B) |= 2u << 28; /* MISO: without a chip it reads 0 */
        GPIO_PUPDR(PORT_C) |= 1u << 4;
        GPIO_MODER(PORT_B) = (GPIO_MODER(PORT_B) & ~(3u << 18 | 63u << 26)) | 1u << 18 | 42u << 26;
        GPIO_MODER(PORT_C) = (GPIO_MODER(PORT_C) & ~(3u << 6)) | 1u << 6;
        SYSCFG_EXTICR(0) = (SYSCFG_EXTICR(0) & ~(15u << 8)) | (uint32_t)PORT_C << 8;
        EXTI_FTSR |= 1u << READY_PIN;
        EXTI_IMR |= 1u << READY_PIN;
    }
    SPI2_CR1 = SPI_CPHA | SPI_MSTR | SPI_BY_16 | SPI_SSM | SPI_SSI;
    SPI2_CR2 = SPI_RXDMAEN | SPI_TXDMAEN;
    NVIC_IPR(EXTI2_IRQ) = PRIORITY << 4;
    NVIC_IPR(DMA1_STREAM3_IRQ) = PRIORITY << 4;
    NVIC_ISER(0) = 1u << EXTI2_IRQ | 1u << DMA1_STREAM3_IRQ;
}

/* A stream takes new settings once EN reads 0; idle or done it does so at once. */
static void stop(void)
{
    DMA1_STREAM(3)->CR = 0;
    DMA1_STREAM(4)->CR = 0;
    DMA1_LIFCR = DMA_FLAGS_3;
    DMA1_HIFCR = DMA_FLAGS_4;
    SPI2_CR1 &= ~(uint32_t)SPI_SPE;
    GPIO_BSRR(PORT_B) = 1u << SELECT_PIN;
    line.high_us = TIM2_CNT;
    line.bytes = 0;
}

static void wait_since(uint32_t when_us, uint32_t us)
{
    while (TIM2_CNT - when_us <= us) {
        /* 4 us at most */
    }
}

int32_t board_frontend_begin(const uint8_t *out, int32_t n)
{
    if (line.bytes > 0 || n < 1 || n > MOST) {
        return 0;
    }
    wait_since(line.high_us, HIGH_US);
    memcpy(line.out, out, (size_t)n);
    line.over = 0;
    line.bytes = n;
    line.served = line.edges;
    GPIO_BSRR(PORT_B) = 1u << (SELECT_PIN + 16);
    SPI2_CR1 |= SPI_SPE;
    DMA1_STREAM(3)->PAR = SPI2_DR_ADDRESS;
    DMA1_STREAM(3)->M0AR = (uint32_t)(uintptr_t)line.in;
    DMA1_STREAM(3)->NDTR = (uint32_t)n;
    DMA1_STREAM(3)->CR = DMA_MINC | DMA_TCIE | DMA_EN;
    DMA1_STREAM(4)->PAR = SPI2_DR_ADDRESS;
    DMA1_STREAM(4)->M0AR = (uint32_t)(uintptr_t)line.out;
    DMA1_STREAM(4)->NDTR = (uint32_t)n;
    __asm volatile("dsb" ::: "memory");
    DMA1_STREAM(4)->CR = DMA_MINC | DMA_TO_PERIPHERAL | DMA_EN;
    return 1;
}

int32_t board_frontend_end(uint8_t *in, int32_t capacity)
{
    const int32_t n = line.bytes < capacity ? line.bytes : capacity;
    if (n == 0 || !line.over) {
        return -1;
    }
    wait_since(line.over_us, HOLD_US);
    __asm volatile("" ::: "memory");
    memcpy(in, line.in, (size_t)n);
    stop();
    return n;
}

uint32_t board_frontend_ready(uint64_t *newest_us)
{
    uint32_t edges, edge_us;
    do { /* until no edge came in between */
        edges = line.edges;
        edge_us = line.edge_us;
    } while (edges != line.edges);
    const uint64_t now_us = board_now_us();
    const uint32_t ago_us = (uint32_t)now_us - edge_us;
    *newest_us = now_us - ago_us;
    return edges;
}

void board_frontend_reset(int32_t low)
{
    if (low) {
        stop();
    }
    GPIO_BSRR(PORT_C) = low ? 1u << (RESET_PIN + 16) : 1u << RESET_PIN;
}

int32_t frontend_has_news(void)
{
    return (line.bytes > 0 && line.over)
        || (line.edges != line.served && TIM2_CNT - line.edge_us < NEWS_US);
}

uint32_t frontend_emulated_tick_ms(void)
{
    return 2u;
}
