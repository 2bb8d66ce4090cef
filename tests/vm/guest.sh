# In the guest, before every command: two functions.
DEVICES=/sys/bus/usb/devices

stm8tool() { "$PYTHON" -m stm8tool "$@"; }

# attach WORDS: run this usbip command, wait until all interfaces of the new device are there; print it, such as 1-1.
attach() {
    local before device said
    before=$(ls $DEVICES | grep '^1-[0-9]*$')
    said=$("$@" 2>&1) || { echo "$said"; return 1; }
    until device=$(ls $DEVICES | grep '^1-[0-9]*$' | grep -vxF "${before:-none}"); do sleep 0.05; done
    until [ "$(ls -d $DEVICES/$device:1.* 2> /dev/null | wc -l)" = "$(tr -d ' ' < $DEVICES/$device/bNumInterfaces)" ]
    do sleep 0.05; done
    echo "$device"
}
