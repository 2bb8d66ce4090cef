/* Unit tests on the chip: `pio test` reads what this prints.

       #include <stm8_unity.h>

       static void test_sum(void)
       {
           TEST_ASSERT_EQUAL_INT(4, 2 + 2);
       }

       int main(void)
       {
           UNITY_BEGIN();
           RUN_TEST(test_sum);
           return UNITY_END();
       }

   The macros have the names and the arguments of Unity: the wanted value first, then the value that the code gave.
   Each has a second form with _MESSAGE at the end of its name and a text as its last argument. An assert that fails ends
   its test. Use no assert in an interrupt handler.

   The output goes to the console over SWIM, unless build_flags say otherwise:

       -DSTM8_UNITY_UART=0x5230       the address of the registers of a UART; -DSTM8_UNITY_BAUD=9600 is its rate
       -DSTM8_UNITY_UCSIM=0x3ff       the address at which uCsim listens (its option -I if=rom[0x3ff]) */
#ifndef STM8_UNITY_H
#define STM8_UNITY_H

/* Called before and after each test. Write your own, or none. */
void setUp(void);
void tearDown(void);

#define UNITY_BEGIN() stm8_unity_begin()
#define RUN_TEST(test) stm8_unity_run(test, #test, __FILE__, __LINE__)
/* It never returns: main has nowhere to return to. */
#define UNITY_END() stm8_unity_end()

/* -- ends of a test, and notes ------------------------------------------------------------------------------------ */

#define TEST_PASS() stm8_unity_leave()
#define TEST_FAIL() TEST_FAIL_MESSAGE((const char *)0)
#define TEST_FAIL_MESSAGE(message) stm8_unity_fail(__FILE__, __LINE__, message)
#define TEST_IGNORE() TEST_IGNORE_MESSAGE((const char *)0)
#define TEST_IGNORE_MESSAGE(message) stm8_unity_ignore(__FILE__, __LINE__, message)
#define TEST_MESSAGE(message) stm8_unity_note(__FILE__, __LINE__, message)

/* -- truth and pointers -------------------------------------------------------------------------------------------- */

#define TEST_ASSERT(condition) TEST_ASSERT_MESSAGE(condition, (const char *)0)
#define TEST_ASSERT_MESSAGE(condition, message) STM8_UNITY_THAT(condition, "expected " #condition, message)
#define TEST_ASSERT_TRUE(condition) TEST_ASSERT_TRUE_MESSAGE(condition, (const char *)0)
#define TEST_ASSERT_TRUE_MESSAGE(condition, message) STM8_UNITY_THAT(condition, "expected true, was false", message)
#define TEST_ASSERT_FALSE(condition) TEST_ASSERT_FALSE_MESSAGE(condition, (const char *)0)
#define TEST_ASSERT_FALSE_MESSAGE(condition, message) STM8_UNITY_THAT(!(condition), "expected false, was true", message)
#define TEST_ASSERT_NULL(pointer) TEST_ASSERT_NULL_MESSAGE(pointer, (const char *)0)
#define TEST_ASSERT_NULL_MESSAGE(pointer, message) STM8_UNITY_THAT(!(pointer), "expected a null pointer", message)
#define TEST_ASSERT_NOT_NULL(pointer) TEST_ASSERT_NOT_NULL_MESSAGE(pointer, (const char *)0)
#define TEST_ASSERT_NOT_NULL_MESSAGE(pointer, message) STM8_UNITY_THAT(pointer, "expected no null pointer", message)
#define TEST_ASSERT_EQUAL_PTR(wanted, was) TEST_ASSERT_EQUAL_PTR_MESSAGE(wanted, was, (const char *)0)
#define TEST_ASSERT_EQUAL_PTR_MESSAGE(wanted, was, message) \
    STM8_UNITY_IS(EQUAL, HEX16, (const void *)(wanted), (const void *)(was), message)

/* -- numbers: an int has 16 bits ----------------------------------------------------------------------------------- */

