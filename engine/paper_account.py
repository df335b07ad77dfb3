"""What a host says about paper trading, and the account that comes of it."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import NoReturn

from attrs import field, frozen

from venuetree.actors.paper import PaperPlan
from venuetree.paper_file import PaperFile
from venuetree.protocol.errors import ConfigurationError
from venuetree.protocol.numbers import DecimalText, to_decimal
from venuetree.protocol.paper import FeeRates, PaperExchange, PaperState
from venuetree.protocol.port import AccountKind, Exchange

__all__ = ["LATENCY", "PATIENCE", "PaperOptions", "paper_plan"]

#: A round trip to an exchange takes some tens of milliseconds; half of it is the way there.
LATENCY = 0.05
#: What rested in a kept account is matched first, if its books come in so many seconds.
CATCH_UP = 5.0
#: As long as a market stream may take to be opened and to send a book; well within the time that
#: `place` waits.
PATIENCE = 10.0


def _amounts(balances: Mapping[str, DecimalText] | None) -> Mapping[str, Decimal] | None:
    if balances is None:
        return None
    return {name: to_decimal(amount, f"balances[{name!r}]") for name, amount in balances.items()}


def _path(value: str | Path | None) -> Path | None:
    return None if value is None else Path(value)


def _rate(value: DecimalText | None) -> Decimal | None:
    return None if value is None else to_decimal(value, "fee")


@frozen
class PaperOptions:
    """An account on paper. Numbers may be text; floats are refused, but for seconds.

    Attributes:
        balances: what it begins with; None: the exchange's usual.
        latency: seconds that an order or a cancel is on its way.
        patience: seconds that an order waits for a book to be matched against.
        file: keeps the account; None: it ends with the engine.
        maker_fee, taker_fee: fractions of the notional; None: of the exchange's lowest tier.
    """

    balances: Mapping[str, Decimal] | None = field(default=None, converter=_amounts)
    latency: float = LATENCY
    patience: float = PATIENCE
    maker_fee: Decimal | None = field(default=None, converter=_rate)
    taker_fee: Decimal | None = field(default=None, converter=_rate)
    file: Path | None = field(default=None, converter=_path)

    def check(self, exchange: str) -> None:
        """Raise `ConfigurationError` for what no account can be."""
        rates = [rate for rate in (self.maker_fee, self.taker_fee) if rate is not None]
        if any(amount < 0 for amount in (self.balances or {}).values()):
            _refuse("a paper account cannot begin with less than nothing", exchange)
        if not (0 <= self.latency < float("inf") and 0 < self.patience < float("inf")):
            _refuse("the latency and patience of a paper account are finite seconds", exchange)
        if any(not 0 <= rate < 1 for rate in rates):
            _refuse("the fees of a paper account are fractions from 0 to less than 1", exchange)


def paper_plan(
    options: PaperOptions,
    exchange: Exchange,
    name: str,
    new_id: Callable[[], str],
    *,
    file: PaperFile | None = None,
) -> PaperPlan:
    """What a tree is to be wired with.

    Args:
        options: the host's.
        exchange: whose terms the account follows.
        name: of the exchange in the engine.
        new_id: gives ids that no order ever had.
        file: is told of every change.

    Raises:
        ConfigurationError: the exchange has no paper trading, or not with such an account.
    """
    terms = exchange.profile.paper
    if terms is None:
        _refuse(f"there is no paper trading on {exchange.name}", name)
    balances = terms.balances if options.balances is None else options.balances
    if terms.account is AccountKind.MARGIN and len(balances) != 1:
        _refuse("an account on margin has money of exactly one currency", name)
    rates = FeeRates(
        terms.maker_rate if options.maker_fee is None else options.maker_fee,
        terms.taker_rate if options.taker_fee is None else options.taker_fee,
    )
    return PaperPlan(
        PaperExchange(
            name=name,
            terms=terms,
            rates=rates,
            state=PaperState.with_balances(balances, terms.account),
            new_id=new_id,
            book_of=exchange.canonical_instrument,
        ),
        latency=options.latency,
        patience=options.patience,
        keep=None if file is None else file.keep,
        catch_up=0.0 if file is None else min(CATCH_UP, options.patience),
    )


def _refuse(message: str, exchange: str) -> NoReturn:
    raise ConfigurationError(message, exchange=exchange, operation="configure")
