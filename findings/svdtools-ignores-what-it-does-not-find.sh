#!/usr/bin/env bash
# Guess: `svd patch` fails if a patch names a register that the SVD file does not have, or a command that svdtools does not know.
# Seen: svdtools 0.1.27 ignores _modify and _delete for unknown peripherals and registers, and commands such as _modfy. It writes the
#   file and exits with 0, without a message. Only a peripheral, register or field outside such a command must exist.
# Why it matters: after the maker renames a register, or after a typing error, the correction is missing in each later release of the file.
. "$(dirname "$0")/prepare"
python_packages svdtools==0.1.27
cat >chip.svd <<'X'
<?xml version="1.0" encoding="utf-8"?>
<device schemaVersion="1.3">
 <name>STM8S103</name> <version>1.0</version> <description>demo</description>
 <addressUnitBits>8</addressUnitBits> <width>8</width> <size>8</size>
 <peripherals>
  <peripheral>
   <name>GPIOA</name> <baseAddress>0x5000</baseAddress>
   <registers>
    <register> <name>ODR</name> <description>output</description> <addressOffset>0</addressOffset> </register>
   </registers>
  </peripheral>
 </peripherals>
</device>
X
patched() {
    printf '_svd: chip.svd\n%b\n' "$1" >patch.yaml
    rm -f chip.svd.patched
    code=0
    "$work/venv/bin/svd" patch patch.yaml >log 2>&1 || code=$?
    echo "$code $(grep -c corrected chip.svd.patched 2>/dev/null || true) $(grep -oE 'Missing[A-Za-z]+Error' log | head -n 1)"
}
expect "_modify ODR: exit code, changes" "$(patched 'GPIOA:\n  _modify:\n    ODR: {description: corrected}')" "0 1 "
expect "_modify OUT, which is not there" "$(patched 'GPIOA:\n  _modify:\n    OUT: {description: corrected}')" "0 0 "
expect "_modify of peripheral PA" "$(patched '_modify:\n  PA: {description: corrected}')" "0 0 "
expect "_delete OUT" "$(patched 'GPIOA:\n  _delete: [OUT]')" "0 0 "
expect "_modfy ODR" "$(patched 'GPIOA:\n  _modfy:\n    ODR: {description: corrected}')" "0 0 "
expect "PA outside a command" "$(patched 'PA:\n  _modify:\n    ODR: {description: corrected}')" "1  MissingPeripheralError"
