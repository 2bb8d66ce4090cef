"""A simulated probe on real USB: whatever talks to an ST-LINK by its own driver meets the board of a chip file.

The probe is exported by USB/IP, the protocol by which a Linux kernel imports a USB device over TCP.

    descriptors    what a USB device says of itself
    stlink         what the generations of ST-LINK say
    device         requests, configuration, halted endpoints, packets
    probe          interface 0: the simulated ST-LINK
    disk, serial_port    the other interfaces of a composite probe, as far as their drivers need them
    protocol       the messages of USB/IP
    server         one device, one importer at a time
    export         a chip file, served until Ctrl-C

Sources: USB 2.0, chapters 5 and 9; the Linux kernel's Documentation/usb/usbip_protocol.rst.
"""