#define TEST_ASSERT_EQUAL(wanted, was) TEST_ASSERT_EQUAL_INT(wanted, was)
#define TEST_ASSERT_EQUAL_MESSAGE(wanted, was, message) TEST_ASSERT_EQUAL_INT_MESSAGE(wanted, was, message)
#define TEST_ASSERT_EQUAL_INT(wanted, was) STM8_UNITY_ARE(INT, wanted, was, 0)
#define TEST_ASSERT_EQUAL_INT_MESSAGE(wanted, was, message) STM8_UNITY_ARE(INT, wanted, was, message)
#define TEST_ASSERT_EQUAL_INT8(wanted, was) STM8_UNITY_IS(EQUAL, INT8, wanted, was, 0)
#define TEST_ASSERT_EQUAL_INT8_MESSAGE(wanted, was, message) STM8_UNITY_IS(EQUAL, INT8, wanted, was, message)
#define TEST_ASSERT_EQUAL_INT16(wanted, was) STM8_UNITY_IS(EQUAL, INT16, wanted, was, 0)
#define TEST_ASSERT_EQUAL_INT16_MESSAGE(wanted, was, message) STM8_UNITY_IS(EQUAL, INT16, wanted, was, message)
#define TEST_ASSERT_EQUAL_INT32(wanted, was) STM8_UNITY_IS(EQUAL, INT32, wanted, was, 0)
#define TEST_ASSERT_EQUAL_INT32_MESSAGE(wanted, was, message) STM8_UNITY_IS(EQUAL, INT32, wanted, was, message)
#define TEST_ASSERT_EQUAL_UINT(wanted, was) STM8_UNITY_ARE(UINT, wanted, was, 0)
#define TEST_ASSERT_EQUAL_UINT_MESSAGE(wanted, was, message) STM8_UNITY_ARE(UINT, wanted, was, message)
#define TEST_ASSERT_EQUAL_UINT8(wanted, was) STM8_UNITY_IS(EQUAL, UINT8, wanted, was, 0)
#define TEST_ASSERT_EQUAL_UINT8_MESSAGE(wanted, was, message) STM8_UNITY_IS(EQUAL, UINT8, wanted, was, message)
#define TEST_ASSERT_EQUAL_UINT16(wanted, was) STM8_UNITY_IS(EQUAL, UINT16, wanted, was, 0)
#define TEST_ASSERT_EQUAL_UINT16_MESSAGE(wanted, was, message) STM8_UNITY_IS(EQUAL, UINT16, wanted, was, message)
#define TEST_ASSERT_EQUAL_UINT32(wanted, was) STM8_UNITY_IS(EQUAL, UINT32, wanted, was, 0)
#define TEST_ASSERT_EQUAL_UINT32_MESSAGE(wanted, was, message) STM8_UNITY_IS(EQUAL, UINT32, wanted, was, message)
#define TEST_ASSERT_EQUAL_HEX8(wanted, was) STM8_UNITY_IS(EQUAL, HEX8, wanted, was, 0)
#define TEST_ASSERT_EQUAL_HEX8_MESSAGE(wanted, was, message) STM8_UNITY_IS(EQUAL, HEX8, wanted, was, message)
#define TEST_ASSERT_EQUAL_HEX16(wanted, was) STM8_UNITY_IS(EQUAL, HEX16, wanted, was, 0)
#define TEST_ASSERT_EQUAL_HEX16_MESSAGE(wanted, was, message) STM8_UNITY_IS(EQUAL, HEX16, wanted, was, message)
#define TEST_ASSERT_EQUAL_HEX32(wanted, was) STM8_UNITY_IS(EQUAL, HEX32, wanted, was, 0)
#define TEST_ASSERT_EQUAL_HEX32_MESSAGE(wanted, was, message) STM8_UNITY_IS(EQUAL, HEX32, wanted, was, message)
#define TEST_ASSERT_BITS(mask, wanted, was) TEST_ASSERT_BITS_MESSAGE(mask, wanted, was, 0)
#define TEST_ASSERT_BITS_MESSAGE(mask, wanted, was, message) \
    STM8_UNITY_ARE(HEX, (wanted) & (mask), (was) & (mask), message)

