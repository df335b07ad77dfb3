"""What an exchange has, and that what it has not is refused before anything is asked."""

from collections.abc import Callable, Coroutine
from inspect import iscoroutinefunction
from typing import Any

import pytest

from tests.support.toy_handle import CALLS, ON_MARGIN, Host, handle
from tests.support.toy_samples import NAME
from venuetree.exchange import ExchangeHandle
from venuetree.margin import MarginTrading
from venuetree.protocol.builders import limit_order
from venuetree.protocol.errors import NotSupported
from venuetree.protocol.models import MarginTerms, OcoRequest, Side, Topic
from venuetree.protocol.port import Ability

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("operation", CALLS)
async def test_what_an_exchange_has_not_is_refused_before_anything_is_asked(operation: str) -> None:
    """Spot exchanges have neither margin trades nor an account that bears them."""
    host = Host()
    async with handle(host) as exchange:
        before = len(host.requests)
        with pytest.raises(NotSupported) as caught:
            await CALLS[operation](exchange)

        assert len(host.requests) == before
    assert (caught.value.exchange, caught.value.operation) == (NAME, operation)


def test_every_call_of_the_margin_part_is_tried_above() -> None:
    """But that for positions, which exchanges without margin may have: their codec says so."""
    public = {
        name
        for name, value in vars(MarginTrading).items()
        if iscoroutinefunction(value) and not name.startswith("_")
    }

    assert public - {"positions"} == set(CALLS)


ON_MARGIN_ORDER = limit_order("A-USD", Side.BUY, quantity=1, price=10, margin=MarginTerms(tag="t"))
PLAIN = limit_order("A-USD", Side.BUY, quantity=1, price=10)
WITH_TERMS: dict[str, Callable[[ExchangeHandle], Coroutine[Any, Any, object]]] = {
    "place": lambda e: e.place(ON_MARGIN_ORDER),
    "place_oco": lambda e: e.place_oco(OcoRequest(PLAIN, ON_MARGIN_ORDER)),
    "replace": lambda e: e.replace("1", ON_MARGIN_ORDER),
    "edit": lambda e: e.edit("1", ON_MARGIN_ORDER),
    "preview": lambda e: e.preview(ON_MARGIN_ORDER),
}


@pytest.mark.parametrize("operation", WITH_TERMS)
async def test_margin_terms_are_refused_where_there_is_no_margin(operation: str) -> None:
    """Before the instrument is even asked for, and never left out in silence."""
    host = Host()
    spot = frozenset({Ability.EDIT, Ability.OCO, Ability.REPLACE, Ability.PREVIEW})
    async with handle(host, abilities=spot) as exchange:
        before = len(host.requests)
        with pytest.raises(NotSupported, match="margin terms") as caught:
            await WITH_TERMS[operation](exchange)

        assert len(host.requests) == before
    assert caught.value.operation == operation


async def test_a_preview_is_refused_where_there_is_none_before_anything_is_asked() -> None:
    """Not even for the instrument's rules."""
    host = Host()
    async with handle(host) as exchange:
        before = len(host.requests)
        with pytest.raises(NotSupported, match="previews") as caught:
            await exchange.preview(PLAIN)

        assert len(host.requests) == before
    assert caught.value.operation == "preview"


async def test_a_handle_says_what_its_exchange_has() -> None:
    """For programs that serve several."""
    async with handle(Host(), abilities=ON_MARGIN, topics=frozenset({Topic.QUOTES})) as exchange:
        assert exchange.abilities == ON_MARGIN
        assert exchange.topics == {Topic.QUOTES}
