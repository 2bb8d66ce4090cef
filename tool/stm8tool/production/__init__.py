"""Production: program board after board by a job file, in all sockets at once.

docs/production.md is for users. These are the modules:

    toml_text  the text of a job file as tables
    keys       the keys of a job file and their types
    problems   everything that is wrong with a job, told at once
    job        a job, checked whole before the first chip
    content    the image files, the option bytes, the serial number in them
    counter    serial numbers for all sockets
    log        the file with one line for each event
    recovery   the state in which a run that was cut off left the log
    chip_run   one chip, from the first contact to the lock
    self_test  the line that the program prints
    starts     when a socket begins its next chip
    worker     one socket, in a thread of its own
    line       all sockets of a job
    summary    the counts of a run
    rehearsal  a job on simulated boards
"""
