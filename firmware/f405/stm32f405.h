/* SPDX-License-Identifier: MIT
 *
 * stm32f405: the registers this firmware touches, and no others. Source: ST RM0090 (STM32F405/407
 * reference manual) and ARM DDI 0403 (ARMv7-M). Names are the manuals'.
 */
#ifndef ENDPLATE_STM32F405_H
#define ENDPLATE_STM32F405_H

#include <stdint.h>

#define REGISTER(address) (*(volatile uint32_t *)(address))

/* ---- core ---- */
#define SCB_VTOR REGISTER(0xE000ED08u)
#define SCB_AIRCR REGISTER(0xE000ED0Cu)
#define SCB_CPACR REGISTER(0xE000ED88u)
#define SYST_CSR REGISTER(0xE000E010u)
#define SYST_RVR REGISTER(0xE000E014u)
#define SYST_CVR REGISTER(0xE000E018u)
#define NVIC_ISER(n) REGISTER(0xE000E100u + 4u * (n))
#define NVIC_ISPR(n) REGISTER(0xE000E200u + 4u * (n))
#define NVIC_IPR(irq) (*(volatile uint8_t *)(0xE000E400u + (irq)))

enum {
    AIRCR_KEY = 0x05FA0000,
    AIRCR_SYSRESETREQ = 1 << 2,
    CPACR_FPU = 0xF << 20,
    SYST_ENABLE = 1 << 0,
    SYST_INTERRUPT = 1 << 1,
    SYST_CORE_CLOCK = 1 << 2
};

/* ---- clocks and reset ---- */
#define RCC_CR REGISTER(0x40023800u)
#define RCC_PLLCFGR REGISTER(0x40023804u)
#define RCC_CFGR REGISTER(0x40023808u)
#define RCC_AHB1ENR REGISTER(0x40023830u)
#define RCC_APB1ENR REGISTER(0x40023840u)
#define RCC_APB2ENR REGISTER(0x40023844u)
#define RCC_CSR REGISTER(0x40023874u)
#define FLASH_ACR REGISTER(0x40023C00u)
#define FLASH_KEYR REGISTER(0x40023C04u)
#define FLASH_SR REGISTER(0x40023C0Cu)
#define FLASH_CR REGISTER(0x40023C10u)
#define FLASH_OPTCR REGISTER(0x40023C14u)
#define PWR_CR REGISTER(0x40007000u)

enum {
    RCC_HSION = 1 << 0, /* 1 after every reset on silicon; the whole register reads 0 in QEMU */
    RCC_HSEON = 1 << 16,
    RCC_HSERDY = 1 << 17,
    RCC_CSSON = 1 << 19, /* the crystal stops: NMI, and the chip runs from HSI */
    RCC_PLLON = 1 << 24,
    RCC_PLLRDY = 1 << 25,
    RCC_SWS_PLL = 2 << 2,
    PLLCFGR_HSE = 1 << 22,
    RCC_GPIOA = 1 << 0,
    RCC_GPIOB = 1 << 1,
    RCC_GPIOC = 1 << 2,
    RCC_DMA1 = 1 << 21,
    RCC_SPI2 = 1 << 14,   /* APB1 */
    RCC_USART3 = 1 << 18, /* APB1 */
    RCC_SYSCFG = 1 << 14, /* APB2 */
    RCC_PWR = 1 << 28,    /* APB1 */
    RCC_USART1 = 1 << 4,  /* APB2 */
    CSR_RMVF = 1 << 24,
    CSR_BORRSTF = 1 << 25,
    CSR_PINRSTF = 1 << 26,
    CSR_PORRSTF = 1 << 27,
    CSR_SFTRSTF = 1 << 28,
    CSR_IWDGRSTF = 1 << 29,
    CSR_WWDGRSTF = 1 << 30,
    PWR_VOS = 1 << 14, /* scale 1: 168 MHz allowed */
    ACR_168MHZ = 0x705, /* 5 wait states at 3.3 V, prefetch, both caches */
    ACR_DCEN = 1 << 10,
    ACR_DCRST = 1 << 12
};

/* ---- flash ---- */
#define FLASH_KEY1 0x45670123u
#define FLASH_KEY2 0xCDEF89ABu
#define FLASH_LOCK (1u << 31)
enum {
    FLASH_ERRORS = 0xF2, /* OPERR, WRPERR, PGAERR, PGPERR, PGSERR */
    FLASH_BSY = 1 << 16,
    FLASH_PG = 1 << 0,
    FLASH_SER = 1 << 1,
    FLASH_SNB = 3,            /* the sector's number stands from this bit on */
    FLASH_BY_WORD = 2 << 8,   /* 32 bits at once: 2.7 to 3.6 V */
    FLASH_STRT = 1 << 16,
    OPTCR_BOR_LEV = 3 << 2 /* 0: below 2.7 V is a brown-out; 3, as delivered: there is none */
};

/* ---- pins ---- */
#define GPIO_MODER(port) REGISTER(0x40020000u + 0x400u * (port))
#define GPIO_OTYPER(port) REGISTER(0x40020004u + 0x400u * (port))
#define GPIO_PUPDR(port) REGISTER(0x4002000Cu + 0x400u * (port))
#define GPIO_IDR(port) REGISTER(0x40020010u + 0x400u * (port))
#define GPIO_BSRR(port) REGISTER(0x40020018u + 0x400u * (port))
#define GPIO_AFRL(port) REGISTER(0x40020020u + 0x400u * (port))
#define GPIO_AFRH(port) REGISTER(0x40020024u + 0x400u * (port))
enum { PORT_A = 0, PORT_B = 1, PORT_C = 2 };

