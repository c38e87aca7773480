/* SPDX-License-Identifier: MIT
 *
 * board_pc: the hand as a Linux program. The link is a pty of its own, the motor bus a port it
 * is given; both are paced to their baud. The clock is CLOCK_MONOTONIC, put off by an offset and
 * a drift on request.
 */
#define _GNU_SOURCE
#include "board_pc.h"
#include "board.h"
#include "frontend_pc.h"
#include "port.h"
#include "reset.h"

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum {
    BUS_BAUD = 1000000,
    CYCLE_US = 5000,
    BOOT_NS = 20000000, /* how long a restart takes */
    SLACK_NS = 1000,
    REALTIME = 30, /* needs some 5 % of a processor */
    NICE = -15
};

static struct {
    board_options options;
    port link, bus;
    int64_t began_ns;
    uint32_t boot_id;
    uint8_t cause;
    int32_t supply; /* of the actuators */
    int32_t estop; /* outlives SIGHUP and the watchdog, not the program: that is its power */
    uint64_t stood_us; /* the clock, when it hangs */
} board;

static volatile sig_atomic_t wants_end, wants_hang;
static volatile sig_atomic_t wants_restart; /* by a signal; BY_PROGRAM: board_reset */
enum { BY_SIGNAL = 1, BY_PROGRAM = 2 };

static void on_signal(int number)
{
    if (number == SIGHUP) {
        wants_restart = BY_SIGNAL;
    } else if (number == SIGUSR1) {
        wants_hang = 1;
    } else {
        wants_end = 1;
    }
}

static int64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000ll + now.tv_nsec;
}

static int32_t hangs(int32_t what)
{
    return wants_hang && board.options.hang == what;
}

static uint32_t draw_boot_id(void)
{
    uint32_t id = 0;
    while (id == 0) {
        if (getrandom(&id, sizeof id, 0) != (ssize_t)sizeof id) {
            id = (uint32_t)now_ns() | 1u;
        }
    }
    return id;
}

/* A real hand has a processor of its own; this one should not wait for the programs around it. */
static const char *raise_priority(void)
{
    const struct sched_param wanted = {.sched_priority = REALTIME};
    prctl(PR_SET_TIMERSLACK, SLACK_NS);
    if (sched_setscheduler(0, SCHED_RR, &wanted) == 0) {
        return "real time";
    }
    return setpriority(PRIO_PROCESS, 0, NICE) == 0 ? "preferred" : "normal";
}

static int32_t fails(const char *what, const char *which)
{
    fprintf(stderr, "endplate-hand: %s %s: %s\n", what, which, strerror(errno));
    return 2;
}

/* Bus and link: opened, or taken over from the life that the watchdog has ended. 0, or the exit
 * status. */
static int32_t open_ports(const reset_kept *kept, char *name, int32_t name_size)
{
    const board_options *options = &board.options;
    if (kept != 0) {
        port_keep(&board.bus, kept->bus, BUS_BAUD);
        port_keep(&board.link, kept->link, options->baud);
        if (port_hold_pty(&board.link, name, name_size) != 0) {
            return fails("the port is lost of", "the link");
        }
        port_pump(&board.link, now_ns());
        port_pump(&board.bus, now_ns());
        port_forget(&board.link, now_ns()); /* a restarting hand hears nothing */
        port_forget(&board.bus, now_ns());
        return 0;
    }
    if (port_open_path(&board.bus, options->bus, BUS_BAUD) != 0) {
        return fails("the motor bus cannot be opened at", options->bus);
    }
    if (port_open_pty(&board.link, options->baud, name, name_size) != 0) {
        return fails("no pseudo-terminal can be had for", "the link");
    }
    if (options->link_name != 0) {
        unlink(options->link_name);
        if (symlink(name, options->link_name) != 0) {
            return fails("no link to the port can be made at", options->link_name);
        }
    }
    return 0;
}

int32_t board_start(int argc, char **argv)
{
    reset_kept kept;
    const int32_t was_reset = reset_was(&kept);
    board_options *options = &board.options;
    char name[128];
    const int32_t stop = board_options_read(options, argc, argv);
    if (stop != 0) {
        exit(stop - 1);
    }
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = on_signal;
    sigaction(SIGTERM, &action, 0);
    sigaction(SIGINT, &action, 0);
    sigaction(SIGHUP, &action, 0);
    sigaction(SIGUSR1, &action, 0);
    signal(SIGPIPE, SIG_IGN);
    if (options->die_with_parent) {
        prctl(PR_SET_PDEATHSIG, SIGTERM);
    }
    const char *scheduling = raise_priority();
    const int32_t opened = open_ports(was_reset ? &kept : 0, name, (int32_t)sizeof name);
    if (opened != 0) {
        return opened;
    }
    if (options->trace != 0 && !trace_open(options->trace, was_reset)) {
        return fails("the trace cannot be written to", options->trace);
    }
    if (options->flash != 0 && !flash_open(options->flash, options->power_cut)) {
        return fails("this is no flash of this hand that can be written:", options->flash);
    }
    if (options->buttons != 0 && !buttons_open(options->buttons)) {
        return fails("this is no file of a byte or more for the buttons:", options->buttons);
    }
    if (frontend_power(&options->frontend, options->emg) != 0) {
        return fails("the EMG cannot be read from", options->emg);
    }
    if (options->touch != 0 && !touch_open(options->touch)) {
        return fails("the force inputs cannot be read from", options->touch);
    }
    slots_boot(options->bad_image);
    board.began_ns = now_ns();
    board.boot_id = draw_boot_id();
    board.cause = was_reset ? BOARD_RESET_WATCHDOG : options->reset_cause;
    board.estop = was_reset && kept.estop;
    kept = (reset_kept){board.link.fd, board.bus.fd, board.estop};
    if (reset_watch(argv, &kept) != 0) {
        return fails("no timer can be had for", "the watchdog");
    }
    if (was_reset) {
        board_log("restarted by its watchdog");
        return 0;
    }
    printf("{\"link\": \"%s\", \"boot_id\": %u, \"pid\": %d, \"baud\": %d, ", name,
           (unsigned)board.boot_id, (int)getpid(), (int)options->baud);
    printf("\"scheduling\": \"%s\"}\n", scheduling);
    fflush(stdout);
    return 0;
}

