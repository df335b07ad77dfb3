"""Client ids of the simulated Coinbase: what a repeated one does."""

from tests.scenarios.plain_client import PlainClient, limit_gtc
from venuetree.scenarios.simulated.coinbase import RepeatedId, Settings


def test_a_repeated_client_id_creates_nothing_and_returns_the_first_order() -> None:
    """Whatever else the second request says."""
    client = PlainClient()
    first = client.place(limit_gtc("0.1", "60000"), client_order_id="same")

    again = client.place(limit_gtc("7", "50000"), client_order_id="same", side="SELL")

    assert again == first
    assert len(client.sim.orders) == 1


def test_a_repeated_client_id_may_be_refused_instead() -> None:
    """The other behaviour that the enum of reasons speaks of."""
    client = PlainClient(Settings(repeated_id=RepeatedId.REFUSED))
    client.place(limit_gtc("0.1", "60000"), client_order_id="same")

    again = client.place(limit_gtc("0.1", "60000"), client_order_id="same")

    assert again["error_response"]["new_order_failure_reason"] == "DUPLICATE_CLIENT_ORDER_ID"
    assert (again["success"], len(client.sim.orders)) == (False, 1)


def test_a_refused_client_id_may_be_used_again() -> None:
    """Only an order takes its id."""
    client = PlainClient()
    client.place(limit_gtc("1000", "60000"), client_order_id="same")

    assert client.place(limit_gtc("0.1", "60000"), client_order_id="same")["success"]
