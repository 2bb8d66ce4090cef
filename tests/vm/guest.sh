# In the guest, before every command: three functions.
DEVICES=/sys/bus/usb/devices

stm8tool() { "$PYTHON" -m stm8tool "$@"; }

# plug CHIPFILE: serve it, attach it, wait until its interfaces are there; print its device, such as 1-1.
plug() {
    local log=$1.log before after device
    "$PYTHON" -m stm8tool sim serve "$1" --port 0 > "$log" 2>&1 &
    echo $! > "$1.pid"
    until grep -q Ctrl-C "$log"; do kill -0 $! || { cat "$log"; return 1; }; sleep 0.05; done
    before=$(ls $DEVICES | grep '^1-[0-9]*$')
    $(sed -n 's/.*\(usbip.*\)/\1/p' "$log") > /dev/null 2>&1 || { cat "$log"; return 1; }
    until device=$(ls $DEVICES | grep '^1-[0-9]*$' | grep -vxF "${before:-none}"); do sleep 0.05; done
    until [ "$(ls -d $DEVICES/$device:1.* 2> /dev/null | wc -l)" = "$(tr -d ' ' < $DEVICES/$device/bNumInterfaces)" ]
    do sleep 0.05; done
    echo "$device"
}

# unplug CHIPFILE: end its server as Ctrl-C does, which pulls the probe; wait until the chip is saved and the device gone.
unplug() {
    kill -TERM "$(cat "$1.pid")" || return
    until grep -q 'is saved' "$1.log"; do sleep 0.05; done
}
