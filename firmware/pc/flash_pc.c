/* SPDX-License-Identifier: MIT
 *
 * flash_pc: four sectors of flash in a file, small ones, so that they fill soon. Behaves as flash
 * does: programming only turns ones into zeros. --power-cut ends the program in the middle of an
 * operation, with half of it done.
 */
#define _GNU_SOURCE
#include "board.h"
#include "board_pc.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    SECTOR = 2048, /* of the first two, which are the store's */
    SLOT = 4096,   /* of the other two */
    SECTORS = 4,
    ALL = 2 * SECTOR + 2 * SLOT,
    CUT_STATUS = 3
};

static struct {
    int file; /* -1: none */
    int32_t cut; /* at this operation; 0: never */
    int32_t done;
    uint8_t bytes[ALL];
} flash = {.file = -1};

static int32_t size_of(int32_t sector)
{
    return sector < BOARD_FLASH_SLOTS ? SECTOR : SLOT;
}

/* Where a byte of a sector stands in all of it. */
static int32_t place(int32_t sector, int32_t at)
{
    return at + (sector < BOARD_FLASH_SLOTS ? sector * SECTOR : 2 * SECTOR + (sector - 2) * SLOT);
}

static int32_t write_out(int32_t sector, int32_t at, int32_t n)
{
    const int32_t from = place(sector, at);
    return pwrite(flash.file, flash.bytes + from, (size_t)n, from) == n;
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
        return write_out(0, 0, ALL);
    }
    return pread(flash.file, flash.bytes, sizeof flash.bytes, 0) == (ssize_t)sizeof flash.bytes;
}

static int32_t power_goes_now(void)
{
    flash.done++;
    return flash.done == flash.cut;
}

int32_t board_flash_bytes(void)
{
    return flash.file >= 0 ? SECTOR : 0;
}

int32_t board_flash_slot_bytes(void)
{
    return flash.file >= 0 ? SLOT : 0;
}

void board_flash_read(int32_t sector, int32_t at, void *bytes, int32_t n)
{
    memcpy(bytes, flash.bytes + place(sector, at), (size_t)n);
}

int32_t board_flash_program(int32_t sector, int32_t at, uint32_t word)
{
    const int32_t cut = power_goes_now();
    uint32_t now;
    memcpy(&now, flash.bytes + place(sector, at), sizeof now);
    now &= cut ? word | 0xFFFF0000u : word;
    memcpy(flash.bytes + place(sector, at), &now, sizeof now);
    const int32_t written = write_out(sector, at, (int32_t)sizeof now);
    if (cut) {
        _exit(CUT_STATUS);
    }
    return written && now == word;
}

int32_t board_flash_erase(int32_t sector)
{
    const int32_t cut = power_goes_now();
    const int32_t n = cut ? size_of(sector) / 2 + 2 : size_of(sector); /* in the middle of a word, too */
    memset(flash.bytes + place(sector, 0), 0xFF, (size_t)n);
    const int32_t written = write_out(sector, 0, n);
    if (cut) {
        _exit(CUT_STATUS);
    }
    return written;
}
