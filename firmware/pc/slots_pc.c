/* SPDX-License-Identifier: MIT
 *
 * slots_pc: the two slots of the firmware, and the boot loader. What stands in a slot is an image like
 * any other (app/image.h), and which one starts is decided by the boot loader's own code (app/boot.h).
 * What runs is always this program: of the image it takes the version, and nothing else of it is
 * executed. --bad-image VERSION: an image of this version ends as soon as it is begun.
 */
#define _GNU_SOURCE
#include "app.h"
#include "board.h"
#include "board_pc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROOM = 0x30000, SECTOR = 0x10000, NO_IMAGE_STATUS = 4 };

static struct {
    int32_t slot; /* BOOT_NONE: there is no flash */
    const char *bad;
} slots = {.slot = BOOT_NONE};

/* What a maker would have flashed: an image of the version this program was built as, in slot A. */
void slots_make(uint8_t *slot_a)
{
    static const uint8_t prefix[] = {'E', 'P', 'F', 'W', 0, 0, 0, 0, IMAGE_FORMAT, 0, 0, 0,
                                     APP_MAJOR, APP_MINOR, APP_PATCH, 0, 0, 0, 0, 0, 4};
    memset(slot_a, 0, IMAGE_HEADER + 4);
    memcpy(slot_a, prefix, sizeof prefix);
    uint32_t crc = store_crc(0, slot_a + IMAGE_CRC_FROM, IMAGE_SIGNATURE - IMAGE_CRC_FROM);
    crc = store_crc(crc, slot_a + IMAGE_SIGNED_ON, IMAGE_HEADER + 4 - IMAGE_SIGNED_ON);
    memcpy(slot_a + 4, &crc, sizeof crc);
}

static int32_t is_bad(int32_t slot)
{
    image_info info;
    char version[16];
    (void)image_check(slot, &info);
    (void)snprintf(version, sizeof version, "%d.%d.%d", info.version[0], info.version[1],
                   info.version[2]);
    return slots.bad != 0 && strcmp(version, slots.bad) == 0;
}

/* What the boot loader does at each reset. */
void slots_boot(const char *bad)
{
    boot_state boot;
    slots.bad = bad;
    if (board_flash_bytes() == 0) {
        return;
    }
    do {
        slots.slot = boot_choose(&boot);
        if (slots.slot == BOOT_NONE || (is_bad(slots.slot) && boot.trial != slots.slot)) {
            fputs("endplate-hand: no image in its flash starts\n", stderr);
            exit(NO_IMAGE_STATUS);
        }
    } while (is_bad(slots.slot)); /* its watchdog resets it */
}

int32_t board_image_slot(void)
{
    return slots.slot;
}

int32_t board_image_bytes(void)
{
    return board_flash_bytes() > 0 ? ROOM : 0;
}

void board_image_read(int32_t slot, int32_t at, void *bytes, int32_t n)
{
    memcpy(bytes, flash_slot(slot) + at, (size_t)n);
}

int32_t board_image_program(int32_t slot, int32_t at, uint32_t word)
{
    return flash_program(flash_slot(slot) + at, word);
}

int32_t board_image_sector(int32_t slot, int32_t at)
{
    (void)slot;
    return at % SECTOR == 0;
}

int32_t board_image_erase(int32_t slot, int32_t at)
{
    return flash_erase(flash_slot(slot) + at, SECTOR);
}
