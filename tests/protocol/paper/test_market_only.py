"""A paper account's way to the exchange: closed, but for questions about the market."""

from decimal import Decimal

import pytest
from attrs import evolve

from venuetree.protocol import commands
from venuetree.protocol.errors import ConfigurationError, NotSupported
from venuetree.protocol.exchanges import EXCHANGES
from venuetree.protocol.messages import Request
from venuetree.protocol.models import OrderType, TimeInForce
from venuetree.protocol.paper import MARKET_QUESTIONS, on_paper
from venuetree.protocol.port import Ability, Exchange, FlowContext

COMMANDS = [
    kind
    for kind in vars(commands).values()
    if isinstance(kind, type) and issubclass(kind, Request) and kind is not Request
]


@pytest.mark.parametrize("exchange", EXCHANGES.values(), ids=lambda exchange: exchange.name)
def test_every_command_but_questions_about_the_market_is_refused(exchange: Exchange) -> None:
    """Those that somebody adds later as well: whatever is not named is closed."""
    rest = on_paper(exchange).rest
    refused = set()
    for kind in COMMANDS:
        try:
            rest.flow(kind.__new__(kind), FlowContext(0))
        except NotSupported as error:
            if "about the market only" in str(error):
                refused.add(kind)
        except AttributeError:
            continue  # the exchange's own codec looked at the empty command

    assert len(COMMANDS) > 30
    assert refused == set(COMMANDS) - MARKET_QUESTIONS


@pytest.mark.parametrize("exchange", EXCHANGES.values(), ids=lambda exchange: exchange.name)
def test_a_paper_exchange_has_no_door_for_orders_and_says_what_it_cannot_do(
    exchange: Exchange,
) -> None:
    """No user stream, no messages; only what is simulated is said to be there."""
    on = on_paper(exchange)

    assert on.message_door is None
    assert on.profile.user_streams == ()
    assert set(on.profile.orders) == {OrderType.MARKET, OrderType.LIMIT}
    assert not any(terms.attached for terms in on.profile.orders.values())
    assert not any(TimeInForce.GOOD_FOR_DAY in terms.times for terms in on.profile.orders.values())
    assert not on.profile.abilities & {Ability.OCO, Ability.MARGIN}
    assert on_paper(on) == on


@pytest.mark.parametrize("exchange", EXCHANGES.values(), ids=lambda exchange: exchange.name)
def test_every_exchange_states_terms_that_an_account_can_have(exchange: Exchange) -> None:
    """Rates are fractions; it begins with money."""
    terms = exchange.profile.paper
    assert terms is not None

    assert Decimal(0) <= terms.maker_rate <= terms.taker_rate < Decimal("0.1")
    assert all(amount > 0 for amount in terms.balances.values())
    assert terms.balances


def test_an_exchange_without_terms_has_no_paper_trading() -> None:
    """Said when it is configured."""
    exchange = next(iter(EXCHANGES.values()))
    bare = evolve(exchange, profile=evolve(exchange.profile, paper=None))
    with pytest.raises(ConfigurationError):
        on_paper(bare)
