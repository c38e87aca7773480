/* SPDX-License-Identifier: MIT
 *
 * flash_pc: flash in a file: the stores' sectors, small ones, so that they fill soon, those of blobs
 * between them, then the two slots of the firmware (slots_pc.c). Behaves as flash does: programming only turns ones into zeros.
 * --power-cut ends the program in the middle of an operation, with half of it done.
 */
#define _GNU_SOURCE
#include "board.h"
#include "board_pc.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    SECTOR = 2048,
    BLOBS = 65536, /* of the sectors BOARD_FLASH_SLOTS and the next */
    IMAGES_AT = 4 * SECTOR + 2 * BLOBS,
    IMAGE = 0x30000,
    CUT_STATUS = 3
};

/* Where each sector begins, and where the last one ends. */
static const int32_t PLACE[BOARD_SECTORS + 1] = {
    0, SECTOR, 2 * SECTOR, 2 * SECTOR + BLOBS, 2 * SECTOR + 2 * BLOBS, 3 * SECTOR + 2 * BLOBS,
    IMAGES_AT};

static struct {
    int file; /* -1: none */
    int32_t cut; /* at this operation; 0: never */
    int32_t done;
    _Alignas(4) uint8_t bytes[IMAGES_AT + 2 * IMAGE];
} flash = {.file = -1};

static int32_t write_out(const uint8_t *from, int32_t n)
{
    return pwrite(flash.file, from, (size_t)n, from - flash.bytes) == n;
}

int32_t flash_open(const char *path, int32_t cut)
{
    struct stat found;
    flash.cut = cut;
    flash.file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (flash.file < 0 || fstat(flash.file, &found) != 0) {
        return 0;
    }
    memset(flash.bytes, 0xFF, sizeof flash.bytes);
    if (found.st_size == 0) {
        slots_make(flash_slot(0));
        return write_out(flash.bytes, (int32_t)sizeof flash.bytes);
    }
    return pread(flash.file, flash.bytes, sizeof flash.bytes, 0) == (ssize_t)sizeof flash.bytes;
}

uint8_t *flash_slot(int32_t slot)
{
    return flash.bytes + IMAGES_AT + slot * IMAGE;
}

static int32_t power_goes_now(void)
{
    flash.done++;
    return flash.done == flash.cut;
}

int32_t flash_program(uint8_t *at, uint32_t word)
{
    const int32_t cut = power_goes_now();
    uint32_t now;
    memcpy(&now, at, sizeof now);
    now &= cut ? word | 0xFFFF0000u : word;
    memcpy(at, &now, sizeof now);
    const int32_t written = write_out(at, (int32_t)sizeof now);
    if (cut) {
        _exit(CUT_STATUS);
    }
    return written && now == word;
}

int32_t flash_erase(uint8_t *from, int32_t sector)
{
    const int32_t cut = power_goes_now();
    const int32_t n = cut ? sector / 2 + 2 : sector; /* in the middle of a word, too */
    memset(from, 0xFF, (size_t)n);
    const int32_t written = write_out(from, n);
    if (cut) {
        _exit(CUT_STATUS);
    }
    return written;
}

int32_t board_flash_bytes(void)
{
    return flash.file >= 0 ? SECTOR : 0;
}

int32_t board_flash_slot_bytes(void)
{
    return flash.file >= 0 ? BLOBS : 0;
}

void board_flash_read(int32_t sector, int32_t at, void *bytes, int32_t n)
{
    memcpy(bytes, flash.bytes + PLACE[sector] + at, (size_t)n);
}

const uint8_t *board_flash_at(int32_t sector)
{
    return flash.bytes + PLACE[sector];
}

int32_t board_flash_program(int32_t sector, int32_t at, uint32_t word)
{
    return flash_program(flash.bytes + PLACE[sector] + at, word);
}

int32_t board_flash_erase(int32_t sector)
{
    return flash_erase(flash.bytes + PLACE[sector], PLACE[sector + 1] - PLACE[sector]);
}
