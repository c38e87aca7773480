/* SPDX-License-Identifier: MIT
 *
 * touch_pc: the converter of the force inputs is a file that the simulated mechanics keep writing; the
 * tactor is what the trace shows (trace.c).
 */
#include "board.h"
#include "board_pc.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CHANNELS = 8 };

static const volatile uint16_t *inputs;

int32_t touch_open(const char *path)
{
    struct stat found;
    const int fd = open(path, O_RDONLY);
    if (fd < 0) {
        return 0;
    }
    if (fstat(fd, &found) == 0 && found.st_size >= (off_t)(CHANNELS * sizeof(uint16_t))) {
        void *mapped = mmap(0, CHANNELS * sizeof(uint16_t), PROT_READ, MAP_SHARED, fd, 0);
        inputs = mapped == MAP_FAILED ? 0 : mapped;
    }
    close(fd);
    return inputs != 0;
}

int32_t board_touch(int32_t channel)
{
    return inputs != 0 && channel >= 0 && channel < CHANNELS ? inputs[channel] : -1;
}

void board_tactor(uint8_t level)
{
    (void)level;
}
