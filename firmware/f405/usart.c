/* SPDX-License-Identifier: MIT */
#include "usart.h"

void usart_start(usart *port, usart_registers *at, uint32_t irq, uint32_t divider,
                 int32_t half_duplex)
{
    port->at = at;
    port->irq = irq;
    port->half_duplex = half_duplex;
    port->in.put = port->in.taken = 0;
    port->out.put = port->out.taken = 0;
    at->CR1 = 0;
    at->BRR = divider;
    at->CR3 = half_duplex ? CR3_HDSEL : 0;
    at->CR1 = CR1_UE | CR1_TE | CR1_RE | CR1_RXNEIE;
    NVIC_IPR(irq) = 5 << 4; /* the upper four bits count on silicon */
    NVIC_ISER(irq / 32) = 1u << (irq % 32);
}

/* Interrupt and main loop both change CR1. */
static uint32_t quiet(void)
{
    uint32_t before;
    __asm volatile("mrs %0, primask\n cpsid i" : "=r"(before)::"memory");
    return before;
}

static void restore(uint32_t before)
{
    __asm volatile("msr primask, %0" ::"r"(before) : "memory");
}

int32_t usart_read(usart *port, uint8_t *bytes, int32_t capacity)
{
    int32_t n = 0;
    while (n < capacity && port->in.taken != port->in.put) {
        bytes[n++] = port->in.bytes[port->in.taken % USART_RING];
        port->in.taken++;
    }
    return n;
}

int32_t usart_room(const usart *port)
{
    return USART_RING - (int32_t)(port->out.put - port->out.taken);
}

int32_t usart_waiting(const usart *port)
{
    return (int32_t)(port->in.put - port->in.taken);
}

int32_t usart_sending(const usart *port)
{
    return port->out.put != port->out.taken || (port->at->CR1 & (CR1_TXEIE | CR1_TCIE)) != 0;
}

int32_t usart_write(usart *port, const uint8_t *bytes, int32_t n)
{
    const int32_t room = usart_room(port);
    const int32_t taken = n < room ? n : room;
    if (taken <= 0) {
        return 0;
    }
    for (int32_t i = 0; i < taken; i++) {
        port->out.bytes[(port->out.put + (uint32_t)i) % USART_RING] = bytes[i];
    }
    const uint32_t before = quiet();
    port->out.put += (uint32_t)taken;
    if (port->half_duplex) {
        port->at->CR1 &= ~(uint32_t)CR1_RE;
    }
    port->at->CR1 = (port->at->CR1 | CR1_TXEIE) & ~(uint32_t)CR1_TCIE;
    NVIC_ISPR(port->irq / 32) = 1u << (port->irq % 32);
    restore(before);
    return taken;
}

void usart_interrupt(usart *port)
{
    usart_registers *at = port->at;
    /* An overrun interrupts as a byte does, also without one, until DR is read after SR. The bytes
     * that are lost so, or for want of room, are a damaged frame: the parser behind counts it. */
    const uint32_t status = at->SR;
    if ((status & ((uint32_t)SR_RXNE | SR_ORE)) != 0) {
        const uint8_t byte = (uint8_t)(at->DR & 255u);
        if ((status & SR_RXNE) != 0 && port->in.put - port->in.taken < USART_RING) {
            port->in.bytes[port->in.put % USART_RING] = byte;
            port->in.put++;
        }
    }
    if ((at->CR1 & CR1_TXEIE) != 0) {
        while ((at->SR & SR_TXE) != 0 && port->out.taken != port->out.put) {
            at->DR = port->out.bytes[port->out.taken % USART_RING];
            port->out.taken++;
        }
        if (port->out.taken == port->out.put) {
            at->CR1 = (at->CR1 & ~(uint32_t)CR1_TXEIE) | CR1_TCIE;
        }
    }
    if ((at->CR1 & CR1_TCIE) != 0 && (at->SR & SR_TC) != 0) { /* always so in QEMU */
        at->CR1 = (at->CR1 & ~(uint32_t)CR1_TCIE) | CR1_RE;
    }
}
