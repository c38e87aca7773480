/* SPDX-License-Identifier: MIT */
#include "board.h"
#include "board_pc.h"
#include "frontend_pc.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char HELP[] =
    "usage: endplate-hand --bus PATH [options]\n"
    "The hand's firmware as a Linux program. Prints one JSON line with the port of its link.\n"
    "  --bus PATH           motor bus: a serial port, a pty or a unix socket\n"
    "  --link-name PATH     also make a symbolic link to the port\n"
    "  --baud N             of the link (1000000)\n"
    "  --clock-offset-us N  its clock is ahead of the system's by this\n"
    "  --clock-ppm X        and this much too fast\n"
    "  --schema 0xHASH      answer another schema hash (for tests)\n"
    "  --trace FILE         one JSON line per motor cycle\n"
    "  --no-brown-out       its processor is not reset by a low supply, and it says so\n"
    "  --reset-cause N      of its first boot: 1 power (default) to 5, as in HELLO_ACK\n"
    "  --flash FILE         its flash, made when it is not there; without, nothing can be kept\n"
    "  --touch FILE         its force inputs, 8 x u16 counts that others write; without, none\n"
    "  --power-cut N        ends in the middle of the N-th write or erase of its flash\n"
    "  --buttons FILE       its first byte: 1 e-stop, 2 release, 4 arm, or a sum are pressed\n"
    "  --emg FILE           an ADS1299 that hears rows of 8 int32, counts at gain 24; may be a pipe\n"
    "  --emg-fault KNOB=N   of that ADS1299, see ads1299_sim.h; may be given several times\n"
    "  --hang WHAT          what SIGUSR1 makes hang: loop, link, bus or clock (loop)\n"
    "  --bad-image VERSION  an image of this version (0.2.0) does not start\n"
    "  --die-with-parent    end when the process that started it ends\n"
    "SIGHUP restarts it from its boot state on the same port, and so does its watchdog; SIGTERM\n"
    "ends it.\n";

static int32_t number(const char *text, double *value)
{
    char *end = 0;
    *value = strtod(text, &end);
    return end != text && *end == 0;
}

static int32_t hang_named(const char *text)
{
    static const char *const NAMES[HANG_KINDS] = {"loop", "link", "bus", "clock"};
    int32_t kind = 0;
    while (kind < HANG_KINDS && strcmp(text, NAMES[kind]) != 0) {
        kind++;
    }
    return kind;
}

int32_t board_options_read(board_options *options, int argc, char **argv)
{
    enum {
        BUS = 1, NAME, BAUD, OFFSET, PPM, SCHEMA, TRACE, FLASH, TOUCH, CUT, BUTTONS, CAUSE, EMG,
        EMG_FAULT, HANG, BAD, UNGUARDED, PARENT, USAGE
    };
    static const struct option KNOWN[] = {
        {"bus", required_argument, 0, BUS},
        {"link-name", required_argument, 0, NAME},
        {"baud", required_argument, 0, BAUD},
        {"clock-offset-us", required_argument, 0, OFFSET},
        {"clock-ppm", required_argument, 0, PPM},
        {"schema", required_argument, 0, SCHEMA},
        {"trace", required_argument, 0, TRACE},
        {"flash", required_argument, 0, FLASH},
        {"touch", required_argument, 0, TOUCH},
        {"power-cut", required_argument, 0, CUT},
        {"buttons", required_argument, 0, BUTTONS},
        {"reset-cause", required_argument, 0, CAUSE},
        {"emg", required_argument, 0, EMG},
        {"emg-fault", required_argument, 0, EMG_FAULT},
        {"hang", required_argument, 0, HANG},
        {"bad-image", required_argument, 0, BAD},
        {"no-brown-out", no_argument, 0, UNGUARDED},
        {"die-with-parent", no_argument, 0, PARENT},
        {"help", no_argument, 0, USAGE},
        {0, 0, 0, 0},
    };
    int chosen;
    double value = 0.0;
    *options = (board_options){.baud = 1000000, .reset_cause = BOARD_RESET_POWER};
    sim_defaults(&options->frontend);
    while ((chosen = getopt_long(argc, argv, "h", KNOWN, 0)) != -1) {
        int32_t good = 1;
        switch (chosen) {
        case BUS:
            options->bus = optarg;
            break;
        case NAME:
            options->link_name = optarg;
            break;
        case TRACE:
            options->trace = optarg;
            break;
        case FLASH:
            options->flash = optarg;
            break;
        case BUTTONS:
            options->buttons = optarg;
            break;
        case TOUCH:
            options->touch = optarg;
            break;
        case BAD:
            options->bad_image = optarg;
            break;
        case CUT:
            good = number(optarg, &value) && value >= 1.0 && value <= 1.0e6;
            options->power_cut = good ? (int32_t)value : 0;
            break;
        case CAUSE:
            good = number(optarg, &value) && value >= 1.0 && value <= 5.0;
            options->reset_cause = good ? (uint8_t)value : 0;
            break;
        case EMG:
            options->emg = optarg;
            break;
        case EMG_FAULT:
            if (!frontend_fault(&options->frontend, optarg)) {
                fprintf(stderr,
                        "endplate-hand: %s is no fault of the front end with a number in its "
                        "range; see firmware/pc/ads1299_sim.h\n",
                        optarg);
                return 1 + 2;
            }
            break;
        case HANG:
            options->hang = hang_named(optarg);
            if (options->hang == HANG_KINDS) {
                fprintf(stderr, "endplate-hand: --hang takes loop, link, bus or clock, not %s\n",
                        optarg);
                return 1 + 2;
            }
            break;
        case UNGUARDED:
            options->no_brown_out = 1;
            break;
        case PARENT:
            options->die_with_parent = 1;
            break;
        case BAUD:
            good = number(optarg, &value) && value >= 1200.0 && value <= 1.0e7;
            options->baud = good ? (int32_t)value : 0;
            break;
        case OFFSET:
            good = number(optarg, &value) && value > -1.0e15 && value < 1.0e15;
            options->clock_offset_us = good ? (int64_t)value : 0;
            break;
        case PPM:
            good = number(optarg, &options->clock_ppm) && options->clock_ppm > -1.0e5
                && options->clock_ppm < 1.0e5;
            break;
        case SCHEMA:
            options->schema = (uint32_t)strtoul(optarg, 0, 0);
            options->has_schema = 1;
            break;
        case USAGE:
        case 'h':
            fputs(HELP, stdout);
            return 1;
        default:
            return 1 + 2;
        }
        if (!good) {
            fprintf(stderr, "endplate-hand: %s is not a number this option takes; see --help\n",
                    optarg);
            return 1 + 2;
        }
    }
    if (options->bus == 0 || optind != argc) {
        fputs("endplate-hand: name the motor bus with --bus PATH; see --help\n", stderr);
        return 1 + 2;
    }
    return 0;
}
