"""Lines to events: prices, heartbeats and transactions, each standing alone.

A line is a bare JSON object. A heartbeat of the transactions names the newest of them; one of the
prices does not. A line with a price and without a type is a price. What a transaction is, its own
module says.

A refusal may come instead of the first line, as the same object that a refused request answers.

Followed: "Pricing Endpoints", "Transaction Endpoints" (streams).
"""

from collections.abc import Mapping
from typing import Any, Final

from venuetree.protocol.events import Event, Heartbeat, StreamErrorReported, UnknownMessage
from venuetree.protocol.exchanges.oanda.quotes import quote_from
from venuetree.protocol.exchanges.oanda.reading import (
    NAME,
    number,
    optional_time_ns,
    remote_error,
    time_ns,
)
from venuetree.protocol.exchanges.oanda.transactions import KINDS, events_of
from venuetree.protocol.port import StreamKind
from venuetree.protocol.reading import MALFORMED, optional_text, read_object, sample, text_of

__all__ = ["decode", "message_events"]

_PRICE: Final = "PRICE"
_HEARTBEAT: Final = "HEARTBEAT"
_SIDES: Final = ("bids", "asks")


def decode(
    frame: bytes | str, received_time_ns: int, kind: StreamKind | None = None
) -> tuple[Event, ...]:
    """The events of one line, standing alone; never none.

    Args:
        frame: one line, without its end.
        received_time_ns: our clock when it came, nanoseconds.
        kind: not needed here: a line's own shape tells.

    Raises:
        RemoteProtocolError: it is none of the lines that the documents describe.
    """
    del kind
    try:
        return message_events(read_object(frame), frame, received_time_ns)
    except MALFORMED as error:
        raise remote_error(error, frame) from error


def message_events(
    message: Mapping[str, Any],
    frame: bytes | str,
    received_time_ns: int,
    *,
    currency: str = "",
) -> tuple[Event, ...]:
    """The events of a line already read; raises any of `MALFORMED`.

    `currency` is the account's own, see `transactions.events_of`.
    """
    kind = message.get("type")
    if kind == _PRICE or (kind is None and _is_price(message)):
        return (quote_from(message, received_time_ns),)
    if kind == _HEARTBEAT:
        return (_heartbeat(message, received_time_ns),)
    if kind is None:
        if "errorMessage" in message:
            return (_refusal(message, received_time_ns),)
        return (_unknown(message, "", received_time_ns),)
    if text_of(kind) in KINDS or ("id" in message and "time" in message):
        raw = frame if isinstance(frame, str) else frame.decode()
        return events_of(message, raw.strip(), received_time_ns, currency=currency)
    return (_unknown(message, kind, received_time_ns),)


def _is_price(message: Mapping[str, Any]) -> bool:
    return "instrument" in message and any(side in message for side in _SIDES)


def _heartbeat(message: Mapping[str, Any], received_time_ns: int) -> Heartbeat:
    last = message.get("lastTransactionID")
    return Heartbeat(
        NAME, None if last is None else number(last), time_ns(message["time"]), received_time_ns
    )


def _refusal(message: Mapping[str, Any], received_time_ns: int) -> StreamErrorReported:
    return StreamErrorReported(
        NAME,
        optional_text(message, "errorMessage"),
        optional_text(message, "errorCode"),
        None,
        received_time_ns,
    )


def _unknown(message: Mapping[str, Any], kind: str, received_time_ns: int) -> UnknownMessage:
    return UnknownMessage(
        NAME, kind, sample(message), optional_time_ns(message, "time"), received_time_ns
    )
