"""The ledger of an exchange whose ids are unique by instrument only."""

from attrs import evolve

from tests.support.ledgers import CANCELLED, FILLED, OPEN, PARTIAL, status, summary
from tests.support.order_strategies import EXCHANGE, NOW, fill, report, request
from venuetree.protocol.ledger import Ledger
from venuetree.protocol.models import OrderKey


def two_of_one_number() -> Ledger:
    """Two orders that the exchange gave one number, as its numbers count by instrument."""
    books = Ledger(EXCHANGE, ids_per_instrument=True)
    for name, instrument in (("c1", "BTC-USD"), ("c2", "ETH-USD")):
        books.intend(evolve(request(), client_order_id=name, instrument=instrument), NOW)
        books.sent(name, NOW)
        books.report(
            evolve(
                report(OPEN),
                client_order_id=name,
                instrument=instrument,
                exchange_order_id="7",
            )
        )
    return books


def test_orders_of_one_number_are_told_apart_by_their_instruments() -> None:
    """News without our id finds each; neither becomes the other's."""
    books = two_of_one_number()
    cancelled = evolve(
        report(CANCELLED), client_order_id="", instrument="ETH-USD", exchange_order_id="7"
    )

    assert summary(books.report(cancelled)) == [("c2", CANCELLED)]
    assert status(books, "c1") is OPEN
    assert books.find(OrderKey("BTC-USD", exchange_order_id="7")) == books.order("c1")
    assert books.find(OrderKey("ETH-USD", exchange_order_id="7")) == books.order("c2")


def test_a_number_without_its_instrument_names_an_order_only_if_it_is_the_only_one() -> None:
    """Rather none than the wrong one."""
    books = two_of_one_number()
    single = Ledger(EXCHANGE, ids_per_instrument=True)
    single.intend(request(), NOW)
    single.report(report(OPEN))

    assert books.find(OrderKey(exchange_order_id="7")) is None
    assert single.find(OrderKey(exchange_order_id="x1")) == single.order("c1")


def test_an_execution_goes_to_the_order_of_its_instrument() -> None:
    """Told before the order has a name, and after."""
    books = two_of_one_number()
    other = evolve(fill(), instrument="ETH-USD", exchange_order_id="7", client_order_id="")
    early = evolve(fill(), instrument="ETH-USD", exchange_order_id="8", client_order_id="")

    assert summary(books.fill(other, NOW)) == [("f1", "c2"), ("c2", PARTIAL)]
    books = two_of_one_number()
    assert books.fill(early, NOW) == ()
    assert books.doubtful() == (OrderKey("ETH-USD", exchange_order_id="8"),)
    third = evolve(
        report(FILLED), client_order_id="c3", instrument="ETH-USD", exchange_order_id="8"
    )
    assert ("f1", "c3") in summary(books.report(third))


def test_the_numbers_of_an_instrument_are_known_after_their_orders_are_forgotten() -> None:
    """None of these can be an order that is looked for."""
    books = Ledger(EXCHANGE, ids_per_instrument=True, keep_final=1)
    for number in ("1", "2", "3"):
        books.intend(evolve(request(), client_order_id=f"c{number}"), NOW)
        books.report(
            evolve(report(CANCELLED), client_order_id=f"c{number}", exchange_order_id=number)
        )

    assert books.order("c1") is None
    assert books.order_ids("BTC-USD") == {"1", "2", "3"}
    assert books.order_ids("ETH-USD") == frozenset()
