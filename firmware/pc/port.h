/* SPDX-License-Identifier: MIT
 *
 * port: a file descriptor (pty, serial port, socket) behind a paced line in each direction.
 */
#ifndef ENDPLATE_PORT_H
#define ENDPLATE_PORT_H

#include "pace.h"

typedef struct port {
    int fd;
    int gone; /* the other end has closed; reads and writes give nothing */
    pace in, out;
} port;

/* These return 0, or -1 with errno set. */
int port_open_pty(port *link, int32_t baud, char *name, int32_t name_size);
int port_open_path(port *bus, const char *path, int32_t baud); /* a tty, or a unix stream socket */
/* After a reset: a descriptor that has stayed open; for a pty, then its other end again. */
void port_keep(port *line, int fd, int32_t baud);
int port_hold_pty(const port *link, char *name, int32_t name_size);

/* Moves bytes between the descriptor and the lines, as far as both go. Bytes for which the other
 * end has no room are lost, as on a wire. */
void port_pump(port *line, int64_t now_ns);
void port_in(port *line, int64_t now_ns);  /* only what has come */
void port_out(port *line, int64_t now_ns); /* only what is to go */
int32_t port_wants(const port *line); /* whether bytes that come would be read now */
int32_t port_read(port *line, uint8_t *bytes, int32_t n, int64_t now_ns);
int32_t port_write(port *line, const uint8_t *bytes, int32_t n, int64_t now_ns);
/* The earlier of `when_ns` and the time at which a line will have carried all it holds. */
int64_t port_wake_ns(const port *line, int64_t when_ns);
void port_forget(port *line, int64_t now_ns); /* what is under way, both ways */

#endif
