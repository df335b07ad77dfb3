"""What the tests of Binance.US share: conversations, and orders as the exchange tells them."""

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson
import pytest

from tests.support.coinbase import TESTS, Conversation
from venuetree.protocol.exchanges.binance_us.rest import BinanceUsRest
from venuetree.protocol.models import Instrument
from venuetree.protocol.port import ReferenceTold, RestReply
from venuetree.protocol.timestamps import MILLISECOND, SECOND

__all__ = [
    "NOW_MS",
    "NOW_NS",
    "ORDER",
    "PAYLOADS",
    "error",
    "listed",
    "payload",
    "recorded",
    "reply",
    "talk",
]

PAYLOADS = TESTS / "payloads" / "binance_us"

#: The exchange's clock and ours, at the time of the payloads.
NOW_NS = 1_788_540_400 * SECOND
NOW_MS = NOW_NS // MILLISECOND

#: An order as a query tells it.
ORDER: Mapping[str, Any] = {
    "symbol": "BTCUSD",
    "orderId": 2281896640,
    "orderListId": -1,
    "clientOrderId": "c1",
    "price": "116000.00000000",
    "origQty": "0.01000000",
    "executedQty": "0.00200000",
    "cummulativeQuoteQty": "232.00000000",
    "status": "PARTIALLY_FILLED",
    "timeInForce": "GTC",
    "type": "LIMIT",
    "side": "BUY",
    "stopPrice": "0.00000000",
    "icebergQty": "0.00000000",
    "time": 1788540380001,
    "updateTime": 1788540385420,
    "isWorking": True,
    "workingTime": 1788540380001,
    "origQuoteOrderQty": "0.00000000",
    "selfTradePreventionMode": "EXPIRE_MAKER",
}


def payload(name: str) -> Any:
    """A whole message, as JSON."""
    return json.loads((PAYLOADS / f"{name}.json").read_text())


def recorded(file: str) -> list[tuple[str, Any]]:
    """Channel and message of each message received; skips where there are none."""
    folder = os.environ.get("VENUETREE_RECORDINGS", str(TESTS.parent.parent / "shared/recordings"))
    path = Path(folder) / "binance_us" / file
    if not path.exists():
        pytest.skip(f"no recordings at {path}: set VENUETREE_RECORDINGS")
    lines = (json.loads(line) for line in path.read_text().splitlines())
    return [
        (line["channel"], line["raw"])
        for line in lines
        if line["channel"] != "open" and not line["channel"].startswith("sent")
    ]


def reply(
    body: object, status: int = 200, headers: Mapping[str, str] | None = None, at_ns: int = NOW_NS
) -> RestReply:
    """An answer; text and bytes as they are, anything else as JSON."""
    raw = body if isinstance(body, bytes) else orjson.dumps(body)
    return RestReply(status, headers or {}, raw, at_ns - 4_000_000, at_ns)


def error(code: int, message: str = "no", status: int = 400) -> RestReply:
    """A refusal."""
    return reply({"code": code, "msg": message}, status)


def listed(**fields: Any) -> dict[str, Any]:
    """The order with other fields."""
    return {**ORDER, **fields}


def talk(
    *replies: RestReply | Exception,
    now_ns: int = NOW_NS,
    instruments: Sequence[Instrument] = (),
    references: Sequence[ReferenceTold] = (),
    clock_offset_ns: int = 0,
) -> Conversation:
    """A conversation with these answers, in order."""
    return Conversation(
        list(replies),
        now_ns,
        {instrument.name: instrument for instrument in instruments},
        codec=BinanceUsRest(),
        references={told.instrument: told for told in references},
        clock_offset_ns=clock_offset_ns,
    )
