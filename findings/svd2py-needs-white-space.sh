#!/usr/bin/env bash
# Guess: white space between the tags of an SVD file does not matter, as in any XML that holds data.
# Seen: svd2py 2.0.0 leaves out each element whose first child follows it at once, without a message, and exits with 0. If
#   <peripherals><peripheral> stands on one line, the chip has no peripheral. cmsis-svd 0.6 and svdtools 0.1.27 read both forms.
# Why it matters: an SVD file that a tool has written without indents is an empty chip, or one that lacks some registers.
. "$(dirname "$0")/prepare"
python_packages svd2py==2.0.0 cmsis-svd==0.6 svdtools==0.1.27
cat >spaced.svd <<'X'
<?xml version="1.0" encoding="utf-8"?>
<device schemaVersion="1.3">
 <name>STM8S103</name> <version>1.0</version> <description>demo</description>
 <addressUnitBits>8</addressUnitBits> <width>8</width> <size>8</size>
 <peripherals>
  <peripheral>
   <name>GPIOA</name> <baseAddress>0x5000</baseAddress>
   <registers>
    <register> <name>ODR</name> <description>output</description> <addressOffset>0</addressOffset> </register>
    <register> <name>IDR</name> <description>input</description> <addressOffset>1</addressOffset> </register>
   </registers>
  </peripheral>
 </peripherals>
</device>
X
sed 's/<register> <name>IDR/<register><name>IDR/' spaced.svd >one.svd
tr -d '\n' <spaced.svd | sed 's/> *</></g' >dense.svd
cat >names.py <<'P'
import sys

import cmsis_svd.parser
import svd2py

peripherals = svd2py.SvdParser().convert(sys.argv[1])["device"].get("peripherals", {}).get("peripheral", [])
print([register["name"] for peripheral in peripherals for register in peripheral["registers"]["register"]], end=" ")
device = cmsis_svd.parser.SVDParser.for_xml_file(sys.argv[1]).get_device()
print([register.name for peripheral in device.peripherals for register in peripheral.registers])
P
expect "with white space: svd2py, cmsis-svd" "$("$python" names.py spaced.svd)" "['ODR', 'IDR'] ['ODR', 'IDR']"
expect "none after the second <register>" "$("$python" names.py one.svd)" "['ODR'] ['ODR', 'IDR']"
expect "none at all" "$("$python" names.py dense.svd)" "[] ['ODR', 'IDR']"
expect "none at all: registers in svdtools" "$("$work/venv/bin/svd" mmap dense.svd | grep -c REGISTER)" 2
