#!/usr/bin/env bash
# Guess: cmsis-svd keeps the two values of an enumerated value `#1x` (binary, x is "don't care"), or says that it cannot.
# Seen: cmsis-svd 0.6 reads `#1x` as 2. The object holds no sign of the x. A field of 3 has no name.
# Also seen: a peripheral with derivedFrom has the interrupts of the other one too, so one vector has two owners. svdtools 0.1.27 lists
#   one owner.
# Why it matters: a register viewer shows "reserved" for a mode of a timer that the manual calls 1x.
. "$(dirname "$0")/prepare"
python_packages cmsis-svd==0.6 svdtools==0.1.27
cat >chip.svd <<'X'
<?xml version="1.0" encoding="utf-8"?>
<device schemaVersion="1.3">
 <name>STM8S103</name> <version>1.0</version> <description>demo</description>
 <addressUnitBits>8</addressUnitBits> <width>8</width> <size>8</size>
 <peripherals>
  <peripheral>
   <name>GPIOA</name> <baseAddress>0x5000</baseAddress>
   <interrupt> <name>EXTI_A</name> <description>pins of port A</description> <value>3</value> </interrupt>
   <registers>
    <register>
     <name>CR1</name> <description>mode</description> <addressOffset>3</addressOffset>
     <fields>
      <field>
       <name>MODE</name> <description>mode</description> <bitRange>[1:0]</bitRange>
       <enumeratedValues>
        <enumeratedValue> <name>off</name> <value>#00</value> </enumeratedValue>
        <enumeratedValue> <name>on</name> <value>#1x</value> </enumeratedValue>
       </enumeratedValues>
      </field>
     </fields>
    </register>
   </registers>
  </peripheral>
  <peripheral derivedFrom="GPIOA"> <name>GPIOB</name> <baseAddress>0x5005</baseAddress> </peripheral>
 </peripherals>
</device>
X
cat >read.py <<'P'
from cmsis_svd.parser import SVDParser

device = SVDParser.for_xml_file("chip.svd").get_device()
(field,) = device.peripherals[0].registers[0].fields
print({value.value: value.name for value in field.enumerated_values[0].enumerated_values})
print([(peripheral.name, interrupt.value) for peripheral in device.peripherals for interrupt in peripheral.interrupts])
P
expect "names by value" "$("$python" read.py | head -n 1)" "{0: 'off', 2: 'on'}"
expect "interrupts in cmsis-svd" "$("$python" read.py | tail -n 1)" "[('GPIOA', 3), ('GPIOB', 3)]"
expect "lines about interrupt 3 in svdtools" "$("$work/venv/bin/svd" interrupts chip.svd | grep -cE '^3 ')" 1
