"""A simulated board: an STM8, its wires, and an ST-LINK in front of it.

It stands where USB would be (`transport.base.Transport`). It is a second reading of the facts and imports nothing of
`probe/` or `chip/` of the tool. It earns trust by refusing. It refuses everything that real hardware refuses, in the
same way. It raises `SimGapError`, never an OK, if no source describes something. If sources disagree there is a switch
(`switches.Switches`, the attributes of `firmware.Firmware`). Faults of a bench have names (`faults.Faults`).

    clock        virtual time, or real time on request
    chip/        the chip as SWIM meets it: `microcontroller` is the whole, `powered` its supply, reset and time
      memory_map   which memory or register has which address
      memory       flash, data EEPROM, RAM: bytes and wear per block
      flash        the flash controllers of both register maps
      options      option bytes as loaded at reset, ROP, UBC, and the values that ruin a chip for good
      debug        stall and go on, the CPU's registers, steps; `breakpoints` has the comparators
      processor    the running CPU of a chip
      wire         pulses and ROTF/WOTF frames in modelled time
    core_bus     the core's bus: memories, registers and peripherals; `execution` lets the core execute on it
    cpu/         the core; `peripherals/` has the devices around it
    noise        frames that are not acknowledged, bits that come wrong
    probe/       `firmware` has the commands of ST-LINK V1, V2, V2-1, V3 (see `models`), and of the open firmware
      scsi         the wrapper in which a V1 takes them: it is a USB disk
      stlink       the probe's bulk transfers
    serial/      the UART of a chip, an espstlink and an rp2040_swim, at a serial wire
    bus          several probes on the USB of one machine, and the system between them and a program
    store        a board in a file, for separate commands; `chip_file` checks the file, `report` looks at the board
    usbip/       a board in a file, on real USB
    running      runs a board's program from power-on; `coverage` counts what it executes
    state        the part of all this that a chip file keeps; `rules` are the values that it may have

Modelled with times: USB transfers, SWIM bits, the entry, programming (6 and 3 ms), the global erase. Modelled too:
the effects of a reset, a lost supply, a lost link and a pulled plug. Addresses outside the memory map read as 00, and
writes there go nowhere. The value is our assumption and a switch. The boot ROM holds fictional bytes.
A reset or a lost supply can cut programming. The manuals say that it may leave corrupt data: here it leaves bytes that
the program did not write. A global erase that was cut has erased nothing.

The CPU executes unless it is held, up to each moment at which SWIM looks. Not modelled: the code of a blank flash, the
pipeline. For SWIM these are gaps: all peripherals except the flash controller, CLK_CKDIVR, CFG_GCR and those of
`peripherals/`. The functions of DM_CR2 and DM_ENFCTR are gaps, too: forced vectors, peripherals that freeze with the
CPU. Not modelled at all: TMU registers, the boot ROM that spoils PUKR (STM8L medium density, v1.2), SWIM at the doubled
clock. Two more things are missing: two wrong bits in one byte, and a chip that is fed through its SWIM or NRST pin.

Sources: ST's manuals (RM0016 STM8S/AF, RM0013 STM8L101, PM0054 and PM0047 flash programming, UM0470 SWIM and debug
module, UM0560 boot ROM) and datasheets. ST publishes no description of the ST-LINK. Its commands and habits are taken
from working clients (stm8flash, OpenOCD, versaloon, an open probe firmware) and from logs and traces of real
exchanges. "Reported" means one or two users' reports, no manual.
"""