/* The order of these is Unity's, too: TEST_ASSERT_GREATER_THAN_INT(3, x) holds if x > 3. */
#define TEST_ASSERT_NOT_EQUAL(unwanted, was) STM8_UNITY_IS(NOT_EQUAL, INT32, unwanted, was, 0)
#define TEST_ASSERT_NOT_EQUAL_MESSAGE(unwanted, was, message) STM8_UNITY_IS(NOT_EQUAL, INT32, unwanted, was, message)
#define TEST_ASSERT_GREATER_THAN(limit, was) STM8_UNITY_IS(GREATER, INT32, limit, was, 0)
#define TEST_ASSERT_GREATER_THAN_MESSAGE(limit, was, message) STM8_UNITY_IS(GREATER, INT32, limit, was, message)
#define TEST_ASSERT_GREATER_OR_EQUAL(limit, was) STM8_UNITY_IS(AT_LEAST, INT32, limit, was, 0)
#define TEST_ASSERT_GREATER_OR_EQUAL_MESSAGE(limit, was, message) STM8_UNITY_IS(AT_LEAST, INT32, limit, was, message)
#define TEST_ASSERT_LESS_THAN(limit, was) STM8_UNITY_IS(LESS, INT32, limit, was, 0)
#define TEST_ASSERT_LESS_THAN_MESSAGE(limit, was, message) STM8_UNITY_IS(LESS, INT32, limit, was, message)
#define TEST_ASSERT_LESS_OR_EQUAL(limit, was) STM8_UNITY_IS(AT_MOST, INT32, limit, was, 0)
#define TEST_ASSERT_LESS_OR_EQUAL_MESSAGE(limit, was, message) STM8_UNITY_IS(AT_MOST, INT32, limit, was, message)
#define TEST_ASSERT_GREATER_THAN_UINT(limit, was) STM8_UNITY_IS(GREATER, UINT32, limit, was, 0)
#define TEST_ASSERT_GREATER_OR_EQUAL_UINT(limit, was) STM8_UNITY_IS(AT_LEAST, UINT32, limit, was, 0)
#define TEST_ASSERT_LESS_THAN_UINT(limit, was) STM8_UNITY_IS(LESS, UINT32, limit, was, 0)
#define TEST_ASSERT_LESS_OR_EQUAL_UINT(limit, was) STM8_UNITY_IS(AT_MOST, UINT32, limit, was, 0)
#define TEST_ASSERT_INT_WITHIN(delta, wanted, was) TEST_ASSERT_INT_WITHIN_MESSAGE(delta, wanted, was, 0)
#define TEST_ASSERT_INT_WITHIN_MESSAGE(delta, wanted, was, message) \
    stm8_unity_within(__FILE__, __LINE__, message, STM8_UNITY_INT32, delta, (unsigned long)(long)(wanted), \
        (unsigned long)(long)(was))
#define TEST_ASSERT_UINT_WITHIN(delta, wanted, was) TEST_ASSERT_UINT_WITHIN_MESSAGE(delta, wanted, was, 0)
#define TEST_ASSERT_UINT_WITHIN_MESSAGE(delta, wanted, was, message) \
    stm8_unity_within(__FILE__, __LINE__, message, STM8_UNITY_UINT32, delta, wanted, was)

/* -- texts, memory, arrays ----------------------------------------------------------------------------------------- */

#define TEST_ASSERT_EQUAL_STRING(wanted, was) TEST_ASSERT_EQUAL_STRING_MESSAGE(wanted, was, 0)
#define TEST_ASSERT_EQUAL_STRING_MESSAGE(wanted, was, message) \
    stm8_unity_string(__FILE__, __LINE__, message, wanted, was, 0xFFFF)
