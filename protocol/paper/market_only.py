"""An exchange's record with everything taken out that could reach an account of ours there.

Closed by default: what is not named here, a command added later included, is not supported.
"""

from collections.abc import Sequence
from typing import Any, Final, TypeVar

from attrs import evolve, frozen

from venuetree.protocol import commands
from venuetree.protocol.errors import ConfigurationError, NotSupported
from venuetree.protocol.messages import Request
from venuetree.protocol.models import OrderType, TimeInForce
from venuetree.protocol.port import (
    Ability,
    AccountKind,
    Exchange,
    FlowContext,
    LimitReport,
    RestCodec,
    RestFlow,
    RestReply,
)

__all__ = ["MARKET_QUESTIONS", "on_paper"]

R = TypeVar("R")

#: What goes to the real exchange: questions about the market, which is the same for everybody.
MARKET_QUESTIONS: Final[frozenset[type]] = frozenset(
    {
        commands.FetchBook,
        commands.FetchCandles,
        commands.FetchInstruments,
        commands.FetchSentiment,
        commands.FetchServerTime,
        commands.FetchTickers,
        commands.FetchTrades,
    }
)
#: What a paper exchange does, as far as the real one does it.
_ORDER_TYPES: Final = frozenset({OrderType.MARKET, OrderType.LIMIT})
#: Nobody here knows when an exchange's day ends.
_NO_TIMES: Final = frozenset({TimeInForce.GOOD_FOR_DAY})
_ABILITIES: Final = frozenset(
    {
        Ability.EDIT,
        Ability.REPLACE,
        Ability.ACCOUNT_SUMMARY,
        Ability.CLOSE_POSITION,
        Ability.PREVIEW,
    }
)


@frozen
class MarketOnly:
    """A codec that makes requests of market questions, and of nothing else."""

    codec: RestCodec

    def flow(self, command: Request[Any, R], context: FlowContext) -> RestFlow[R]:
        """As the exchange's; `NotSupported` at once for all that is no market question."""
        if type(command) not in MARKET_QUESTIONS:
            raise NotSupported(
                "a paper account sends the exchange questions about the market only, not"
                f" {type(command).__name__}",
                operation=type(command).__name__,
            )
        return self.codec.flow(command, context)

    def limits(self, reply: RestReply) -> Sequence[LimitReport]:
        """As the exchange's."""
        return self.codec.limits(reply)

    def retry_after_ns(self, reply: RestReply) -> int | None:
        """As the exchange's."""
        return self.codec.retry_after_ns(reply)


def on_paper(exchange: Exchange) -> Exchange:
    """The exchange as it is to be wired for paper trading: without its doors for orders.

    Raises:
        ConfigurationError: its record does not say how a paper account follows it.
    """
    profile = exchange.profile
    if profile.paper is None:
        raise ConfigurationError(
            f"there is no paper trading on {exchange.name}",
            exchange=exchange.name,
            operation="configure",
        )
    abilities = profile.abilities & _ABILITIES
    if profile.paper.account is AccountKind.MARGIN:
        abilities -= {Ability.PREVIEW}
    return evolve(
        exchange,
        rest=exchange.rest if isinstance(exchange.rest, MarketOnly) else MarketOnly(exchange.rest),
        message_door=None,
        refusal=None,
        profile=evolve(
            profile,
            orders={
                kind: evolve(
                    terms,
                    times=terms.times - _NO_TIMES,
                    quote_sides=frozenset() if kind is OrderType.LIMIT else terms.quote_sides,
                    attached=False,
                )
                for kind, terms in profile.orders.items()
                if kind in _ORDER_TYPES
            },
            abilities=abilities,
            user_streams=(),
            order_ids_per_instrument=False,
            reply_decides=False,
        ),
    )
