/* SPDX-License-Identifier: MIT
 *
 * board_f405: the hand on an STM32F405, and on QEMU's netduinoplus2, which lacks most of its
 * peripherals: every wait here is bounded and has a fall-back.
 *
 *   PB6, PB7  USART1  link to the host, 1 Mbaud
 *   PB10      USART3  motor bus, 1 Mbaud, one wire (half duplex, open drain, pull-up outside)
 *   PC1       out     motor supply: low cuts it, whatever the bus says
 *   PB13, PB14, PB15, PB9, PC2, PC3   the EMG front end: frontend_f405.h
 *
 * Those are pins that the Adafruit Feather STM32F405 Express leads out (hw/boards.md), and its
 * crystal is 12 MHz.
 */
#include "board.h"
#include "buttons_f405.h"
#include "flash_f405.h"
#include "frontend_f405.h"
#include "stm32f405.h"
#include "touch_f405.h"
#include "usart.h"

#include <string.h>

enum {
    CORE_HZ = 168000000,
    TIMER_HZ = 84000000,            /* twice APB1 */
    EMULATED_TIMER_HZ = 1000000000, /* what QEMU's timer counts by default */
    LINK_DIVIDER = 84, /* 84 MHz APB2 to 1 Mbaud */
    BUS_DIVIDER = 42,  /* 42 MHz APB1 to 1 Mbaud */
    CYCLE_US = 5000,
    EMULATED_CYCLE_US = 10000, /* QEMU's serial lines carry about 24 kB/s, the link's included */
    PATIENCE = 100000, /* turns of a wait loop: some 3 ms at 168 MHz, 30 ms at the reset clock */
    SUPPLY_PIN = 1, /* of port C */
    CRYSTAL_MHZ = 12,
    INSIDE_MHZ = 16,
    COUNTED = 0x600DB007,
    ESTOPPED = 0x0FF0E570
};

extern const uint8_t image_start[]; /* f405.ld */

void fault_handler(void);
void systick_handler(void);
void usart1_handler(void);
void usart3_handler(void);

static usart link_port, bus_port;
static uint32_t reset_flags;
static int32_t emulated;

/* Kept over a reset, not over the loss of power. At the same address in every image (f405.ld), so
 * that an ESTOP outlives the change from one to another, too. */
__attribute__((section(".noinit"))) static struct {
    uint32_t marked;
    uint32_t boots;
    uint32_t estop; /* ESTOPPED, or anything else */
} kept;

void systick_handler(void)
{
    /* Only ends WFI. Time is counted by the timer: QEMU loses ticks when it is short of
     * processor time. */
}

void usart1_handler(void)
{
    usart_interrupt(&link_port);
}

void usart3_handler(void)
{
    usart_interrupt(&bus_port);
}

void fault_handler(void)
{
    GPIO_BSRR(PORT_C) = 1u << (SUPPLY_PIN + 16);
    SCB_AIRCR = (uint32_t)AIRCR_KEY | AIRCR_SYSRESETREQ;
    for (;;) {
    }
}

static int32_t wait_for(const volatile uint32_t *at, uint32_t mask, uint32_t value)
{
    for (int32_t i = 0; i < PATIENCE; i++) {
        if ((*at & mask) == value) {
            return 1;
        }
    }
    return 0;
}

/* 168 MHz from the crystal: 12 / 12 * 336 / 2; 1 Mbaud is then exact on both serial lines. When it
 * does not swing within PATIENCE, from the internal oscillator: 16 / 16 * 336 / 2, off by 1 % at room
 * temperature, which the lines stand, and by 4 % at the ends of the range, which they may not. When
 * it stops later, the chip raises NMI: fault_handler cuts the motors and begins again. */