#define TEST_ASSERT_EQUAL_STRING_LEN(wanted, was, length) TEST_ASSERT_EQUAL_STRING_LEN_MESSAGE(wanted, was, length, 0)
#define TEST_ASSERT_EQUAL_STRING_LEN_MESSAGE(wanted, was, length, message) \
    stm8_unity_string(__FILE__, __LINE__, message, wanted, was, length)
#define TEST_ASSERT_EQUAL_MEMORY(wanted, was, length) STM8_UNITY_ARRAY(HEX8, wanted, was, length, 0)
#define TEST_ASSERT_EQUAL_MEMORY_MESSAGE(wanted, was, length, message) \
    STM8_UNITY_ARRAY(HEX8, wanted, was, length, message)
#define TEST_ASSERT_EQUAL_INT_ARRAY(wanted, was, count) STM8_UNITY_ARRAY(INT, wanted, was, count, 0)
#define TEST_ASSERT_EQUAL_INT_ARRAY_MESSAGE(wanted, was, count, message) \
    STM8_UNITY_ARRAY(INT, wanted, was, count, message)
#define TEST_ASSERT_EQUAL_INT8_ARRAY(wanted, was, count) STM8_UNITY_ARRAY(INT8, wanted, was, count, 0)
#define TEST_ASSERT_EQUAL_INT16_ARRAY(wanted, was, count) STM8_UNITY_ARRAY(INT16, wanted, was, count, 0)
#define TEST_ASSERT_EQUAL_INT32_ARRAY(wanted, was, count) STM8_UNITY_ARRAY(INT32, wanted, was, count, 0)
#define TEST_ASSERT_EQUAL_UINT_ARRAY(wanted, was, count) STM8_UNITY_ARRAY(UINT, wanted, was, count, 0)
#define TEST_ASSERT_EQUAL_UINT8_ARRAY(wanted, was, count) STM8_UNITY_ARRAY(UINT8, wanted, was, count, 0)
#define TEST_ASSERT_EQUAL_UINT8_ARRAY_MESSAGE(wanted, was, count, message) \
    STM8_UNITY_ARRAY(UINT8, wanted, was, count, message)
#define TEST_ASSERT_EQUAL_UINT16_ARRAY(wanted, was, count) STM8_UNITY_ARRAY(UINT16, wanted, was, count, 0)
#define TEST_ASSERT_EQUAL_UINT32_ARRAY(wanted, was, count) STM8_UNITY_ARRAY(UINT32, wanted, was, count, 0)
#define TEST_ASSERT_EQUAL_HEX8_ARRAY(wanted, was, count) STM8_UNITY_ARRAY(HEX8, wanted, was, count, 0)
#define TEST_ASSERT_EQUAL_HEX16_ARRAY(wanted, was, count) STM8_UNITY_ARRAY(HEX16, wanted, was, count, 0)
#define TEST_ASSERT_EQUAL_HEX32_ARRAY(wanted, was, count) STM8_UNITY_ARRAY(HEX32, wanted, was, count, 0)

/* -- what the macros above call ------------------------------------------------------------------------------------ */

/* A kind of number: its bytes, and how it is printed. */
#define STM8_UNITY_BYTES 0x07
#define STM8_UNITY_IS_SIGNED 0x08
#define STM8_UNITY_IS_HEX 0x10
#define STM8_UNITY_INT8 0x09
#define STM8_UNITY_INT16 0x0A
#define STM8_UNITY_INT STM8_UNITY_INT16
#define STM8_UNITY_INT32 0x0C
#define STM8_UNITY_UINT8 0x01
#define STM8_UNITY_UINT16 0x02
#define STM8_UNITY_UINT STM8_UNITY_UINT16
#define STM8_UNITY_UINT32 0x04
#define STM8_UNITY_HEX8 0x11
#define STM8_UNITY_HEX16 0x12
#define STM8_UNITY_HEX32 0x14

