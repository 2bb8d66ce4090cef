#!/usr/bin/env bash
# Guess: a register with derivedFrom, a name and an offset has the fields and the description of the other register.
# Seen: cmsis-svd 0.6 gives it no field and no description, without a message. With a <description> of its own, it has the fields of the
#   other one. The same is true for a field with derivedFrom: without a description, its width is None.
# Why it matters: CR2 "like CR1" is a register without bits in a viewer, and the file is right.
. "$(dirname "$0")/prepare"
python_packages cmsis-svd==0.6
cat >read.py <<'P'
import sys

from cmsis_svd.parser import SVDParser

text = f"""<device schemaVersion="1.3">
 <name>STM8S103</name> <version>1.0</version> <description>demo</description>
 <addressUnitBits>8</addressUnitBits> <width>8</width> <size>8</size>
 <peripherals>
  <peripheral>
   <name>TIM1</name> <baseAddress>0x5250</baseAddress>
   <registers>
    <register>
     <name>CR1</name> <description>control</description> <addressOffset>0</addressOffset>
     <fields>
      <field> <name>CEN</name> <description>on</description> <bitOffset>0</bitOffset> <bitWidth>1</bitWidth> </field>
      <field derivedFrom="CEN"> <name>UDIS</name> {sys.argv[1]} <bitOffset>1</bitOffset> </field>
     </fields>
    </register>
    <register derivedFrom="CR1"> <name>CR2</name> {sys.argv[1]} <addressOffset>1</addressOffset> </register>
   </registers>
  </peripheral>
 </peripherals>
</device>
"""
with open("chip.svd", "w") as file:
    file.write(text)
first, second = SVDParser.for_xml_file("chip.svd").get_device().peripherals[0].registers
print([(field.name, field.bit_width) for field in first.fields], second.description, [field.name for field in second.fields])
P
expect "without a description: fields of CR1, CR2" "$("$python" read.py '')" "[('CEN', 1), ('UDIS', None)] None []"
expect "with one" "$("$python" read.py '<description>own</description>')" "[('CEN', 1), ('UDIS', 1)] own ['CEN', 'UDIS']"
