/* SPDX-License-Identifier: MIT
 *
 * usart: one serial port with a ring in each direction, served by its interrupt.
 *
 * Sending: usart_write fills the ring, allows the "empty" interrupt and pends it by software. On
 * silicon that only brings the first interrupt forward; in QEMU, where that interrupt never
 * comes by itself, it sends the whole ring. Half duplex: one wire. The receiver is off while we
 * send, and on again when the last bit has gone.
 */
#ifndef ENDPLATE_USART_H
#define ENDPLATE_USART_H

#include "stm32f405.h"

enum { USART_RING = 1024 /* power of 2: 10 ms of 1 Mbaud */ };

typedef struct usart_ring {
    uint8_t bytes[USART_RING];
    volatile uint32_t put, taken; /* counts, never wrapped to the ring's size */
} usart_ring;

typedef struct usart {
    usart_registers *at;
    uint32_t irq;
    int32_t half_duplex;
    usart_ring in, out;
} usart;

void usart_start(usart *port, usart_registers *at, uint32_t irq, uint32_t divider,
                 int32_t half_duplex);
int32_t usart_read(usart *port, uint8_t *bytes, int32_t capacity);
int32_t usart_write(usart *port, const uint8_t *bytes, int32_t n);
int32_t usart_room(const usart *port);
int32_t usart_waiting(const usart *port); /* received, not yet read */
int32_t usart_sending(const usart *port);
void usart_interrupt(usart *port);

#endif