/* How the two numbers must stand to each other. */
#define STM8_UNITY_EQUAL 0x00
#define STM8_UNITY_NOT_EQUAL 0x20
#define STM8_UNITY_GREATER 0x40
#define STM8_UNITY_AT_LEAST 0x60
#define STM8_UNITY_LESS 0x80
#define STM8_UNITY_AT_MOST 0xA0
#define STM8_UNITY_RELATION 0xE0

/* A value of that kind in 32 bits. */
#define STM8_UNITY_AS_INT8(value) ((unsigned long)(long)(signed char)(value))
#define STM8_UNITY_AS_INT16(value) ((unsigned long)(long)(int)(value))
#define STM8_UNITY_AS_INT32(value) ((unsigned long)(long)(value))
#define STM8_UNITY_AS_UINT8(value) ((unsigned long)(unsigned char)(value))
#define STM8_UNITY_AS_UINT16(value) ((unsigned long)(unsigned)(value))
#define STM8_UNITY_AS_UINT32(value) ((unsigned long)(value))
#define STM8_UNITY_AS_HEX8(value) ((unsigned long)(unsigned char)(value))
#define STM8_UNITY_AS_HEX16(value) ((unsigned long)(unsigned)(value))
#define STM8_UNITY_AS_HEX32(value) ((unsigned long)(value))

#define STM8_UNITY_THAT(condition, text, message) \
    do { \
        if (!(condition)) \
            stm8_unity_claim(__FILE__, __LINE__, text, message); \
    } while (0)
#define STM8_UNITY_IS(relation, kind, wanted, was, message) \
    stm8_unity_compare(__FILE__, __LINE__, message, STM8_UNITY_##relation | STM8_UNITY_##kind, \
        STM8_UNITY_AS_##kind(wanted), STM8_UNITY_AS_##kind(was))
/* Equal as ints; or with all their bits, if one of both is a long. */
#define STM8_UNITY_ARE(kind, wanted, was, message) \
    stm8_unity_compare(__FILE__, __LINE__, message, \
        STM8_UNITY_IS_LONG(wanted, was) ? STM8_UNITY_##kind##32 : STM8_UNITY_##kind##16, \
        STM8_UNITY_IS_LONG(wanted, was) ? STM8_UNITY_AS_##kind##32(wanted) : STM8_UNITY_AS_##kind##16(wanted), \
        STM8_UNITY_IS_LONG(wanted, was) ? STM8_UNITY_AS_##kind##32(was) : STM8_UNITY_AS_##kind##16(was))
#define STM8_UNITY_IS_LONG(wanted, was) (sizeof(wanted) > 2 || sizeof(was) > 2)
#define STM8_UNITY_ARRAY(kind, wanted, was, count, message) \
    stm8_unity_array(__FILE__, __LINE__, message, STM8_UNITY_##kind, wanted, was, count)

void stm8_unity_begin(void);
void stm8_unity_run(void (*test)(void), const char *name, const char *file, unsigned line);
int stm8_unity_end(void);
void stm8_unity_leave(void);
void stm8_unity_fail(const char *file, unsigned line, const char *message);
void stm8_unity_ignore(const char *file, unsigned line, const char *message);
void stm8_unity_note(const char *file, unsigned line, const char *message);
void stm8_unity_claim(const char *file, unsigned line, const char *text, const char *message);
void stm8_unity_compare(const char *file, unsigned line, const char *message, unsigned char kind, unsigned long wanted,
    unsigned long was);
void stm8_unity_within(const char *file, unsigned line, const char *message, unsigned char kind, unsigned long delta,
    unsigned long wanted, unsigned long was);
void stm8_unity_string(const char *file, unsigned line, const char *message, const char *wanted, const char *was,
    unsigned length);
void stm8_unity_array(const char *file, unsigned line, const char *message, unsigned char kind, const void *wanted,
    const void *was, unsigned count);

#endif
