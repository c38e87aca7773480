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
    USED = 16384, /* of each sector of a store: to read all of them would take long at every boot */
    SLOT_USED = 65536, /* of each that keeps blobs */
    ROOM = 0x30000, /* of a slot: what an image may have, 192 KiB */
    /* limits of ST DS8626, table "Flash memory programming": 100 us a word, 2.6 s a sector */
    PROGRAM_US = 1000,
    ERASE_US = 4000000,
    WATCHDOG_SLOW = 4095, /* 32 s at 32 kHz / 256 */
    WATCHDOG_TURNS = 100000
};

/* The chip's sectors (RM0090, table 5) of board.h's: parameters, blobs, boot journal. */
static const struct {
    int32_t number;
    uint32_t address;
} STORES[BOARD_SECTORS] = {
    {10, 0x080C0000u}, {11, 0x080E0000u}, {8, 0x08080000u},
    {9, 0x080A0000u},  {1, 0x08004000u},  {2, 0x08008000u}};
/* The sectors of both slots. */
static const struct {
    int32_t number, slot, at;
} SLOTS[] = {{4, 0, 0}, {5, 0, 0x10000}, {6, 1, 0}, {7, 1, 0x20000}};
static const uint32_t SLOT_ADDRESS[2] = {0x08010000u, 0x08040000u};

static int32_t is_emulated;

void flash_start(int32_t emulated)
{
    is_emulated = emulated;
}

int32_t board_flash_bytes(void)
{
    return USED;
}

int32_t board_flash_slot_bytes(void)
{
    return SLOT_USED;
}

void board_flash_read(int32_t sector, int32_t at, void *bytes, int32_t n)
{
    const uint8_t *from = (const uint8_t *)(uintptr_t)STORES[sector].address;
    uint8_t *to = bytes;
    const int32_t first = from[0] | from[1] | from[2] | from[3]; /* not 0 in a sector that was loaded */
    int32_t set = 0;
    memcpy(to, from + at, (size_t)n);
    for (int32_t i = 0; i < n; i++) {
        set |= to[i];
    }
    if (is_emulated && first == 0 && set == 0) { /* QEMU's flash reads 0 where nothing is, not FF */
        memset(bytes, 0xFF, (size_t)n);
    }
}

const uint8_t *board_flash_at(int32_t sector)
{
    return (const uint8_t *)(uintptr_t)STORES[sector].address;
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

static int32_t program(uint32_t address, uint32_t word)
{
    volatile uint32_t *to = (volatile uint32_t *)(uintptr_t)address;
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

/* Sector `number` of the chip; its first `n` bytes are looked at. */
static int32_t erase(int32_t number, uint32_t address, int32_t n)
{
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
    for (uint32_t at = 0; good && at < (uint32_t)n; at += 4u) {
        good = *(const volatile uint32_t *)(uintptr_t)(address + at) == 0xFFFFFFFFu;
    }
    return good;
}

int32_t board_flash_program(int32_t sector, int32_t at, uint32_t word)
{
    return program(STORES[sector].address + (uint32_t)at, word);
}

int32_t board_flash_erase(int32_t sector)
{
    const int32_t slot = sector == BOARD_FLASH_SLOTS || sector == BOARD_FLASH_SLOTS + 1;
    return erase(STORES[sector].number, STORES[sector].address, slot ? SLOT_USED : USED);
}

uint32_t flash_slot_address(int32_t slot)
{
    return SLOT_ADDRESS[slot];
}

int32_t board_image_bytes(void)
{
    return ROOM;
}

void board_image_read(int32_t slot, int32_t at, void *bytes, int32_t n)
{
    memcpy(bytes, (const uint8_t *)(uintptr_t)SLOT_ADDRESS[slot] + at, (size_t)n);
}

int32_t board_image_program(int32_t slot, int32_t at, uint32_t word)
{
    return program(SLOT_ADDRESS[slot] + (uint32_t)at, word);
}

/* Of the slot's sector that begins at `at`, the row in SLOTS; -1: none does. */
static int32_t row(int32_t slot, int32_t at)
{
    for (int32_t i = 0; i < (int32_t)(sizeof SLOTS / sizeof SLOTS[0]); i++) {
        if (SLOTS[i].slot == slot && SLOTS[i].at == at) {
            return i;
        }
    }
    return -1;
}

int32_t board_image_sector(int32_t slot, int32_t at)
{
    return row(slot, at) >= 0;
}

int32_t board_image_erase(int32_t slot, int32_t at)
{
    const int32_t i = row(slot, at);
    return i >= 0 && erase(SLOTS[i].number, SLOT_ADDRESS[slot] + (uint32_t)at, 0x10000);
}
