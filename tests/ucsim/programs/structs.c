/* Structures: copied, passed and returned by address, in arrays, with bit-fields. */
#include <stdint.h>
#include <string.h>

struct point { int16_t x, y; uint8_t name[9]; unsigned char low : 3, high : 5; };

struct point points[6];
struct point copy;

static void turn(struct point *to, const struct point *from)
{
    *to = *from;
    to->x = -from->y;
    to->y = from->x;
    to->low = from->low + 1;
    to->high = from->high - 3;
}

void main(void)
{
    uint8_t i;
    points[0].x = 300;
    points[0].y = -77;
    memcpy(points[0].name, "a point!", 9);
    for (i = 1; i < 6; ++i) {
        turn(&points[i], &points[i - 1]);
        points[i].name[i] ^= i;
    }
    copy = points[3];
    memmove(&copy.name[1], copy.name, 8);
    __asm__("break");
}
