"""Streams of a simulated Binance.US, as unmodified python-binance lives with them.

Run by the interpreter of the SDK's own environment:
``python binance_us_streams.py < endpoints``. The endpoints object comes on
stdin. Every step prints one line; the exit status is 0 only if all did what
they should.
"""

import asyncio
import itertools
import json
import logging
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from binance import (  # type: ignore[import-not-found, unused-ignore]
    AsyncClient,
    BinanceSocketManager,
    DepthCacheManager,
)

SYMBOL = "BTCUSDT"
PATIENCE_S = 15.0
STREAMS = (
    *("trade", "aggTrade", "depth@100ms", "depth", "depth5", "bookTicker"),
    *("kline_1m", "ticker", "miniTicker"),
)


def check(name: str, *, holds: bool, seen: object = "") -> None:
    """Print one step; stop everything if it failed."""
    print(f"{'ok' if holds else 'FAILED'}: {name} {seen}".rstrip(), flush=True)  # noqa: T201 - its report
    if not holds:
        sys.exit(1)


async def receive(socket: Any, enough: Callable[[list[Any]], bool]) -> list[Any]:
    """The messages of a socket until they are enough, or patience ends."""
    messages: list[Any] = []
    with suppress(TimeoutError):
        async with asyncio.timeout(PATIENCE_S):
            while not enough(messages):
                messages.append(await socket.recv())
    return messages


async def live_streams(client: Any) -> None:
    """Market streams, the account's events by both ways, a local book."""
    sockets = BinanceSocketManager(client, max_queue_size=10_000)
    await watch_market(sockets)
    await follow_orders(client, sockets)
    await keep_book(client, sockets)


async def watch_market(sockets: Any) -> None:
    """Each stream of a combined connection speaks, and the book's events leave no gap."""
    names = {f"{SYMBOL.lower()}@{stream}" for stream in STREAMS}
    depth = f"{SYMBOL.lower()}@depth@100ms"

    def events(messages: list[Any], name: str) -> list[Any]:
        return [message["data"] for message in messages if message.get("stream") == name]

    async with sockets.multiplex_socket(sorted(names)) as stream:
        messages = await receive(
            stream,
            lambda some: (
                {message.get("stream") for message in some} >= names
                and len(events(some, depth)) > 10
            ),
        )
    missing = names - {message.get("stream") for message in messages}
    check("every combined stream speaks", holds=not missing, seen=missing or len(messages))
    ids = [(event["U"], event["u"]) for event in events(messages, depth)]
    steps = itertools.pairwise(ids)
    check("depth without a gap", holds=all(u + 1 == first for (_, u), (first, _) in steps))
    async with sockets.trade_socket(SYMBOL) as stream:
        trades = await receive(stream, lambda some: len(some) > 1)
    numbers = [trade["t"] for trade in trades]
    check("trades one by one", holds=numbers == [numbers[0], numbers[0] + 1], seen=numbers)


async def follow_orders(client: Any, sockets: Any) -> None:
    """An order's life over the WebSocket API, as both kinds of user stream tell it."""
    book = await client.get_order_book(symbol=SYMBOL, limit=5)
    low = f"{float(book['bids'][0][0]) * 0.8:.2f}"
    key = await client.stream_get_listen_key()
    # The market's noise beside it lets the SDK's reader notice at once that it is to end.
    noise = f"{SYMBOL.lower()}@bookTicker"
    async with (
        sockets.user_socket() as subscribed,
        sockets.multiplex_socket([key, noise]) as by_key,
    ):
        made = await client.ws_create_order(
            symbol=SYMBOL, side="BUY", type="LIMIT", timeInForce="GTC",
            quantity="0.01000", price=low, newOrderRespType="RESULT",
        )  # fmt: skip
        check("order over the WebSocket API", holds=made["status"] == "NEW")
        gone = await client.ws_cancel_order(symbol=SYMBOL, orderId=made["orderId"])
        check("cancelled there", holds=gone["origClientOrderId"] == made["clientOrderId"])
        sold = await client.create_order(symbol=SYMBOL, side="SELL", type="MARKET", quantity="0.01")
        check("market order over REST", holds=sold["status"] == "FILLED")

        def reports(messages: list[Any]) -> list[Any]:
            bare = [message.get("data", message) for message in messages]
            return [event for event in bare if event.get("e") == "executionReport"]

        def filled(messages: list[Any]) -> bool:
            return any(report["X"] == "FILLED" for report in reports(messages))

        first = reports(await receive(subscribed, filled))
        second = reports(await receive(by_key, filled))
    told = [(report["i"], report["x"]) for report in first]
    order_id = made["orderId"]
    check("its states", holds=told[:2] == [(order_id, "NEW"), (order_id, "CANCELED")], seen=told)
    check("the fill", holds=told[-1] == (sold["orderId"], "TRADE"))
    check("the same by the listen key", holds=first == second, seen=len(second))


async def keep_book(client: Any, sockets: Any) -> None:
    """The local book of the published recipe equals the exchange's own at the same update."""
    manager = DepthCacheManager(client, SYMBOL, bm=sockets, ws_interval=100, conv_type=str)
    updates = 0
    async with manager, asyncio.timeout(PATIENCE_S):
        while True:
            cache = await manager.recv()
            updates += 1
            book = await client.get_order_book(symbol=SYMBOL, limit=5000)
            # Between an event and this answer the book may have moved on: the next one, then.
            if updates > 10 and book["lastUpdateId"] == manager._last_update_id:
                break
    sides = {"bids": cache.get_bids(), "asks": cache.get_asks()}
    for side, levels in sides.items():
        mine = sorted((tuple(level) for level in levels), key=lambda level: float(level[0]))
        theirs = sorted((tuple(level) for level in book[side]), key=lambda level: float(level[0]))
        check(f"{side} of the local book are the exchange's", holds=mine == theirs, seen=len(mine))


async def leave(client: Any) -> None:
    """Close; the SDK's reader of the WebSocket API sees its end when a message comes: an answer."""
    door = client.ws_api
    if door.ws is not None:
        # Nobody waits for that answer any more, of which the SDK would warn.
        logging.disable(logging.WARNING)
        closing = asyncio.create_task(door.close())
        await asyncio.sleep(0)
        await door.ws.send(json.dumps({"id": "end", "method": "ping"}))
        await closing
    await client.close_connection()


async def main() -> None:
    """All of it, at the addresses that stdin names."""
    endpoints = json.load(sys.stdin)["binance_us"]
    AsyncClient.API_URL = endpoints["rest"] + "/api"
    AsyncClient.WS_API_URL = endpoints["ws_api"]
    BinanceSocketManager.STREAM_URL = endpoints["stream"] + "/"
    credentials = endpoints["credentials"]
    client = await AsyncClient.create(credentials["api_key"], credentials["api_secret"], tld="us")
    try:
        await live_streams(client)
    finally:
        await leave(client)
    print("done", flush=True)  # noqa: T201


if __name__ == "__main__":
    asyncio.run(main())
