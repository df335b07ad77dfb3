"""For each script about orders and accounts: what takes the behaviour away that it promises."""

from collections.abc import Mapping
from typing import Final

from tests.scenarios.scripts import switches as off
from tests.scenarios.scripts.harness import Switch

__all__ = ["SWITCHED_OFF"]

SWITCHED_OFF: Final[Mapping[str, Switch]] = {
    "reply-to-an-order-is-lost": Switch(
        "binance_us", "A lost reply is taken for a refusal.", off.call_it_refused
    ),
    "reply-to-an-order-hangs": Switch(
        "coinbase", "An order waits for the verdict on the one before.", off.place_one_by_one
    ),
    "connection-is-reset-under-a-market-order": Switch(
        "oanda", "An order whose reply is lost is sent again.", off.send_again
    ),
    "exchange-errs-after-taking-an-order": Switch(
        "coinbase", "A 5xx is taken for a refusal.", off.take_a_failure_for_a_refusal
    ),
    "page-of-html-comes-instead-of-a-reply": Switch(
        "coinbase", "A proxy's 403 is taken for a refusal.", off.take_any_page_for_the_exchanges
    ),
    "reply-is-truncated": Switch(
        "binance_us", "Half a reply is taken for a refusal.", off.take_half_a_reply_for_a_refusal
    ),
    "too-many-requests-is-said-of-an-order-that-was-taken": Switch(
        "oanda", "A 429 is taken for a refusal.", off.call_it_refused
    ),
    "order-lands-late": Switch(
        "binance_us",
        "Not found once is taken for a proof of absence.",
        off.call_it_absent_at_once("binance_us"),
    ),
    "order-never-arrives": Switch(
        "oanda",
        "Not found once is taken for a proof of absence.",
        off.call_it_absent_at_once("oanda"),
    ),
    "replica-does-not-know-the-order-yet": Switch(
        "binance_us",
        "Not found once is taken for a proof of absence.",
        off.call_it_absent_at_once("binance_us"),
    ),
    "signature-has-expired-when-the-order-lands": Switch(
        "binance_us", "Absence is never proved.", off.never_call_it_absent("binance_us")
    ),
    "refusal-of-an-order-is-lost": Switch(
        "binance_us", "Absence is never proved.", off.never_call_it_absent("binance_us")
    ),
    "order-executed-in-part-loses-its-reply": Switch(
        "coinbase", "Executions that are missing are not asked for.", off.ask_for_no_fills
    ),
    "host-asks-too-much": Switch(
        "coinbase",
        "The engine's questions about orders wait behind its host's.",
        off.ask_for_orders_as_hosts_do,
    ),
    "storm-of-429": Switch("oanda", "A pause is not kept.", off.heed_no_pause("oanda")),
    "address-is-banned": Switch(
        "binance_us", "A ban is not heeded.", off.heed_no_pause("binance_us")
    ),
    "list-of-open-orders-lags": Switch(
        "binance_us", "What is not listed as open has ended.", off.end_what_is_not_listed
    ),
    "list-of-fills-lags": Switch(
        "coinbase", "Executions are asked for only once.", off.ask_for_fills_once
    ),
    "reply-to-a-cancel-is-lost": Switch(
        "oanda", "A cancel without a verdict is left as it is.", off.leave_a_lost_cancel_open
    ),
    "cancel-never-arrives": Switch(
        "coinbase", "A cancel without a verdict is taken for done.", off.take_a_lost_cancel_for_done
    ),
    "order-fills-while-it-is-cancelled": Switch(
        "binance_us", "A cancel is taken for done when it is sent.", off.take_a_sent_cancel_for_done
    ),
    "replies-to-a-sweep-of-cancels-are-lost": Switch(
        "oanda", "Nobody looks at the orders after a sweep.", off.look_at_nothing_after_a_sweep
    ),
    "order-is-cancelled-before-it-has-landed": Switch(
        "binance_us", "A cancel does not wait for the order to land.", off.wait_for_no_order
    ),
    "kept-connection-is-dead": Switch(
        "coinbase", "A kept connection is not looked at first.", off.trust_kept_connections
    ),
    "exchange-is-under-maintenance": Switch(
        "oanda", "A cancel without a verdict is taken for done.", off.take_a_lost_cancel_for_done
    ),
    "fill-is-told-before-the-reply": Switch(
        "coinbase", "What a state says was executed is not asked for.", off.ask_for_no_fills
    ),
    "order-is-told-as-pending-first": Switch(
        "coinbase", "Pending is taken for a verdict.", off.take_pending_for_a_verdict
    ),
    "fills-are-told-twice": Switch(
        "binance_us", "Executions have no key.", off.count_fills_without_their_key
    ),
    "order-fills-while-the-account-stream-is-away": Switch(
        "binance_us",
        "What should be listed as open and is not is not asked for.",
        off.ask_for_nothing_that_is_missing,
    ),
    "event-of-the-account-is-dropped": Switch(
        "coinbase", "A gap in the account's stream is overlooked.", off.overlook_gaps
    ),
    "two-engines-trade-on-one-account": Switch(
        "coinbase", "Orders that were placed elsewhere are not known.", off.adopt_nothing
    ),
    "exchange-is-down-at-the-start": Switch(
        "oanda", "To be out of reach fails the start.", off.need_the_exchange_at_the_start
    ),
    "exchange-goes-down-under-an-order": Switch(
        "binance_us", "A lost reply is taken for a refusal.", off.call_it_refused
    ),
    "key-is-revoked-while-it-trades": Switch(
        "binance_us", "A refused key is not looked at again.", off.doubt_no_key
    ),
    "exchange-clock-jumps": Switch(
        "coinbase",
        "A refused token is made anew by the same clock.",
        off.read_no_clock_anew("coinbase"),
    ),
    "our-clock-jumps": Switch(
        "binance_us",
        "A request refused for its time is signed anew by the same clock.",
        off.read_no_clock_anew("binance_us"),
    ),
    "both-clocks-are-wrong-from-the-start": Switch(
        "binance_us", "The exchange's clock is not heeded.", off.believe_no_clock
    ),
    "reply-to-a-pair-is-lost": Switch(
        "binance_us", "A pair whose reply is lost is sent again.", off.send_again
    ),
    "reply-to-a-replacement-is-lost": Switch(
        "binance_us", "A replacement whose reply is lost is sent again.", off.send_again
    ),
    "reply-to-the-closing-of-a-position-is-lost": Switch(
        "oanda", "A closing whose reply is lost is sent again.", off.send_again
    ),
    "reply-to-the-closing-of-a-trade-is-lost": Switch(
        "oanda", "A closing whose reply is lost is sent again.", off.send_again
    ),
    "orders-actor-crashes-under-an-order": Switch(
        "oanda", "A new incarnation does not read the journal.", off.forget_the_journal
    ),
}
