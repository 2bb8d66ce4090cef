/* Tests of lib/ramp. */
#include <ramp.h>
#include <stm8_unity.h>

static void test_it_goes_up_by_a_step(void)
{
    TEST_ASSERT_EQUAL_UINT8(15, ramp_next(5, 200, 10));
}

static void test_it_goes_down_by_a_step(void)
{
    TEST_ASSERT_EQUAL_UINT8(190, ramp_next(200, 5, 10));
}

static void test_it_stops_at_the_target(void)
{
    TEST_ASSERT_EQUAL_UINT8(255, ramp_next(250, 255, 10));
    TEST_ASSERT_EQUAL_UINT8(0, ramp_next(3, 0, 10));
    TEST_ASSERT_EQUAL_UINT8(7, ramp_next(7, 7, 10));
}

static void test_it_arrives_from_everywhere(void)
{
    uint8_t start = 0;
    uint8_t value, steps;

    do {
        value = start;
        for (steps = 0; steps < 26; ++steps)
            value = ramp_next(value, 128, 10);
        TEST_ASSERT_EQUAL_UINT8_MESSAGE(128, value, "after 26 steps");
    } while (++start);
}

int main(void)
{
    UNITY_BEGIN();
    RUN_TEST(test_it_goes_up_by_a_step);
    RUN_TEST(test_it_goes_down_by_a_step);
    RUN_TEST(test_it_stops_at_the_target);
    RUN_TEST(test_it_arrives_from_everywhere);
    return UNITY_END();
}
