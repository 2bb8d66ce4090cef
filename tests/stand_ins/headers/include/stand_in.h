/* A stand-in for STM8_headers: names as there, the little code is our own. Addresses: RM0016. */

#ifndef STAND_IN_H
#define STAND_IN_H

#include <stdint.h>

#define NOP() __asm__("nop")

#define PIN0 0x01
#define PIN1 0x02
#define PIN2 0x04
#define PIN3 0x08
#define PIN4 0x10
#define PIN5 0x20
#define PIN6 0x40
#define PIN7 0x80

typedef union {
    volatile uint8_t byte;
} register_t;

typedef struct {
    register_t ODR, IDR, DDR, CR1, CR2;
} PORT_t;

typedef struct {
    register_t ICKR, ECKR, reserved, CMSR, SWR, SWCR, CKDIVR;
} CLK_t;

#define sfr_PORTA (*(PORT_t *)0x5000)
#define sfr_PORTB (*(PORT_t *)0x5005)
#define sfr_PORTC (*(PORT_t *)0x500A)
#define sfr_PORTD (*(PORT_t *)0x500F)
#define sfr_CLK (*(CLK_t *)0x50C0)

#endif
