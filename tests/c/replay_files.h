/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * replay_files: what replay_main needs of its machine. The PC has files (replay_host.c), the hand's
 * processor has a debugger that reads and writes them for it (replay_target.c).
 */
#ifndef ENDPLATE_TESTS_REPLAY_FILES_H
#define ENDPLATE_TESTS_REPLAY_FILES_H

#include <stdint.h>

/* A whole file of the current folder, by pointer, valid to the end; its bytes, or -1. The hand's
 * processor holds `counts.bin` in flash and everything else up to 52 kB in RAM. */
int32_t replay_file(const char *name, const void **bytes);

/* A file to write, and bytes for its end. Handles are >= 0. */
int32_t replay_create(const char *name);
void replay_append(int32_t handle, const void *bytes, int32_t n);

void replay_say(const char *text);
void replay_say_number(uint64_t value); /* on the hand's processor alone, which has no printf */
_Noreturn void replay_end(int32_t status);

#endif
