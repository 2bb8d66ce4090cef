/* A console over SWIM: `stm8tool monitor` reads and writes these rings while the program runs.

   The program uses no UART and no pin. A ring is an ordinary variable: the linker gives it a place. Each ring has one
   writer. You may write from the main program and from interrupts; read from only one of them.

   Sizes and behaviour come from build_flags, so that the library and the program agree:

       -DSWIM_CONSOLE_OUT_SIZE=64     bytes from the chip to the computer: 16, 32, 64, 128 or 256; otherwise 128
       -DSWIM_CONSOLE_IN_SIZE=32      bytes from the computer to the chip; otherwise 16
       -DSWIM_CONSOLE_BLOCK           wait for the computer if the ring is full. Otherwise bytes are dropped and counted.

   With SWIM_CONSOLE_BLOCK a program without a listener stops at its first full ring. */
#ifndef SWIM_CONSOLE_H
#define SWIM_CONSOLE_H

#ifndef SWIM_CONSOLE_OUT_SIZE
#define SWIM_CONSOLE_OUT_SIZE 128
#endif
#ifndef SWIM_CONSOLE_IN_SIZE
#define SWIM_CONSOLE_IN_SIZE 16
#endif
#ifdef SWIM_CONSOLE_BLOCK
#define SWIM_CONSOLE_BLOCKS 1
#else
#define SWIM_CONSOLE_BLOCKS 0
#endif

/* Write one byte. */
void swim_putchar(char byte);

/* Write a text; no line end is added. */
void swim_puts(const char *text);

/* Wait until the computer has read everything. Without a listener this waits for ever. */
void swim_flush(void);

/* Return the next byte, 0 to 255; -1 if there is none. It does not wait. */
int swim_getchar(void);

/* Return how many bytes wait to be read. */
unsigned char swim_available(void);

/* For SDCC's printf, if the program has no putchar of its own: it writes to the console. */
int putchar(int byte);

#endif
