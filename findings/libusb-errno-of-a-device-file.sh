#!/usr/bin/env bash
# Guess: if opening a device file is forbidden, libusb reports LIBUSB_ERROR_ACCESS. If it is missing: LIBUSB_ERROR_NO_DEVICE.
# Seen: libusb 1.0.26 (Debian 12) with pyusb 1.3.1: only EACCES becomes ACCESS (-3, errno 13).
#   A container's device rules give EPERM. It becomes IO (-1, errno 5), the same as for a broken cable. ENOENT becomes NO_DEVICE.
#   The device is still listed in all three cases.
# Why it matters: a program that tests for errno 13 tells a container's user to check the cable.
. "$(dirname "$0")/prepare"
command -v gcc >/dev/null || { echo "this finding needs gcc"; exit 1; }
debian umockdev=0.17.16-1 libumockdev0=0.17.16-1 libusb-1.0-0=2:1.0.26-1 libpcap0.8=1.10.3-1
python_packages pyusb==1.3.1
cat >refuse.c <<'C'
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
/* Opening a USB device file for writing fails with the number in OPEN_ERRNO, as the kernel's device rules make it. */
#define REFUSING(name)                                                                \
    int name(const char *path, int flags, ...) {                                      \
        if (!strncmp(path, "/dev/bus/usb/", 13) && (flags & O_ACCMODE) != O_RDONLY) { \
            errno = atoi(getenv("OPEN_ERRNO"));                                       \
            return -1;                                                                \
        }                                                                             \
        va_list list;                                                                 \
        va_start(list, flags);                                                        \
        int mode = va_arg(list, int);                                                 \
        va_end(list);                                                                 \
        return ((int (*)(const char *, int, ...))dlsym(RTLD_NEXT, #name))(path, flags, mode); \
    }
REFUSING(open)
REFUSING(open64)
REFUSING(__open_2)  /* what Debian's libusb calls */
REFUSING(__open64_2)
C
gcc -shared -fPIC -o refuse.so refuse.c -ldl
descriptors=1201000200000040830448370001010203010902270001010080320904000003FFFFFF00070581024000000705020240000007058302400000
printf '%s\n' "P: /devices/pci0000:00/0000:00:14.0/usb1/1-1" "N: bus/usb/001/005=$descriptors" "E: DEVTYPE=usb_device" \
    "E: SUBSYSTEM=usb" "E: DEVNAME=/dev/bus/usb/001/005" "E: BUSNUM=001" "E: DEVNUM=005" 'A: busnum=1\n' 'A: devnum=5\n' \
    'A: devpath=1\n' 'A: idVendor=0483\n' 'A: idProduct=3748\n' 'A: bConfigurationValue=1\n' 'A: speed=12\n' \
    "H: descriptors=$descriptors" "" >probe.umockdev
cat >open.py <<'P'
import usb.core
(device,) = usb.core.find(find_all=True)
try:
    device.ctrl_transfer(0x80, 6, 0x0100, 0, 18)
except usb.core.USBError as error:
    print(error.backend_error_code, error.errno)
P
opened() { OPEN_ERRNO=$1 LD_PRELOAD="$work/refuse.so" umockdev-run -d probe.umockdev -- "$python" open.py 2>/dev/null; }
expect "EACCES (13): libusb's code and pyusb's errno" "$(opened 13)" "-3 13"
expect "EPERM (1)" "$(opened 1)" "-1 5"
expect "ENOENT (2)" "$(opened 2)" "-4 19"