/* ---- timer 2: 32 bits, free running ---- */
#define TIM2_CR1 REGISTER(0x40000000u)
#define TIM2_EGR REGISTER(0x40000014u)
#define TIM2_CNT REGISTER(0x40000024u)
#define TIM2_PSC REGISTER(0x40000028u)
enum { TIM_CEN = 1 << 0, TIM_UG = 1 << 0, RCC_TIM2 = 1 << 0 /* APB1 */ };

/* ---- serial ports ---- */
typedef struct usart_registers {
    volatile uint32_t SR, DR, BRR, CR1, CR2, CR3, GTPR;
} usart_registers;

#define USART1 ((usart_registers *)0x40011000u)
#define USART3 ((usart_registers *)0x40004800u)

enum {
    USART1_IRQ = 37,
    USART3_IRQ = 39,
    SR_ORE = 1 << 3,
    SR_RXNE = 1 << 5,
    SR_TC = 1 << 6,
    SR_TXE = 1 << 7,
    CR1_RE = 1 << 2,
    CR1_TE = 1 << 3,
    CR1_RXNEIE = 1 << 5,
    CR1_TCIE = 1 << 6,
    CR1_TXEIE = 1 << 7,
    CR1_UE = 1 << 13,
    CR3_HDSEL = 1 << 3
};

/* ---- SPI2 and its DMA: stream 3 of DMA1 receives, stream 4 sends, both on channel 0 ---- */
typedef struct dma_stream {
    volatile uint32_t CR, NDTR, PAR, M0AR, M1AR, FCR;
} dma_stream;

#define SPI2_CR1 REGISTER(0x40003800u)
#define SPI2_CR2 REGISTER(0x40003804u)
#define SPI2_DR_ADDRESS 0x4000380Cu
#define DMA1_LISR REGISTER(0x40026000u)
#define DMA1_LIFCR REGISTER(0x40026008u)
#define DMA1_HIFCR REGISTER(0x4002600Cu)
#define DMA1_STREAM(n) ((dma_stream *)(0x40026010u + 0x18u * (n)))

enum {
    DMA1_STREAM3_IRQ = 14,
    SPI_CPHA = 1 << 0,
    SPI_MSTR = 1 << 2,
    SPI_BY_16 = 3 << 3,
    SPI_SPE = 1 << 6,
    SPI_SSI = 1 << 8,
    SPI_SSM = 1 << 9,
    SPI_RXDMAEN = 1 << 0,
    SPI_TXDMAEN = 1 << 1,
    DMA_EN = 1 << 0,
    DMA_TCIE = 1 << 4,
    DMA_TO_PERIPHERAL = 1 << 6,
    DMA_MINC = 1 << 10,
    DMA_TCIF3 = 1 << 27,
    DMA_FLAGS_3 = 0x3D << 22, /* of LISR and LIFCR */
    DMA_FLAGS_4 = 0x3D        /* of HISR and HIFCR */
};

/* ---- edges of pins ---- */
#define SYSCFG_EXTICR(n) REGISTER(0x40013808u + 4u * (n))
#define EXTI_IMR REGISTER(0x40013C00u)
#define EXTI_FTSR REGISTER(0x40013C0Cu)
#define EXTI_PR REGISTER(0x40013C14u)
enum { EXTI2_IRQ = 8 };

/* ---- independent watchdog ---- */
#define IWDG_KR REGISTER(0x40003000u)
#define IWDG_PR REGISTER(0x40003004u)
#define IWDG_RLR REGISTER(0x40003008u)
#define IWDG_SR REGISTER(0x4000300Cu)
enum {
    IWDG_UNLOCK = 0x5555,
    IWDG_FEED = 0xAAAA,
    IWDG_START = 0xCCCC,
    IWDG_DIVIDE_8 = 1,
    IWDG_DIVIDE_32 = 3,
    IWDG_DIVIDE_256 = 6,
    IWDG_RELOAD_100MS = 400 /* at 32 kHz / 8 */
};

/* 96-bit unique id: not there in QEMU, touching it is a bus fault. */
#define UID_WORD(i) REGISTER(0x1FFF7A10u + 4u * (i))

/* ---- force inputs and tactor (touch_f405.c) ---- */
#define ADC1_SR REGISTER(0x40012000u)
#define ADC1_CR2 REGISTER(0x40012008u)
#define ADC1_SMPR1 REGISTER(0x4001200Cu) /* inputs 10 to 18, 3 bits each */
#define ADC1_SMPR2 REGISTER(0x40012010u) /* inputs 0 to 9 */
#define ADC1_SQR1 REGISTER(0x4001202Cu)
#define ADC1_SQR3 REGISTER(0x40012034u)
#define ADC1_DR REGISTER(0x4001204Cu)
#define ADC_CCR REGISTER(0x40012304u)
#define TIM4_CR1 REGISTER(0x40000800u)
#define TIM4_CCMR2 REGISTER(0x4000081Cu)
#define TIM4_CCER REGISTER(0x40000820u)
#define TIM4_ARR REGISTER(0x4000082Cu)
#define TIM4_CCR3 REGISTER(0x4000083Cu)
enum {
    RCC_TIM4 = 1 << 2, /* APB1 */
    RCC_ADC1 = 1 << 8, /* APB2 */
    ADC_EOC = 1 << 1,
    ADC_ADON = 1 << 0,
    ADC_SWSTART = 1 << 30,
    ADC_BY_4 = 1 << 16,      /* 84 MHz APB2 to 21 MHz */
    ADC_84_CYCLES = 4,       /* of sampling, of each input */
    TIM_CC3_PWM = 6 << 4 | 1 << 3, /* PWM mode 1, preloaded */
    TIM_CC3E = 1 << 8
};

#endif