int64_t frontend_clock_ns(void)
{
    return now_ns();
}

uint64_t frontend_board_us(int64_t ns)
{
    const double drift_us = (double)(ns - board.began_ns) * 1.0e-9 * board.options.clock_ppm;
    return (uint64_t)(ns / 1000 + board.options.clock_offset_us + (int64_t)drift_us);
}

uint64_t board_now_us(void)
{
    if (!hangs(HANG_CLOCK) || board.stood_us == 0) {
        board.stood_us = frontend_board_us(now_ns());
    }
    return board.stood_us;
}

int32_t board_link_read(uint8_t *bytes, int32_t capacity)
{
    while (hangs(HANG_LINK)) {
    }
    return port_read(&board.link, bytes, capacity, now_ns());
}

int32_t board_link_write(const uint8_t *bytes, int32_t n)
{
    return port_write(&board.link, bytes, n, now_ns());
}

int32_t board_bus_read(uint8_t *bytes, int32_t capacity)
{
    const int32_t n = port_read(&board.bus, bytes, capacity, now_ns());
    return board.supply ? n : 0;
}

int32_t board_bus_write(const uint8_t *bytes, int32_t n)
{
    return port_write(&board.bus, bytes, n, now_ns());
}

int32_t board_bus_sending(void)
{
    port_out(&board.bus, now_ns());
    return board.bus.out.fill > 0 || hangs(HANG_BUS);
}

/* The simulated actuators have no supply of their own to cut: while the line is low, their answers
 * are not heard. */
void board_drive_line(int32_t on)
{
    board.supply = on;
}

uint32_t board_cycle_us(void)
{
    return CYCLE_US;
}

uint32_t board_patience(void)
{
    return 2;
}

uint32_t board_boot_id(void)
{
    return board.boot_id;
}

int32_t board_has_brown_out_reset(void)
{
    return !board.options.no_brown_out;
}

uint8_t board_reset_cause(void)
{
    return board.cause;
}

void board_keep_estop(void)
{
    board.estop = 1;
    reset_keep_estop();
}

int32_t board_estop_kept(void)
{
    return board.estop;
}

void board_uid(uint8_t uid[12])
{
    memset(uid, 0, 12);
    memcpy(uid, "endplate-pc", 11);
}

uint32_t board_schema_hash(uint32_t compiled)
{
    return board.options.has_schema ? board.options.schema : compiled;
}

int32_t board_has_watchdog(void)
{
    return 1;
}

void board_watchdog_feed(void)
{
    reset_feed();
}

void board_log(const char *text)
{
    fprintf(stderr, "endplate-hand: %s\n", text);
}

void board_observe(const struct app_state *app)
{
    trace_step(app);
    while (hangs(HANG_LOOP)) {
    }
}

void board_idle(uint32_t most_us)
{
    port *const lines[] = {&board.link, &board.bus};
    port *asked[2];
    struct pollfd watched[2];
    nfds_t n = 0;
    const int64_t now = now_ns();
    int64_t until = now + (int64_t)most_us * 1000;
    for (int i = 0; i < 2; i++) {
        port_out(lines[i], now);
        until = port_wake_ns(lines[i], until);
        if (port_wants(lines[i])) { /* a read that finds nothing costs as much as a whole tick does */
            asked[n] = lines[i];
            watched[n++] = (struct pollfd){.fd = lines[i]->fd, .events = POLLIN};
        }
    }
    until = frontend_wake_ns(until);
    const struct timespec wait = {.tv_sec = 0, .tv_nsec = until > now ? (long)(until - now) : 0};
    const int ready = ppoll(watched, n, &wait, 0);
    const int64_t then = now_ns();
    for (nfds_t i = 0; ready > 0 && i < n; i++) {
        if (watched[i].revents != 0) {
            port_in(asked[i], then);
        }
    }
    port_out(&board.link, then);
    port_out(&board.bus, then);
    if (wants_end) {
        if (board.options.link_name != 0) {
            unlink(board.options.link_name);
        }
        exit(0);
    }
}

void board_reset(void)
{
    wants_restart = BY_PROGRAM;
}

int32_t board_restart(void)
{
    const int32_t why = wants_restart;
    if (!why) {
        return 0;
    }
    struct timespec wait = {.tv_sec = 0, .tv_nsec = BOOT_NS};
    wants_restart = 0;
    while (nanosleep(&wait, &wait) != 0 && errno == EINTR) { /* the watchdog's timer */
    }
    port_pump(&board.link, now_ns());
    port_pump(&board.bus, now_ns());
    port_forget(&board.link, now_ns()); /* a restarting hand hears nothing */
    port_forget(&board.bus, now_ns());
    board.boot_id = draw_boot_id();
    board.cause = why == BY_PROGRAM ? BOARD_RESET_SOFTWARE : BOARD_RESET_PIN;
    slots_boot(board.options.bad_image);
    return 1;
}
