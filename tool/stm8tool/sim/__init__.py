"""A simulated board: an STM8, its wires, and an ST-LINK in front of it.

It stands where USB would be (`transport.base.Transport`) and is a second reading of the facts: nothing of `probe` or
`target` is imported. It earns trust by refusing. What real hardware refuses, it refuses the same way; what no source
describes raises `SimGapError`, never an OK. Where sources disagree there is a switch (`switches.Switches`, the
attributes of `firmware.Firmware`); what can be wrong on a bench has a name (`faults.Faults`).

    clock      virtual time, or real time on request
    chip       supply, reset, SWIM activation and SWIM_CSR, and when its CPU executes
    memory_map what lies at which address
    noise      frames that are not acknowledged, bits that come wrong
    memory     flash, data EEPROM, option bytes, RAM: bytes and wear per block
    flash      the flash controllers of both register maps
    options    option bytes as loaded at reset, ROP, UBC, and what ruins a chip for good
    debug      stall and go on, the CPU's registers, steps; `breakpoints` has the comparators
    processor  the CPU of a chip at work: `execution` is a core on a chip's bus, `cpu` the core, `peripherals` around it
    wire       pulses and ROTF/WOTF frames in modelled time
    firmware   the probe's commands: ST-LINK V1, V2, V2-1, V3 (see `models`), and the open firmware
    scsi       the wrapper in which a V1 takes them: it is a USB disk
    stlink     the probe's bulk transfers
    bus        several probes on the USB of one machine, and what its system puts between them and a program
    store      a board in a file, for separate commands; `report` looks at it, `lock` guards it
    usbip      a board in a file, on real USB
    running    runs a board's program from power-on
    state      what of all this a chip file keeps; `rules` are the values that it may have

Modelled, with its time: USB transfers, SWIM bits at low and high speed, the entry waveform, 6 and 3 ms of programming,
the global erase; what a reset, a lost supply, a lost link or a pulled plug leaves behind. Addresses outside the memory
map read as 00 and take writes without effect ("go nowhere"); the value is our assumption and a switch. The boot ROM
holds fictional bytes. Of programming that a reset or a lost supply breaks off, the manuals say that it may leave
corrupt data: here it leaves bytes that nobody wrote, and a global erase that was broken off has erased nothing.

A CPU that nobody holds executes, up to each moment at which SWIM looks. Not modelled: what a blank flash executes,
the pipeline, DM_CR2, peripherals that freeze while the CPU is stalled; for SWIM, peripherals other than the flash
controller, CLK_CKDIVR and CFG_GCR (gaps). Not modelled at all:
TMU registers, the boot ROM that spoils PUKR (STM8L medium density, v1.2), SWIM at the doubled clock, two wrong bits in
one byte, a chip that is fed through its SWIM or NRST pin.

Sources: ST's manuals (RM0016 STM8S/AF, RM0013 STM8L101, PM0054 and PM0047 flash programming, UM0470 SWIM and debug
module, UM0560 boot ROM) and datasheets. ST publishes no description of the ST-LINK: its commands and habits are those
that working clients rely on (stm8flash, OpenOCD, versaloon, an open probe firmware) and that logs and traces of real
exchanges show. "Reported" means one or two users' reports, no manual.
"""