static void start_clocks(void)
{
    RCC_APB1ENR |= RCC_PWR | RCC_USART3 | RCC_TIM2 | RCC_SPI2;
    RCC_APB2ENR |= RCC_USART1 | RCC_SYSCFG;
    RCC_AHB1ENR |= RCC_GPIOB | RCC_GPIOC | RCC_DMA1;
    PWR_CR |= PWR_VOS;
    FLASH_ACR = ACR_168MHZ;
    RCC_CR |= RCC_HSEON;
    const int32_t swings = wait_for(&RCC_CR, RCC_HSERDY, RCC_HSERDY);
    RCC_PLLCFGR = (swings ? (uint32_t)CRYSTAL_MHZ | PLLCFGR_HSE : (uint32_t)INSIDE_MHZ) | 336u << 6
        | 7u << 24;
    if (swings) {
        RCC_CR |= RCC_CSSON;
    }
    RCC_CR |= RCC_PLLON;
    if (!wait_for(&RCC_CR, RCC_PLLRDY, RCC_PLLRDY)) {
        fault_handler();
    }
    RCC_CFGR = 5u << 10 | 4u << 13 | 2u; /* APB1 / 4, APB2 / 2, run from the PLL */
    if (!wait_for(&RCC_CFGR, 3u << 2, RCC_SWS_PLL)) {
        fault_handler();
    }
}

static void start_pins(void)
{
    GPIO_BSRR(PORT_C) = 1u << (SUPPLY_PIN + 16);
    GPIO_MODER(PORT_C) = (GPIO_MODER(PORT_C) & ~(3u << (2 * SUPPLY_PIN))) | 1u << (2 * SUPPLY_PIN);
    GPIO_OTYPER(PORT_B) |= 1u << 10;
    GPIO_AFRL(PORT_B) = (GPIO_AFRL(PORT_B) & ~(0xFFu << 24)) | 0x77u << 24;
    GPIO_AFRH(PORT_B) = (GPIO_AFRH(PORT_B) & ~(15u << 8)) | 7u << 8;
    GPIO_PUPDR(PORT_B) |= 1u << 14 | 1u << 20;
    GPIO_MODER(PORT_B) = (GPIO_MODER(PORT_B) & ~(15u << 12 | 3u << 20)) | 10u << 12 | 2u << 20;
}

int32_t board_start(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    /* no reset controller to ask; the emulated core runs at 168 MHz */
    emulated = (RCC_CR & RCC_HSION) == 0;
    reset_flags = RCC_CSR;
    RCC_CSR = CSR_RMVF;
    /* RAM may remember a short loss of power; the reset flags know of it (none in QEMU) */
    if (kept.marked != COUNTED || (reset_flags & CSR_PORRSTF) != 0) {
        kept.marked = COUNTED;
        kept.boots = 0;
        kept.estop = 0;
    }
    kept.boots++;
    if (!emulated) {
        start_clocks();
        start_pins();
        buttons_start();
        IWDG_KR = IWDG_UNLOCK;
        IWDG_PR = IWDG_DIVIDE_8;
        IWDG_RLR = IWDG_RELOAD_100MS;
        IWDG_KR = IWDG_START;
    }
    flash_start(emulated);
    frontend_start(emulated);
    touch_start(emulated);
    TIM2_PSC = (uint32_t)(emulated ? EMULATED_TIMER_HZ : TIMER_HZ) / 1000000u - 1u;
    TIM2_EGR = TIM_UG; /* takes the prescaler over */
    TIM2_CR1 = TIM_CEN;
    SYST_RVR = (uint32_t)CORE_HZ / 1000u * (emulated ? frontend_emulated_tick_ms() : 1u) - 1u;
    SYST_CVR = 0;
    SYST_CSR = SYST_ENABLE | SYST_INTERRUPT | SYST_CORE_CLOCK;
    usart_start(&link_port, USART1, USART1_IRQ, LINK_DIVIDER, 0);
    usart_start(&bus_port, USART3, USART3_IRQ, BUS_DIVIDER, 1);
    __asm volatile("cpsie i" ::: "memory");
    return 0;
}

/* Asked at least every 71 minutes, in fact every millisecond. Not from interrupts. */
uint64_t board_now_us(void)
{
    static uint64_t newest;
    newest += (uint32_t)(TIM2_CNT - (uint32_t)newest);
    return newest;
}

int32_t board_link_read(uint8_t *bytes, int32_t capacity)
{
    return usart_read(&link_port, bytes, capacity);
}

int32_t board_link_write(const uint8_t *bytes, int32_t n)
{
    return usart_write(&link_port, bytes, n);
}

int32_t board_bus_read(uint8_t *bytes, int32_t capacity)
{
    return usart_read(&bus_port, bytes, capacity);
}

int32_t board_bus_write(const uint8_t *bytes, int32_t n)
{
    return usart_write(&bus_port, bytes, n);
}

