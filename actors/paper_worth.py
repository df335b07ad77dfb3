"""Prices by which a paper account on margin is valued, asked of the exchange when they matter."""

from collections.abc import Callable, Coroutine
from decimal import Decimal
from typing import Any, TypeVar

from attrs import frozen

from venuetree.actors.directory import Directory
from venuetree.protocol import commands
from venuetree.protocol.commands import Rest
from venuetree.protocol.messages import Request
from venuetree.protocol.models import Instrument
from venuetree.protocol.paper import PaperExchange
from venuetree.protocol.paper.margin import MarginAccount, Mark

__all__ = ["PaperWorth"]

R = TypeVar("R")


@frozen
class PaperWorth:
    """Keeps the account's prices fresh; nothing to do for an account that holds money only.

    Attributes:
        ask: a question to the exchange about its market.
    """

    paper: PaperExchange
    directory: Directory
    ask: Callable[[Request[Rest, Any]], Coroutine[Any, Any, Any]]

    async def of_quote(self, instrument: Instrument) -> None:
        """Find out what an instrument's quote currency is worth in the account's.

        Where no instrument of the exchange tells it, nothing is found out, and orders of the
        instrument are refused.
        """
        account = self.paper.state.account
        if not isinstance(account, MarginAccount):
            return
        currency, quote = account.currency, instrument.quote
        if currency in {quote, instrument.base}:
            return
        for name in (f"{quote}-{currency}", f"{currency}-{quote}"):
            if name not in self.directory.instruments:
                continue
            for ticker in await self.ask(commands.FetchTickers((name,))):
                if ticker.bid and ticker.ask:
                    mark = Mark(ticker.bid, ticker.ask)
                    self._learn(quote, mark.mid if name.startswith(f"{quote}-") else mark.inverse)
            return

    def _learn(self, currency: str, rate: Decimal) -> None:
        account = self.paper.state.account
        if isinstance(account, MarginAccount):
            account.rates[currency] = rate

    async def of_positions(self) -> None:
        """See at which prices everything that is held could be closed now."""
        account = self.paper.state.account
        if not isinstance(account, MarginAccount) or not account.positions:
            return
        for name in tuple(account.positions):
            instrument = self.directory.instruments.get(name)
            if instrument is not None:
                await self.of_quote(instrument)
        for ticker in await self.ask(commands.FetchTickers(tuple(account.positions))):
            self.paper.state.account.look(ticker.instrument, ticker.bid, ticker.ask)
