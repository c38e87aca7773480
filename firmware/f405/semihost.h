/* SPDX-License-Identifier: MIT
 *
 * semihost: files and words through the debugger (here QEMU's -semihosting), for tests. Source:
 * ARM, "Semihosting for AArch32 and AArch64", operations 0x01 to 0x0C and 0x20.
 */
#ifndef ENDPLATE_SEMIHOST_H
#define ENDPLATE_SEMIHOST_H

#include <stdint.h>

enum { SEMIHOST_READ = 1 /* "rb" */, SEMIHOST_WRITE = 5 /* "wb" */ };

int32_t semihost_open(const char *name, int32_t mode); /* handle, or -1 */
int32_t semihost_length(int32_t handle);
int32_t semihost_read(int32_t handle, void *bytes, int32_t n);        /* how many */
int32_t semihost_write(int32_t handle, const void *bytes, int32_t n); /* how many */
void semihost_close(int32_t handle);
void semihost_say(const char *text);
_Noreturn void semihost_exit(int32_t status); /* the emulator ends with this status */

#endif