int32_t board_bus_sending(void)
{
    return usart_sending(&bus_port);
}

void board_drive_line(int32_t on)
{
    GPIO_BSRR(PORT_C) = on ? 1u << SUPPLY_PIN : 1u << (SUPPLY_PIN + 16);
}

uint32_t board_cycle_us(void)
{
    return emulated ? EMULATED_CYCLE_US : CYCLE_US;
}

uint32_t board_patience(void)
{
    return emulated ? 10 : 1;
}

static uint32_t stir(uint32_t hash, uint32_t word)
{
    hash = (hash ^ word) * 0x85EBCA6Bu; /* the finaliser of MurmurHash3, a word at a time */
    hash ^= hash >> 13;
    hash *= 0xC2B2AE35u;
    return hash ^ hash >> 16;
}

/* No source of noise on this chip is used: the moment of the host's first HELLO, to 6 ns, and
 * the boots since power. */
uint32_t board_boot_id(void)
{
    uint32_t id = stir(kept.boots, SYST_CVR);
    uint8_t uid[12];
    board_uid(uid);
    for (uint32_t i = 0; i < sizeof uid; i++) {
        id = stir(id, uid[i]);
    }
    id = stir(id, (uint32_t)board_now_us());
    return id != 0 ? id : 1u;
}

uint8_t board_reset_cause(void)
{
    return (reset_flags & (CSR_IWDGRSTF | CSR_WWDGRSTF)) != 0 ? BOARD_RESET_WATCHDOG
        : (reset_flags & CSR_SFTRSTF) != 0                    ? BOARD_RESET_SOFTWARE
        : (reset_flags & CSR_PORRSTF) != 0                    ? BOARD_RESET_POWER
        : (reset_flags & CSR_BORRSTF) != 0                    ? BOARD_RESET_BROWN_OUT
        : (reset_flags & CSR_PINRSTF) != 0                    ? BOARD_RESET_PIN
                                                              : BOARD_RESET_UNKNOWN;
}

int32_t board_has_brown_out_reset(void)
{
    return (FLASH_OPTCR & OPTCR_BOR_LEV) == 0u; /* so in QEMU, where the register reads 0 */
}

void board_keep_estop(void)
{
    kept.estop = ESTOPPED;
}

int32_t board_estop_kept(void)
{
    return kept.estop == ESTOPPED;
}

static const uint8_t EMULATED[12] = {'e', 'n', 'd', 'p', 'l', 'a', 't', 'e', 'q', 'e', 'm', 'u'};

void board_uid(uint8_t uid[12])
{
    if (emulated) {
        memcpy(uid, EMULATED, sizeof EMULATED);
        return;
    }
    for (uint32_t i = 0; i < 3; i++) {
        const uint32_t word = UID_WORD(i);
        memcpy(uid + 4 * i, (const uint8_t *)&word, 4);
    }
}

uint32_t board_schema_hash(uint32_t compiled)
{
    return compiled;
}

int32_t board_has_watchdog(void)
{
    return !emulated;
}

void board_watchdog_feed(void)
{
    IWDG_KR = IWDG_FEED;
}

/* For a debugger to find: the last line said. */
void board_log(const char *text)
{
    static const char *volatile said;
    said = text;
    (void)said;
}

void board_observe(const struct app_state *app)
{
    (void)app;
}

void board_idle(uint32_t most_us)
{
    /* an emulator that never waits starves its own serial lines */
    if (most_us == 0 && !emulated) {
        return;
    }
    /* With interrupts held back, WFI still ends at the next one: nothing that comes after the
     * look is slept over. */
    __asm volatile("cpsid i" ::: "memory");
    if (!frontend_has_news() && usart_waiting(&link_port) == 0 && usart_waiting(&bus_port) == 0) {
        __asm volatile("dsb\n wfi" ::: "memory");
    }
    __asm volatile("cpsie i\n isb" ::: "memory");
}

int32_t board_image_slot(void)
{
    const uint32_t here = (uint32_t)(uintptr_t)image_start;
    return here == flash_slot_address(0) ? 0 : here == flash_slot_address(1) ? 1 : -1;
}

void board_reset(void)
{
    SCB_AIRCR = (uint32_t)AIRCR_KEY | AIRCR_SYSRESETREQ;
    for (;;) {
    }
}

int32_t board_restart(void)
{
    return 0;
}
