/* SPDX-License-Identifier: MIT
 *
 * start: vectors, and what happens between reset and main.
 */
#include "stm32f405.h"

extern uint32_t stack_bottom, stack_top, data_start, data_end, data_load, bss_start, bss_end;

int main(int argc, char **argv);
void reset_handler(void);
void fault_handler(void);
void ignore_handler(void);
void systick_handler(void);
void usart1_handler(void);
void usart3_handler(void);
void exti2_handler(void);
void dma1_stream3_handler(void);

/* Anything that must not happen: begin again. board_f405.c has its own, which cuts the drive
 * first. */
__attribute__((weak)) void fault_handler(void)
{
    SCB_AIRCR = (uint32_t)AIRCR_KEY | AIRCR_SYSRESETREQ;
    for (;;) {
    }
}

__attribute__((weak)) void ignore_handler(void)
{
}

__attribute__((weak, alias("ignore_handler"))) void systick_handler(void);
__attribute__((weak, alias("fault_handler"))) void usart1_handler(void);
__attribute__((weak, alias("fault_handler"))) void usart3_handler(void);
__attribute__((weak, alias("fault_handler"))) void exti2_handler(void);
__attribute__((weak, alias("fault_handler"))) void dma1_stream3_handler(void);

typedef void (*handler)(void);

enum { SYSTEM = 16, INTERRUPTS = 82, FRAME_WORDS = 16, PAINT = 0x5AA55AA5 };

__attribute__((section(".vectors"), used)) static const struct {
    uint32_t *stack;
    handler entry[SYSTEM - 1 + INTERRUPTS];
} VECTORS = {
    &stack_top,
    {
        [0] = reset_handler,
        [1 ... 13] = fault_handler,
        [14] = systick_handler,
        [15 ... 22] = fault_handler,
        [15 + 8] = exti2_handler,
        [24 ... 28] = fault_handler,
        [15 + 14] = dma1_stream3_handler,
        [30 ... 51] = fault_handler,
        [15 + 37] = usart1_handler,
        [53] = fault_handler,
        [15 + 39] = usart3_handler,
        [55 ... SYSTEM - 2 + INTERRUPTS] = fault_handler,
    },
};

/* Apart from reset_handler and never inlined: the compiler may save FPU registers at its
 * beginning, which faults until the FPU is on. */
__attribute__((noinline, noreturn)) static void begin(void)
{
    const uint32_t *from = &data_load;
    for (uint32_t *to = &data_start; to < &data_end; to++) {
        *to = *from++;
    }
    for (uint32_t *to = &bss_start; to < &bss_end; to++) {
        *to = 0;
    }
    const uint32_t *here = __builtin_frame_address(0);
    for (uint32_t *to = &stack_bottom; to < here - FRAME_WORDS; to++) {
        *to = PAINT; /* what is still there later was never used */
    }
    static char name[] = "endplate-hand";
    static char *arguments[] = {name, 0};
    (void)main(1, arguments);
    fault_handler();
    for (;;) {
    }
}

__attribute__((noreturn)) void reset_handler(void)
{
    SCB_VTOR = (uint32_t)(uintptr_t)&VECTORS;
    SCB_CPACR |= CPACR_FPU;
    __asm volatile("dsb\n isb" ::: "memory");
    begin();
}
