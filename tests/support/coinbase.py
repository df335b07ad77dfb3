"""What the tests of the Coinbase codec share: payloads, recordings, and flows without I/O."""

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import attrs
import orjson
import pytest

from venuetree.protocol.exchanges.coinbase import COINBASE
from venuetree.protocol.messages import Request
from venuetree.protocol.models import Instrument
from venuetree.protocol.port import (
    FlowContext,
    ReferenceTold,
    RestCodec,
    RestNews,
    RestReply,
    RestRequest,
)

TESTS = Path(__file__).parent.parent
PAYLOADS = TESTS / "payloads" / "coinbase"

#: Our clock in these tests.
NOW_NS = 1_791_190_800_000_000_000

R = TypeVar("R")


def payload(name: str) -> Any:
    """A whole envelope, as JSON."""
    return json.loads((PAYLOADS / f"{name}.json").read_text())


def frame(name: str) -> bytes:
    """A whole envelope, as the bytes of a message."""
    return orjson.dumps(payload(name))


def recorded(file: str) -> list[tuple[str, Any]]:
    """Channel and message of each received WebSocket frame; skips where there are none."""
    folder = os.environ.get("VENUETREE_RECORDINGS", str(TESTS.parent.parent / "shared/recordings"))
    path = Path(folder) / "coinbase" / file
    if not path.exists():
        pytest.skip(f"no recordings at {path}: set VENUETREE_RECORDINGS")
    lines = (json.loads(line) for line in path.read_text().splitlines())
    return [
        (line["channel"], line["raw"])
        for line in lines
        if line["channel"] != "open" and not line["channel"].startswith(("sent", "http"))
    ]


def reply(
    body: Any = b"",
    status: int = 200,
    *,
    headers: Mapping[str, str] | None = None,
    received_time_ns: int = NOW_NS,
) -> RestReply:
    """An answer; a body that is no bytes is made JSON."""
    raw = body if isinstance(body, bytes) else orjson.dumps(body)
    return RestReply(status, headers or {}, raw, NOW_NS, received_time_ns)


@attrs.define
class Conversation:
    """A flow driven by literal replies, in order, and what it asked."""

    replies: Sequence[RestReply | Exception]
    now_ns: int = NOW_NS
    instruments: Mapping[str, Instrument] = attrs.field(factory=dict)
    requests: list[RestRequest] = attrs.field(factory=list)
    news: list[RestNews] = attrs.field(factory=list)
    codec: RestCodec = COINBASE.rest
    references: Mapping[str, ReferenceTold] = attrs.field(factory=dict)
    clock_offset_ns: int = 0

    def ask(self, command: Request[Any, R]) -> R:
        """The flow's answer; what it raises passes."""
        context = FlowContext(self.now_ns, self.instruments, self.references, self.clock_offset_ns)
        flow = self.codec.flow(command, context)
        answers = self._answers()
        wanted = next(flow)
        while True:
            answer: RestReply | Exception | None = None
            if isinstance(wanted, RestRequest):
                self.requests.append(wanted)
                answer = next(answers)
            else:
                self.news.append(wanted)
            try:
                wanted = flow.throw(answer) if isinstance(answer, Exception) else flow.send(answer)
            except StopIteration as done:
                result: R = done.value
                return result

    def _answers(self) -> Iterator[RestReply | Exception]:
        yield from self.replies
        message = f"no reply left for {self.requests[-1]}"
        raise AssertionError(message)

    @property
    def asked(self) -> list[str]:
        """Operation by operation."""
        return [request.operation for request in self.requests]

    def body(self, index: int = -1) -> Any:
        """What a request said, as JSON."""
        return orjson.loads(self.requests[index].body)
