/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "replay_files.h"

#include <stdio.h>
#include <stdlib.h>

enum { FILES = 4 };

static FILE *files[FILES];
static int32_t used;

int32_t replay_file(const char *name, const void **bytes)
{
    FILE *file = fopen(name, "rb");
    if (file == NULL) return -1;
    fseek(file, 0, SEEK_END);
    const long n = ftell(file);
    rewind(file);
    void *held = malloc((size_t)n + 1);
    if (held == NULL || fread(held, 1, (size_t)n, file) != (size_t)n) return -1;
    fclose(file);
    *bytes = held;
    return (int32_t)n;
}

int32_t replay_create(const char *name)
{
    files[used] = fopen(name, "wb");
    return files[used] == NULL ? -1 : used++;
}

void replay_append(int32_t handle, const void *bytes, int32_t n)
{
    if (handle < 0 || fwrite(bytes, 1, (size_t)n, files[handle]) != (size_t)n) exit(2);
}

void replay_say(const char *text) { fputs(text, stderr); }

void replay_end(int32_t status)
{
    for (int32_t i = 0; i < used; i++) fclose(files[i]);
    exit(status);
}
