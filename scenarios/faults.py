"""Failures as values: what goes wrong, what it hits, how often.

A fault is handed to a simulated exchange with ``exchange.faults.add(fault)``.
It fires on the first matching requests or frames after that, `times` times
(None: for as long as it stays), after letting `after` matches pass, and each
firing is noted in the exchange's log.

Requests are matched by ``to``, a shell pattern over ``"METHOD /path"``
(``"POST /api/v3/brokerage/orders"``, ``"GET *"``). Stream frames are matched
by the channel they were subscribed under, a pattern too, and by what they
carry.
"""

import attrs

from venuetree.scenarios.fault_words import Backlog, Body, FrameKind, Loss
from venuetree.scenarios.line_faults import CutFrame, SplitFrame

__all__ = [
    "Backlog",
    "Body",
    "ClockSkew",
    "CloseConnection",
    "CorruptFrame",
    "CutFrame",
    "DelayFills",
    "DelayRequest",
    "DropFrame",
    "DuplicateUserEvents",
    "EndUserStream",
    "ExpireListenKey",
    "Fault",
    "FrameKind",
    "HalfOpenConnection",
    "KickOnConnect",
    "LaggingOpenOrders",
    "LoseReply",
    "LoseRequest",
    "Loss",
    "OrphanDelete",
    "OversizeSnapshot",
    "RefuseConnection",
    "RepeatFrame",
    "ResetConnection",
    "Respond",
    "SendErrorFrame",
    "ShutDownServer",
    "SlowEngine",
    "SlowReply",
    "SplitFrame",
    "StaleReplica",
    "StallStream",
    "SwapFrames",
    "TruncateBody",
    "WithholdPings",
]


# Faults of requests and answers.


@attrs.frozen
class LoseRequest:
    """The request never reaches the exchange: nothing is applied, nothing is answered."""

    to: str = "*"
    how: Loss = Loss.CLOSED
    times: int | None = attrs.field(default=1, kw_only=True)
    after: int = attrs.field(default=0, kw_only=True)


@attrs.frozen
class DelayRequest:
    """The request is under way for so long; the client hears nothing, then it is applied.

    The worst of all losses: who asks too early is told that there is no such order.
    """

    to: str = "*"
    delay_s: float = 1.0
    how: Loss = Loss.CLOSED
    times: int | None = attrs.field(default=1, kw_only=True)
    after: int = attrs.field(default=0, kw_only=True)


@attrs.frozen
class LoseReply:
    """The exchange applies the request, and its answer is lost."""

    to: str = "*"
    how: Loss = Loss.CLOSED
    times: int | None = attrs.field(default=1, kw_only=True)
    after: int = attrs.field(default=0, kw_only=True)


@attrs.frozen
class Respond:
    """Answer with a status of our choice, before or (``applied``) after doing what was asked.

    With `body_text` that is the body; else it is what the exchange usually
    says with this status, in the form that `body` names.
    """

    to: str = "*"
    status: int = 503
    body: Body = Body.JSON
    body_text: str | None = None
    retry_after_s: int | None = None
    applied: bool = attrs.field(default=False, kw_only=True)
    times: int | None = attrs.field(default=1, kw_only=True)
    after: int = attrs.field(default=0, kw_only=True)


@attrs.frozen
class SlowReply:
    """The request is applied at once, its answer comes late."""

    to: str = "*"
    delay_s: float = 1.0
    times: int | None = attrs.field(default=1, kw_only=True)
    after: int = attrs.field(default=0, kw_only=True)


@attrs.frozen
class TruncateBody:
    """The request is applied; the answer's JSON ends in the middle.

    With `how` the connection ends there too, short of the length that the
    header promised; without it (None) the shortened body is a complete answer.
    """

    to: str = "*"
    how: Loss | None = None
    times: int | None = attrs.field(default=1, kw_only=True)
    after: int = attrs.field(default=0, kw_only=True)


