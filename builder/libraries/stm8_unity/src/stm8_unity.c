#include "stm8_unity_parts.h"

#define PASSED 0
#define FAILED 1
#define IGNORED 2

static unsigned tests, failures, ignored;
static const char *name;
static void (*current)(void);
static unsigned char outcome;
static unsigned char is_over; /* the test has ended; its tearDown runs */
unsigned stm8_unity_stack;

void stm8_unity_begin(void)
{
    tests = failures = ignored = 0;
    stm8_unity_open();
    stm8_unity_text("stm8_unity: begin\n");
    stm8_unity_flush();
}

void stm8_unity_part(void)
{
    if (is_over)
        tearDown();
    else {
        setUp();
        current();
    }
}

/* Call stm8_unity_part, which may return by stm8_unity_leave from any depth of calls. */
static void call_part(void) __naked
{
    __asm
        ldw x, sp
        ldw _stm8_unity_stack, x
#ifdef __SDCC_MODEL_LARGE
        jpf _stm8_unity_part
#else
        jp _stm8_unity_part
#endif
    __endasm;
}

/* End the test: return to the caller of call_part. */
void stm8_unity_leave(void) __naked
{
    __asm
        ldw x, _stm8_unity_stack
        ldw sp, x
#ifdef __SDCC_MODEL_LARGE
        retf
#else
        ret
#endif
    __endasm;
}

static void place(const char *file, unsigned line)
{
    stm8_unity_text(file);
    stm8_unity_putchar(':');
    stm8_unity_number(line, STM8_UNITY_UINT16);
    stm8_unity_putchar(':');
    stm8_unity_text(name);
}

void stm8_unity_run(void (*test)(void), const char *test_name, const char *file, unsigned line)
{
    current = test;
    name = test_name;
    outcome = PASSED;
    ++tests;
    stm8_unity_text("stm8_unity: run ");
    stm8_unity_text(name);
    stm8_unity_putchar('\n');
    stm8_unity_flush(); /* if the test ends in a crash, this line says which one it was */
    is_over = 0;
    call_part();
    is_over = 1;
    call_part();
    if (outcome == PASSED) {
        place(file, line);
        stm8_unity_text(":PASS\n");
    }
    stm8_unity_flush(); /* what crashes now is not this test */
}

static void count(unsigned number, const char *text)
{
    stm8_unity_number(number, STM8_UNITY_UINT16);
    stm8_unity_text(text);
}

int stm8_unity_end(void)
{
    count(tests, " Tests ");
    count(failures, " Failures ");
    count(ignored, " Ignored\n");
    stm8_unity_text(failures ? "FAIL\n" : "OK\n");
    stm8_unity_text("stm8_unity: end\n");
    stm8_unity_flush();
    stm8_unity_close();
    for (;;)
        ;
}

void stm8_unity_failure(const char *file, unsigned line)
{
    if (outcome != PASSED)
        stm8_unity_leave();
    outcome = FAILED;
    ++failures;
    place(file, line);
    stm8_unity_text(":FAIL: ");
}

void stm8_unity_failed(const char *message)
{
    if (message) {
        stm8_unity_text(": ");
        stm8_unity_text(message);
    }
    stm8_unity_putchar('\n');
    stm8_unity_leave();
}

void stm8_unity_ignore(const char *file, unsigned line, const char *message)
{
    if (outcome == PASSED) {
        outcome = IGNORED;
        ++ignored;
        place(file, line);
        stm8_unity_text(":IGNORE");
        if (message) {
            stm8_unity_text(": ");
            stm8_unity_text(message);
        }
        stm8_unity_putchar('\n');
    }
    stm8_unity_leave();
}
