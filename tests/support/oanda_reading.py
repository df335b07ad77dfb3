"""What the tests of reading OANDA share: payloads, recordings, and flows driven by hand."""

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import attrs
import orjson
import pytest

from tests.support.coinbase import TESTS
from venuetree.protocol.exchanges.oanda.instruments import instruments_from
from venuetree.protocol.models import Instrument
from venuetree.protocol.port import FlowContext, LogTold, RestFlow, RestNews, RestReply, RestRequest
from venuetree.protocol.timestamps import SECOND

__all__ = [
    "NOW_NS",
    "PAYLOADS",
    "Talk",
    "an_instrument",
    "context",
    "line",
    "payload",
    "recorded",
    "reply",
    "talk",
    "transactions_in",
]

PAYLOADS = TESTS / "payloads" / "oanda"

#: Our clock, a little after the payloads.
NOW_NS = 1_718_200_000 * SECOND

T = TypeVar("T")


def payload(name: str) -> Any:
    """A whole body or line, as JSON."""
    return json.loads((PAYLOADS / f"{name}.json").read_text())


def line(message: object) -> bytes:
    """A message as a line of a stream, without its end."""
    return orjson.dumps(message)


def recorded() -> list[tuple[str, Any]]:
    """Channel and message of everything recorded; skips where there are no recordings."""
    folder = os.environ.get("VENUETREE_RECORDINGS", str(TESTS.parent.parent / "shared/recordings"))
    files = sorted((Path(folder) / "oanda").glob("*.jsonl"))
    if not files:
        pytest.skip(f"no recordings of OANDA in {folder}: set VENUETREE_RECORDINGS")
    lines = [json.loads(text) for file in files for text in file.read_text().splitlines()]
    return [(each["channel"], each["raw"]) for each in lines]


def transactions_in(value: Any) -> Iterator[dict[str, Any]]:
    """Every transaction anywhere within a body."""
    if isinstance(value, dict):
        if {"id", "type", "batchID", "time"} <= set(value):
            yield value
            return
        value = list(value.values())
    if isinstance(value, list):
        for each in value:
            yield from transactions_in(each)


def reply(body: object, status: int = 200, headers: Mapping[str, str] | None = None) -> RestReply:
    """An answer; bytes as they are, anything else as JSON."""
    raw = body if isinstance(body, bytes) else orjson.dumps(body)
    return RestReply(status, headers or {}, raw, NOW_NS - 4_000_000, NOW_NS)


@attrs.define
class Talk:
    """A flow driven by literal replies, in order, and what it asked and told."""

    replies: list[RestReply]
    requests: list[RestRequest] = attrs.field(factory=list)
    news: list[RestNews] = attrs.field(factory=list)

    def run(self, flow: RestFlow[T]) -> T:
        """The flow's answer; what it raises passes."""
        replies = iter(self.replies)
        answer: RestReply | None = None
        while True:
            try:
                wanted = flow.send(answer)
            except StopIteration as done:
                result: T = done.value
                return result
            answer = None
            if isinstance(wanted, RestRequest):
                self.requests.append(wanted)
                answer = next(replies)
            else:
                self.news.append(wanted)

    @property
    def asked(self) -> list[str]:
        """Method, path and query of each request."""
        return [f"{r.method} {r.path}{'?' * bool(r.query)}{r.query}" for r in self.requests]

    @property
    def other_news(self) -> list[RestNews]:
        """What was told beside the positions of the log."""
        return [told for told in self.news if not isinstance(told, LogTold)]


def talk(*replies: RestReply) -> Talk:
    """A conversation with these answers, in order."""
    return Talk(list(replies))


def context(*, instruments: Sequence[Instrument] = (), now_ns: int = NOW_NS) -> FlowContext:
    """What a flow may know."""
    return FlowContext(now_ns, {each.name: each for each in instruments})


def an_instrument(**fields: Any) -> Instrument:
    """The instrument of the payloads, with other members as the exchange spells them."""
    told = {**payload("rest_instruments")["instruments"][0], **fields}
    errors: list[Exception] = []
    found = list(instruments_from([told], lambda _, error: errors.append(error)))
    assert not errors
    return found[0]
