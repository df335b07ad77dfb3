"""For each script about streams, books, feeds and supervision: what breaks its promise."""

from collections.abc import Mapping
from typing import Final

from tests.scenarios.scripts import stream_switches as off
from tests.scenarios.scripts.harness import Switch

__all__ = ["SWITCHED_OFF"]

_ALIVE: Final = ("coinbase.connection", "ALIVE_WITHIN_NS")
_AUDIT: Final = ("binance_us.user_session", "_AUDIT_EVERY_NS")

SWITCHED_OFF: Final[Mapping[str, Switch]] = {
    "book-update-is-dropped": Switch("coinbase", "Messages are not counted.", off.count_nothing),
    "book-update-is-repeated": Switch("coinbase", "Messages are not counted.", off.count_nothing),
    "book-updates-are-swapped": Switch(
        "binance_us", "A change is applied whatever its numbers.", off.apply_changes_as_they_come
    ),
    "prices-are-swapped": Switch(
        "oanda", "What came last is taken for the newest.", off.tell_prices_as_they_come
    ),
    "frame-is-half-a-json-text": Switch(
        "oanda", "What cannot be read is left out.", off.skip_what_cannot_be_read
    ),
    "book-deletes-a-level-that-never-was": Switch(
        "coinbase", "An unknown level is an error.", off.fail_at_an_unknown_level
    ),
    "book-stands-still-while-the-connection-lives": Switch(
        "oanda",
        "A silent book is never looked into.",
        off.wait_for_ever("oanda.pricing_session", "_QUIET_NS"),
    ),
    "trade-is-never-told": Switch("binance_us", "Trades are not counted.", off.count_nothing),
    "trade-is-told-twice": Switch("coinbase", "Messages are not counted.", off.count_nothing),
    "line-arrives-in-pieces": Switch(
        "oanda", "Each piece is taken for whole lines.", off.take_each_piece_for_lines
    ),
    "line-is-cut-off": Switch(
        "oanda", "A loss is not told of its quotes.", off.call_no_quotes_stale
    ),
    "market-stream-falls-silent": Switch(
        "binance_us",
        "A silent connection is not asked for its list.",
        off.wait_for_ever("binance_us.session", "_QUIET_AT_MOST_NS"),
    ),
    "stream-pauses-for-a-moment": Switch(
        "coinbase",
        "Two heartbeats too late, and a connection is given up.",
        off.wait_for_no_longer_than(*_ALIVE, 2.0),
    ),
    "connection-is-half-open": Switch(
        "binance_us", "We send no pings.", off.open_streams(ping_interval_s=None)
    ),
    "connection-is-reset": Switch(
        "binance_us", "The first attempt comes late.", off.come_back(min=5.0)
    ),
    "connection-breaks-within-a-message": Switch(
        "coinbase", "A loss is not told of its books.", off.call_no_book_stale
    ),
    "connecting-never-ends": Switch(
        "coinbase", "An attempt waits for ever.", off.open_streams(connect_timeout_s=1e9)
    ),
    "server-says-goodbye": Switch("coinbase", "No reason is told.", off.say_no_reason),
    "server-announces-its-shutdown": Switch(
        "binance_us", "An announced end is not heeded.", off.ignore_an_announced_end
    ),
    "kicked-right-after-accept": Switch(
        "coinbase", "A moment of health is enough.", off.come_back(reset_after=0.0)
    ),
    "handshake-is-refused": Switch(
        "binance_us", "The delay never grows.", off.come_back(min=5.0, max=5.0)
    ),
    "handshake-meets-a-limit": Switch(
        "oanda", "The delay never grows.", off.come_back(min=5.0, max=5.0)
    ),
    "error-comes-on-the-stream": Switch(
        "coinbase", "What a stream says beside its data is lost.", off.swallow_what_streams_say
    ),
    "exchange-sends-no-pings": Switch(
        "binance_us", "A quiet connection is given up unasked.", off.take_quiet_for_dead
    ),
    "exchange-is-gone-for-an-hour": Switch(
        "oanda", "The delay grows without a limit.", off.come_back(max=1e6)
    ),
    "many-connections-are-lost-at-once": Switch(
        "oanda", "Nobody waits for a turn to connect.", off.connect_at_once
    ),
    "account-stream-falls-silent": Switch(
        "oanda",
        "A silent stream is never given up.",
        off.wait_for_ever("oanda.transaction_session", "SILENCE_NS"),
    ),
    "account-subscription-ends": Switch(
        "binance_us", "That a subscription ends is passed over.", off.ignore_that_it_ends
    ),
    "listen-key-expires": Switch(
        "binance_us", "That a key has expired is passed over.", off.ignore_that_it_ends
    ),
    "listen-key-dies-in-silence": Switch(
        "binance_us", "A quiet stream is never compared.", off.wait_for_ever(*_AUDIT)
    ),
    "prices-stall-while-the-account-lives": Switch(
        "coinbase", "Silence is never noticed.", off.wait_for_ever(*_ALIVE)
    ),
    "prices-stand-still": Switch(
        "oanda", "Heartbeats prove nothing.", off.take_heartbeats_for_nothing
    ),
    "market-halts-and-resumes": Switch(
        "oanda", "A change of an instrument's state is not told.", off.tell_no_state
    ),
    "subscriber-does-not-read": Switch(
        "binance_us", "What is left out is not counted.", off.count_no_losses
    ),
    "account-subscriber-does-not-read": Switch(
        "oanda", "What finds no room is left out.", off.drop_account_events
    ),
    "snapshot-of-five-megabytes": Switch(
        "coinbase",
        "Messages of more than a megabyte are refused.",
        off.open_streams(max_message_bytes=1_000_000),
    ),
    "rest-worker-crashes": Switch(
        "coinbase", "All that follow are restarted too.", off.restart_all_that_follow
    ),
    "rate-gate-crashes": Switch(
        "oanda", "A new gate believes that nothing was sent.", off.start_with_a_clean_slate
    ),
    "signing-actor-crashes": Switch("oanda", "Nobody else is restarted.", off.restart_nobody_else),
    "clock-cannot-be-read": Switch(
        "coinbase", "Without a clock a loss is not told.", off.need_the_clock_for_last_words
    ),
    "exchange-gives-up": Switch(
        "coinbase", "The delay before a new start never grows.", off.start_an_exchange_at_once
    ),
}
