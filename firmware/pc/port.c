/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "port.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <termios.h>
#include <unistd.h>

static int make_raw(int fd)
{
    struct termios mode;
    if (tcgetattr(fd, &mode) != 0) {
        return -1;
    }
    cfmakeraw(&mode);
    mode.c_cflag |= CLOCAL | CREAD;
    return tcsetattr(fd, TCSANOW, &mode);
}

/* The out buffer is short, 1.5 ms of the line: telemetry that has to wait is dropped in front of
 * it, and so is never old. */
static void set_pace(port *line, int32_t baud)
{
    const int32_t short_buffer = baud / 10 * 3 / 2000;
    pace_init(&line->in, baud, PACE_BYTES);
    pace_init(&line->out, baud, short_buffer < 16 ? 16 : short_buffer);
    line->gone = 0;
}

void port_keep(port *line, int fd, int32_t baud)
{
    set_pace(line, baud);
    line->fd = fd;
}

int port_open_pty(port *link, int32_t baud, char *name, int32_t name_size)
{
    port_keep(link, posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC), baud);
    return link->fd < 0 || grantpt(link->fd) != 0 || unlockpt(link->fd) != 0
        ? -1
        : port_hold_pty(link, name, name_size);
}

int port_hold_pty(const port *link, char *name, int32_t name_size)
{
    if (ptsname_r(link->fd, name, (size_t)name_size) != 0) {
        return -1;
    }
    /* Our own slave end stays open for ever: the host may close and open the port as it likes. */
    const int slave = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
    return slave < 0 ? -1 : make_raw(slave);
}

int port_open_path(port *bus, const char *path, int32_t baud)
{
    struct stat what;
    set_pace(bus, baud);
    if (stat(path, &what) != 0) {
        return -1;
    }
    if (!S_ISSOCK(what.st_mode)) {
        bus->fd = open(path, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
        return bus->fd < 0 ? -1 : make_raw(bus->fd);
    }
    struct sockaddr_un address;
    memset(&address, 0, sizeof address);
    address.sun_family = AF_UNIX;
    if (strlen(path) >= sizeof address.sun_path) {
        errno = ENAMETOOLONG;
        return -1;
    }
    memcpy(address.sun_path, path, strlen(path));
    bus->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bus->fd < 0 || connect(bus->fd, (struct sockaddr *)&address, sizeof address) != 0) {
        return -1;
    }
    return fcntl(bus->fd, F_SETFL, O_NONBLOCK);
}

enum { AT_ONCE = 512 };

int32_t port_wants(const port *line)
{
    return !line->gone && pace_room(&line->in) >= AT_ONCE;
}

void port_in(port *line, int64_t now_ns)
{
    uint8_t bytes[AT_ONCE];
    ssize_t got = (ssize_t)sizeof bytes;
    while (got == (ssize_t)sizeof bytes && port_wants(line)) { /* less: it was all that there was */
        got = read(line->fd, bytes, sizeof bytes);
        if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR)) {
            line->gone = 1;
        }
        if (got > 0) {
            (void)pace_put(&line->in, bytes, (int32_t)got, now_ns);
        }
    }
}

void port_out(port *line, int64_t now_ns)
{
    uint8_t bytes[AT_ONCE];
    int32_t n;
    while ((n = pace_take(&line->out, bytes, (int32_t)sizeof bytes, now_ns)) > 0) {
        if (!line->gone && write(line->fd, bytes, (size_t)n) < 0 && errno != EAGAIN
            && errno != EINTR) {
            line->gone = 1;
        }
    }
}

void port_pump(port *line, int64_t now_ns)
{
    port_in(line, now_ns);
    port_out(line, now_ns);
}

int32_t port_read(port *line, uint8_t *bytes, int32_t n, int64_t now_ns)
{
    return pace_take(&line->in, bytes, n, now_ns);
}

int32_t port_write(port *line, const uint8_t *bytes, int32_t n, int64_t now_ns)
{
    return pace_put(&line->out, bytes, n, now_ns);
}

int64_t port_wake_ns(const port *line, int64_t when_ns)
{
    const int64_t in = pace_empty_ns(&line->in), out = pace_empty_ns(&line->out);
    if (in != 0 && in < when_ns) {
        when_ns = in;
    }
    return out != 0 && out < when_ns ? out : when_ns;
}

void port_forget(port *line, int64_t now_ns)
{
    line->in.fill = 0;
    line->out.fill = 0;
    line->in.done_ns = now_ns;
    line->out.done_ns = now_ns;
}
