/* SPDX-License-Identifier: MIT
 *
 * flash_f405: see flash_f405.h. The chip has one bank: while it erases, nothing that lies in flash
 * runs, interrupts neither; so the watchdog is given longer for it. Source: ST RM0090, 3.6 (program
 * and erase) and 21.3 (IWDG). Not run on silicon yet.
 */
#include "flash_f405.h"

#include "board.h"
#include "stm32f405.h"

#include <string.h>

enum {
    FIRST = 10, /* sectors 10 and 11, 128 kB each, are the store's, */
    FIRST_SLOT = 8, /* 8 and 9 the slots */
    SECTOR_SIZE = 0x20000,
    USED = 16384, /* of each: to read all of them would take long at every boot */
    SLOT_USED = 8192,
    /* limits of ST DS8626, table "Flash memory programming": 100 us a word, 2.6 s a sector */
    PROGRAM_US = 1000,
    ERASE_US = 4000000,
    WATCHDOG_SLOW = 4095, /* 32 s at 32 kHz / 256 */
    WATCHDOG_TURNS = 100000
};

extern const uint8_t store_start[], slots_start[]; /* f405.ld */

static int32_t is_emulated;

void flash_start(int32_t emulated)
{
    is_emulated = emulated;
}

static const uint8_t *address(int32_t sector, int32_t at)
{
    return sector < BOARD_FLASH_SLOTS
        ? store_start + sector * SECTOR_SIZE + at
        : slots_start + (sector - BOARD_FLASH_SLOTS) * SECTOR_SIZE + at;
}

int32_t board_flash_bytes(void)
{
    return USED;
}

int32_t board_flash_slot_bytes(void)
{
    return SLOT_USED;
}

/* What stands in the slots of an emulated chip was loaded there; 0 where nothing was, which is no
 * slot that checks. */
void board_flash_read(int32_t sector, int32_t at, void *bytes, int32_t n)
{
    if (is_emulated && sector < BOARD_FLASH_SLOTS) { /* QEMU's flash reads 0 where nothing was loaded; an erased chip reads FF */
        memset(bytes, 0xFF, (size_t)n);
        return;
    }
    memcpy(bytes, address(sector, at), (size_t)n);
}

static int32_t ready(uint32_t most_us)
{
    const uint32_t began = TIM2_CNT;
    while ((FLASH_SR & FLASH_BSY) != 0) {
        if (TIM2_CNT - began > most_us) {
            return 0;
        }
    }
    return (FLASH_SR & FLASH_ERRORS) == 0;
}

static int32_t unlock(void)
{
    if (!ready(ERASE_US)) {
        FLASH_SR = FLASH_ERRORS; /* of an operation before; written ones clear them */
    }
    if ((FLASH_CR & FLASH_LOCK) != 0) {
        FLASH_KEYR = FLASH_KEY1;
        FLASH_KEYR = FLASH_KEY2;
    }
    return (FLASH_CR & FLASH_LOCK) == 0;
}

/* The data cache follows what is programmed and not what is erased: neither may be looked at in
 * place of the flash itself (RM0090, 3.5.2 and 3.6.3). */
static void forget_cache(void)
{
    FLASH_ACR &= ~(uint32_t)ACR_DCEN; /* it is emptied only while it is off */
    FLASH_ACR |= ACR_DCRST;
    FLASH_ACR &= ~(uint32_t)ACR_DCRST;
    FLASH_ACR |= ACR_DCEN;
}

int32_t board_flash_program(int32_t sector, int32_t at, uint32_t word)
{
    volatile uint32_t *to = (volatile uint32_t *)(uintptr_t)address(sector, at);
    int32_t good = unlock();
    if (good) {
        FLASH_CR = FLASH_BY_WORD | FLASH_PG;
        *to = word;
        __asm volatile("dsb" ::: "memory");
        good = ready(PROGRAM_US);
    }
    FLASH_CR = FLASH_LOCK;
    forget_cache();
    return good && *to == word;
}

static void watchdog(uint32_t divider, uint32_t reload)
{
    if (is_emulated) {
        return;
    }
    IWDG_KR = IWDG_UNLOCK;
    IWDG_PR = divider;
    IWDG_RLR = reload;
    for (int32_t i = 0; i < WATCHDOG_TURNS && IWDG_SR != 0; i++) {
        /* both are taken over within 5 turns of its own 32 kHz */
    }
    IWDG_KR = IWDG_FEED;
}

int32_t board_flash_erase(int32_t sector)
{
    const int32_t slot = sector - BOARD_FLASH_SLOTS;
    const int32_t number = slot < 0 ? FIRST + sector : FIRST_SLOT + slot;
    const int32_t used = slot < 0 ? USED : SLOT_USED;
    int32_t good = unlock();
    if (good) {
        watchdog(IWDG_DIVIDE_256, WATCHDOG_SLOW);
        FLASH_CR = FLASH_BY_WORD | FLASH_SER | (uint32_t)number << FLASH_SNB;
        FLASH_CR |= FLASH_STRT;
        __asm volatile("dsb" ::: "memory");
        good = ready(ERASE_US);
        watchdog(IWDG_DIVIDE_8, IWDG_RELOAD_100MS);
    }
    FLASH_CR = FLASH_LOCK;
    forget_cache();
    for (int32_t at = 0; good && at < used; at += 4) {
        good = *(const volatile uint32_t *)(const void *)address(sector, at) == 0xFFFFFFFFu;
    }
    return good;
}
