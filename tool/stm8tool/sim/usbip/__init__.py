"""A simulated probe on real USB: any program that talks to an ST-LINK by its own driver reaches the simulated board.

The probe is exported by USB/IP, the protocol by which a Linux kernel imports a USB device over TCP.

    descriptors    the descriptors of a USB device
    stlink         the descriptors of each generation of ST-LINK
    device         requests, configuration, halted endpoints, packets
    probe          interface 0: the simulated ST-LINK
    disk, serial_port    the other interfaces of a composite probe, as far as their drivers need them
    protocol       the messages of USB/IP
    server         one device, one importer at a time
    export         a chip file, served until Ctrl-C

Sources: USB 2.0, chapters 5 and 9; the Linux kernel's Documentation/usb/usbip_protocol.rst.
"""
