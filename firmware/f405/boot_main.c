/* SPDX-License-Identifier: MIT
 *
 * boot_main: the boot loader, in the flash's first sector. Chooses a slot (app/boot.h) and begins the
 * program in it. It touches no pin and no motor, leaves the reset flags and what is kept over a reset
 * (board_f405.c) alone, and runs at the reset clock of 16 MHz. With no image to begin it waits for a
 * debugger or the chip's own boot loader.
 */
#include "boot.h"
#include "flash_f405.h"
#include "image.h"
#include "stm32f405.h"

enum { RESET_HZ = 16000000, EMULATED_HZ = 1000000000, WATCHDOG_4S = 4000 /* at 32 kHz / 32 */ };

int main(int argc, char **argv);

/* The vectors begin with the stack's top and the address to begin at. */
__attribute__((noreturn)) static void begin(uint32_t vectors)
{
    const uint32_t *word = (const uint32_t *)(uintptr_t)vectors;
    const uint32_t stack = word[0], entry = word[1];
    SCB_VTOR = vectors;
    __asm volatile("dsb\n isb\n msr msp, %0\n bx %1" : : "r"(stack), "r"(entry) : "memory");
    __builtin_unreachable();
}

int main(int argc, char **argv)
{
    static boot_state boot;
    const int32_t emulated = (RCC_CR & RCC_HSION) == 0; /* see board_f405.c */
    (void)argc;
    (void)argv;
    RCC_APB1ENR |= RCC_TIM2; /* the flash's waits are bounded by it */
    TIM2_PSC = (uint32_t)(emulated ? EMULATED_HZ : RESET_HZ) / 1000000u - 1u;
    TIM2_EGR = TIM_UG;
    TIM2_CR1 = TIM_CEN;
    flash_start(emulated);
    const int32_t slot = boot_choose(&boot);
    if (slot != BOOT_NONE) {
        if (!emulated) { /* an image that hangs before it starts its own watchdog was tried, too */
            IWDG_KR = IWDG_UNLOCK;
            IWDG_PR = IWDG_DIVIDE_32;
            IWDG_RLR = WATCHDOG_4S;
            IWDG_KR = IWDG_START;
        }
        begin(flash_slot_address(slot) + (uint32_t)IMAGE_HEADER);
    }
    for (;;) {
        __asm volatile("wfi");
    }
}
