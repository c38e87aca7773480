/* SPDX-License-Identifier: MIT
 *
 * buttons_pc: the buttons of the pc board are the first byte of a file (--buttons FILE), the bits of
 * board_button; whoever writes it presses them.
 */
#define _GNU_SOURCE
#include "board.h"
#include "board_pc.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static const volatile uint8_t *contacts;

int32_t buttons_open(const char *path)
{
    struct stat found;
    const int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0 || fstat(file, &found) != 0 || found.st_size < 1) {
        return 0;
    }
    void *mapped = mmap(0, 1, PROT_READ, MAP_SHARED, file, 0);
    close(file);
    contacts = mapped != MAP_FAILED ? mapped : 0;
    return contacts != 0;
}

uint32_t board_buttons(void)
{
    return contacts != 0 ? *contacts : 0u;
}
