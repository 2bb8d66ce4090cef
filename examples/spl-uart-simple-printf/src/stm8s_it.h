/* Declarations of interrupt handlers, which SDCC needs where main() is; the library includes this file. There are none. */

#ifndef STM8S_IT_H
#define STM8S_IT_H
#endif
