# In the guest: runs /io/NUMBER.sh for every number that comes by the serial line, and answers with the exit code.
modprobe -d "$KERNEL" vhci-hcd && modprobe -d "$KERNEL" usb-storage delay_use=0 && modprobe -d "$KERNEL" cdc-acm &&
    modprobe -d "$KERNEL" virtio-net && busybox ip addr add 10.0.2.15/24 dev eth0 && busybox ip link set eth0 up
echo "ready $?"
while read -r number; do
    (. /io/guest.sh; . "/io/$number.sh") > "/io/$number.out" 2>&1 < /dev/null
    echo "done $?"
done
