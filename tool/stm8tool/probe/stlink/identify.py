"""Identify a probe: the product id tells its framing, and the probe itself its firmware."""

from __future__ import annotations

from ...errors import ProbeError, TransferSizeError, TransportTimeoutError
from ...transport.base import Transport
from ..base import ProbeInfo
from . import version as stlink_version
from .bulk import BulkChannel
from .channel import CommandChannel
from .scsi import ScsiChannel
from .usb_ids import V1_PRODUCT
from .version import Version

_GET_VERSION_EXTENDED = b"\xfb"

# An open probe firmware never answers F7 and FB: do not wait a full second for these.
OPTIONAL_REPLY_LIMIT_S = 0.3


def channel_to(transport: Transport) -> CommandChannel:
    """Return the channel in the framing that the probe has."""
    framing = ScsiChannel if transport.identity.product == V1_PRODUCT else BulkChannel
    return framing(transport)


def firmware_of(channel: CommandChannel) -> Version:
    """Return the version of the probe's firmware; the channel must have been in step once.

    Raises:
        ProbeError: A V3 does not tell its version.
    """
    if not stlink_version.needs_extended_query(channel.version_reply):
        return stlink_version.decode(channel.version_reply, channel.transport.identity.product)
    try:
        extended = channel.exchange(_GET_VERSION_EXTENDED, reply=12, limit_s=OPTIONAL_REPLY_LIMIT_S)
    except (TransferSizeError, TransportTimeoutError) as exc:
        raise ProbeError(
            "this STLINK-V3 does not tell its firmware version, so it is not known if it has SWIM",
            hint="unplug the probe, plug it in again and retry; if it stays so, update its firmware",
        ) from exc
    return stlink_version.decode_extended(extended)


def describe(channel: CommandChannel, version: Version) -> ProbeInfo:
    """Return the facts about the probe with this firmware."""
    identity = channel.transport.identity
    model = stlink_version.model_name(version, identity.product)
    return ProbeInfo(model, str(version), identity.serial or None, identity.path)


def ask(transport: Transport) -> Version:
    """Open the probe, ask for its firmware and close it; its mode stays as it is.

    Raises:
        AccessError, ProbeError, TransportError: It cannot be opened or does not answer; it is not reset for that.
    """
    transport.open()
    try:
        channel = channel_to(transport)
        channel.synchronise()
        return firmware_of(channel)
    finally:
        transport.close()
