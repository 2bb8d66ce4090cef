"""An STM8 board in a jumpstarter farm, see docs/farm.md.

* driver: in the exporter, on the machine with the probe
* uses: one use of the probe after the other, whoever asks
* jobs: what the driver does with a chip; results as plain values
* listening: the console of the running program
* client, commands: on the machine of the user: methods, and `j NAME …`
* wire: results and failures on their way between the two
"""
