/* A ring in RAM, as `stm8tool monitor` reads it. Private to the library: a source defines SIZE, then includes this. */

/* The assembler needs plain numbers. 8-bit counters cannot tell a full ring of 256 from an empty one: it holds 255. */
#if SIZE == 16
#define MASK 15
#define CAPACITY 16
#elif SIZE == 32
#define MASK 31
#define CAPACITY 32
#elif SIZE == 64
#define MASK 63
#define CAPACITY 64
#elif SIZE == 128
#define MASK 127
#define CAPACITY 128
#elif SIZE == 256
#define MASK 255
#define CAPACITY 255
#else
#error The size of a ring must be 16, 32, 64, 128 or 256
#endif

/* `head` counts the bytes written, `tail` the bytes read, both modulo 256. The computer reads memory upwards and needs
   `head` before the data, so `data` comes last. */
struct ring {
    unsigned char magic[4];
    unsigned char mask;    /* SIZE - 1 */
    unsigned char dropped; /* bytes that found no room, modulo 256 */
    unsigned char tail;
    unsigned char head;
    unsigned char data[SIZE];
};