@attrs.frozen
class StaleReplica:
    """For so long after an order was created, asking for it (alone or in a list) finds nothing."""

    for_s: float = 1.0
    times: int | None = attrs.field(default=None, kw_only=True)
    after: int = attrs.field(default=0, kw_only=True)


@attrs.frozen
class LaggingOpenOrders:
    """The list of open orders shows them as they were so long ago: none that is new, some over."""

    for_s: float = 1.0
    times: int | None = attrs.field(default=None, kw_only=True)
    after: int = attrs.field(default=0, kw_only=True)


@attrs.frozen
class SlowEngine:
    """An order is admitted, and reaches the matching engine so late; its answer is as late.

    An exchange that looks at the order's age again then may refuse it there.
    """

    for_s: float = 1.0
    times: int | None = attrs.field(default=1, kw_only=True)
    after: int = attrs.field(default=0, kw_only=True)


@attrs.frozen
class DelayFills:
    """The list of fills shows a fill only so long after it happened."""

    for_s: float = 1.0
    times: int | None = attrs.field(default=None, kw_only=True)
    after: int = attrs.field(default=0, kw_only=True)


@attrs.frozen
class ClockSkew:
    """The exchange's clock is ahead by so much (behind, when negative) while this stays."""

    seconds: float = 30.0
    times: int | None = attrs.field(default=None, kw_only=True)
    after: int = attrs.field(default=0, kw_only=True)


# Faults of streams. `channel` is a pattern over the names used to subscribe.


@attrs.frozen
class DropFrame:
    """A frame is counted but never sent."""

    channel: str = "*"
    carrying: FrameKind = FrameKind.UPDATE
    times: int | None = attrs.field(default=1, kw_only=True)
    after: int = attrs.field(default=0, kw_only=True)


@attrs.frozen
class RepeatFrame:
    """A frame is sent twice."""

    channel: str = "*"
    carrying: FrameKind = FrameKind.UPDATE
    times: int | None = attrs.field(default=1, kw_only=True)
    after: int = attrs.field(default=0, kw_only=True)


@attrs.frozen
class SwapFrames:
    """A frame is sent after the one that follows it on its connection."""

    channel: str = "*"
    carrying: FrameKind = FrameKind.UPDATE
    times: int | None = attrs.field(default=1, kw_only=True)
    after: int = attrs.field(default=0, kw_only=True)


@attrs.frozen
class CorruptFrame:
    """A frame is cut in the middle: a whole WebSocket message, half a JSON text."""

    channel: str = "*"
    carrying: FrameKind = FrameKind.UPDATE
    times: int | None = attrs.field(default=1, kw_only=True)
    after: int = attrs.field(default=0, kw_only=True)


@attrs.frozen
class StallStream:
    """From a matching frame on, the connection says nothing, though it still answers pings.

    `for_s` None is for ever (the frames are lost then). `only` narrows the
    silence to frames of these channels, so that a book may stand still while
    heartbeats go on.
    """

    channel: str = "*"
    for_s: float | None = None
    only: str = "*"
    backlog: Backlog = Backlog.DELIVERED
    carrying: FrameKind = FrameKind.ANY
    times: int | None = attrs.field(default=1, kw_only=True)
    after: int = attrs.field(default=0, kw_only=True)


@attrs.frozen
class ResetConnection:
    """In place of a matching frame the connection is reset."""

    channel: str = "*"
    carrying: FrameKind = FrameKind.ANY
    times: int | None = attrs.field(default=1, kw_only=True)
    after: int = attrs.field(default=0, kw_only=True)


@attrs.frozen
class HalfOpenConnection:
    """In place of a matching frame the exchange vanishes: no frame, no pong, no goodbye."""

    channel: str = "*"
    carrying: FrameKind = FrameKind.ANY
    times: int | None = attrs.field(default=1, kw_only=True)
    after: int = attrs.field(default=0, kw_only=True)


