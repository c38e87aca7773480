/* SPDX-License-Identifier: MIT */
#include "semihost.h"

#include <string.h>

enum operation {
    SYS_OPEN = 0x01,
    SYS_CLOSE = 0x02,
    SYS_WRITE0 = 0x04,
    SYS_WRITE = 0x05,
    SYS_READ = 0x06,
    SYS_FLEN = 0x0C,
    SYS_EXIT_EXTENDED = 0x20
};

enum { APPLICATION_EXIT = 0x20026 };

static int32_t ask(int32_t operation, const void *block)
{
    register int32_t number __asm("r0") = operation;
    register const void *argument __asm("r1") = block;
    __asm volatile("bkpt 0xAB" : "+r"(number) : "r"(argument) : "memory");
    return number;
}

int32_t semihost_open(const char *name, int32_t mode)
{
    const uint32_t block[3] = {(uint32_t)name, (uint32_t)mode, strlen(name)};
    return ask(SYS_OPEN, block);
}

int32_t semihost_length(int32_t handle)
{
    return ask(SYS_FLEN, &handle);
}

int32_t semihost_read(int32_t handle, void *bytes, int32_t n)
{
    const uint32_t block[3] = {(uint32_t)handle, (uint32_t)bytes, (uint32_t)n};
    return n - ask(SYS_READ, block); /* it answers how many are lacking */
}

int32_t semihost_write(int32_t handle, const void *bytes, int32_t n)
{
    const uint32_t block[3] = {(uint32_t)handle, (uint32_t)bytes, (uint32_t)n};
    return n - ask(SYS_WRITE, block);
}

void semihost_close(int32_t handle)
{
    (void)ask(SYS_CLOSE, &handle);
}

void semihost_say(const char *text)
{
    (void)ask(SYS_WRITE0, text);
}

_Noreturn void semihost_exit(int32_t status)
{
    const uint32_t block[2] = {APPLICATION_EXIT, (uint32_t)status};
    (void)ask(SYS_EXIT_EXTENDED, block);
    for (;;) {
    }
}
