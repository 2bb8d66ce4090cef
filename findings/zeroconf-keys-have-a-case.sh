#!/usr/bin/env bash
# Guess: the keys of a service's TXT record are the same in capital and small letters, as RFC 6763 (6.4) says.
# Seen: zeroconf 0.154.0 keeps `Port` and `port` as two properties, and `properties.get(b"port")` finds no `Port`. The name of the service
#   has no case: `key` is in small letters.
# Also seen: False becomes the text "False", which is true for a reader that tests whether the key has a value. None is a key alone.
# Why it matters: a farm finds probes by a property, and a probe server in another language writes the key in its own way.
. "$(dirname "$0")/prepare"
python_packages zeroconf==0.154.0
expect "properties; port; key; False and None" "$("$python" - <<'P'
from zeroconf import ServiceInfo


def info(properties):
    return ServiceInfo("_swim._tcp.local.", "Board._swim._tcp.local.", port=1, properties=properties)


both = info({"Port": "1", "port": "2"})
print(both.properties, info({"Port": "1"}).properties.get(b"port"), both.key, info({"busy": False}).text, info({"busy": None}).text)
P
)" "{b'Port': b'1', b'port': b'2'} None board._swim._tcp.local. b'\\nbusy=False' b'\\x04busy'"
