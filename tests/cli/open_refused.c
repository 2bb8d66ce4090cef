/* Loaded before the C library: USB device files refuse to be opened for writing, with the errno in OPEN_ERRNO.
   A container whose device rules leave them out behaves so; a test has no way to make such rules. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

static const char FOLDER[] = "/dev/bus/usb/";

static int refused(const char *path, int flags)
{
    const char *number = getenv("OPEN_ERRNO");

    if (!number || !path || strncmp(path, FOLDER, sizeof FOLDER - 1) != 0)
        return 0;
    if ((flags & O_ACCMODE) == O_RDONLY) /* the folders are still listed */
        return 0;
    errno = atoi(number);
    return 1;
}

#define WRAPPED(name)                                                        \
    int name(const char *path, int flags, ...)                               \
    {                                                                        \
        int (*next)(const char *, int, ...) = dlsym(RTLD_NEXT, #name);       \
        mode_t mode = 0;                                                     \
        if (flags & O_CREAT) {                                               \
            va_list list;                                                    \
            va_start(list, flags);                                           \
            mode = va_arg(list, mode_t);                                     \
            va_end(list);                                                    \
        }                                                                    \
        return refused(path, flags) ? -1 : next(path, flags, mode);          \
    }

WRAPPED(open)
WRAPPED(open64)
