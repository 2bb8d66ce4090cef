/* The few registers of the STM8S that this program uses, from ST's reference manual RM0016: a start for your own.
 *
 * GPIO: chapter 11. CLK: chapter 9. TIM4: chapter 19; its registers are two bytes higher on the STM8S001/003/103.
 */

#ifndef REGISTERS_H
#define REGISTERS_H

#include <stdint.h>

#define REGISTER(address) (*(volatile uint8_t *)(address))

typedef struct {
    volatile uint8_t odr; /* output */
    volatile uint8_t idr; /* input */
    volatile uint8_t ddr; /* direction, 1 = output */
    volatile uint8_t cr1; /* 1 = push-pull */
    volatile uint8_t cr2; /* 1 = up to 10 MHz */
} port_t;

#define PORTA ((port_t *)0x5000)
#define PORTB ((port_t *)0x5005)
#define PORTC ((port_t *)0x500A)
#define PORTD ((port_t *)0x500F)

#define CLK_CKDIVR REGISTER(0x50C6)

#if defined(STM8S001) || defined(STM8S003) || defined(STM8S103)
#define TIM4_SHIFT 2
#else
#define TIM4_SHIFT 0
#endif

#define TIM4_CR1 REGISTER(0x5340)
#define TIM4_IER REGISTER(0x5341 + TIM4_SHIFT)
#define TIM4_SR REGISTER(0x5342 + TIM4_SHIFT)
#define TIM4_PSCR REGISTER(0x5345 + TIM4_SHIFT)
#define TIM4_ARR REGISTER(0x5346 + TIM4_SHIFT)

#define TIM4_CR1_CEN 0x01 /* the timer counts */
#define TIM4_IER_UIE 0x01 /* interrupt at each overflow */
#define TIM4_SR_UIF 0x01  /* an overflow happened; the program clears this */

#define TIM4_INTERRUPT 23 /* RM0016 and datasheets, "Interrupt mapping" */

#define enable_interrupts() __asm__("rim")
#define wait_for_interrupt() __asm__("wfi")

#endif
