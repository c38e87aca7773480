/* SPDX-License-Identifier: MIT */
#include "app.h"
#include "board_pc.h"

#include <stdio.h>

static FILE *file;

int32_t trace_open(const char *path, int32_t go_on)
{
    file = fopen(path, go_on ? "a" : "w");
    return file != 0;
}

static void row(const char *name, const float *values, int32_t n)
{
    fprintf(file, ", \"%s\": [", name);
    for (int32_t i = 0; i < n; i++) {
        fprintf(file, i ? ", %.5g" : "%.5g", (double)values[i]);
    }
    fputc(']', file);
}

void trace_step(const app_state *app)
{
    static uint32_t cycles;
    static int32_t state = -1;
    if (file == 0 || (app->motor.cycles == cycles && app->guard.state == state)) {
        return;
    }
    cycles = app->motor.cycles;
    state = app->guard.state;
    fprintf(file,
            "{\"us\": %llu, \"state\": %d, \"faults\": %u, \"power\": %d, \"drive\": %d, "
            "\"sample\": %u, "
            "\"applied_sample\": %u, \"applied_us\": %llu, \"stopped_us\": %llu",
            (unsigned long long)app->now_us, (int)state, (unsigned)app->guard.faults,
            (int)app->output.power, (int)app->output.drive, (unsigned)app->sample,
            (unsigned)app->motor.applied_sample, (unsigned long long)app->motor.applied_us,
            (unsigned long long)app->motor.stopped_us);
    fprintf(file, ", \"grip\": %d, \"frozen\": %u, \"valid_ms\": %u", (int)app->grip,
            (unsigned)app->guard.frozen, (unsigned)app->guard.valid_ms);
    row("target", app->guard.target, CORE_MAX_DOF);
    row("velocity", app->output.velocity, CORE_MAX_DOF);
    row("goal", app->motor.goal_deg, app->motor.axes);
    row("position", app->motor.position_deg, app->motor.axes);
    fprintf(file, ", \"contact\": %u, \"slip\": %u, \"tactor\": %u", (unsigned)app->touch.contact,
            (unsigned)app->touch.slip, (unsigned)app->tactor.level);
    fputs("}\n", file);
    fflush(file);
}