@attrs.frozen
class CloseConnection:
    """In place of a matching frame the exchange closes with this code."""

    channel: str = "*"
    code: int = 1001
    reason: str = ""
    carrying: FrameKind = FrameKind.ANY
    times: int | None = attrs.field(default=1, kw_only=True)
    after: int = attrs.field(default=0, kw_only=True)


@attrs.frozen
class SendErrorFrame:
    """Before a matching frame comes an error message in band."""

    message: str = "internal error"
    channel: str = "*"
    carrying: FrameKind = FrameKind.ANY
    times: int | None = attrs.field(default=1, kw_only=True)
    after: int = attrs.field(default=0, kw_only=True)


@attrs.frozen
class OrphanDelete:
    """An update of a book also deletes a price level that was never announced."""

    channel: str = "*"
    times: int | None = attrs.field(default=1, kw_only=True)
    after: int = attrs.field(default=0, kw_only=True)


@attrs.frozen
class OversizeSnapshot:
    """A book snapshot is swollen with far-off levels to at least so many bytes."""

    channel: str = "*"
    at_least_bytes: int = 5_000_000
    times: int | None = attrs.field(default=1, kw_only=True)
    after: int = attrs.field(default=0, kw_only=True)


@attrs.frozen
class DuplicateUserEvents:
    """An event of the account is told twice, in two frames."""

    times: int | None = attrs.field(default=1, kw_only=True)
    after: int = attrs.field(default=0, kw_only=True)


@attrs.frozen
class KickOnConnect:
    """A stream connection is accepted, then closed at once."""

    surface: str = "*"
    code: int = 1013
    reason: str = ""
    times: int | None = attrs.field(default=1, kw_only=True)
    after: int = attrs.field(default=0, kw_only=True)


@attrs.frozen
class RefuseConnection:
    """A stream connection is refused at its handshake with this status."""

    surface: str = "*"
    status: int = 503
    times: int | None = attrs.field(default=1, kw_only=True)
    after: int = attrs.field(default=0, kw_only=True)


# Faults of streams that begin by themselves: at the exchange's next tick, not with a frame.


@attrs.frozen
class ExpireListenKey:
    """A listen key that a connection uses is worth nothing any more.

    The connection stays open and silent. Without `announced` the client is
    not even told, in an event, that the key has expired.
    """

    announced: bool = True
    times: int | None = attrs.field(default=1, kw_only=True)
    after: int = attrs.field(default=0, kw_only=True)


@attrs.frozen
class EndUserStream:
    """A subscription to the account's events, made over a request socket, ends with an event."""

    times: int | None = attrs.field(default=1, kw_only=True)
    after: int = attrs.field(default=0, kw_only=True)


@attrs.frozen
class ShutDownServer:
    """A connection is told that its server goes down, and closed so long after."""

    surface: str = "*"
    close_after_s: float = 10.0
    code: int = 1001
    reason: str = ""
    times: int | None = attrs.field(default=1, kw_only=True)
    after: int = attrs.field(default=0, kw_only=True)


@attrs.frozen
class WithholdPings:
    """The exchange sends no pings of its own, and so misses no pongs, while this stays."""

    surface: str = "*"
    times: int | None = attrs.field(default=None, kw_only=True)
    after: int = attrs.field(default=0, kw_only=True)


Fault = (
    LoseRequest
    | DelayRequest
    | LoseReply
    | Respond
    | SlowReply
    | TruncateBody
    | StaleReplica
    | LaggingOpenOrders
    | SlowEngine
    | DelayFills
    | ClockSkew
    | DropFrame
    | RepeatFrame
    | SwapFrames
    | CorruptFrame
    | CutFrame
    | SplitFrame
    | StallStream
    | ResetConnection
    | HalfOpenConnection
    | CloseConnection
    | SendErrorFrame
    | OrphanDelete
    | OversizeSnapshot
    | DuplicateUserEvents
    | KickOnConnect
    | RefuseConnection
    | ExpireListenKey
    | EndUserStream
    | ShutDownServer
    | WithholdPings
)
