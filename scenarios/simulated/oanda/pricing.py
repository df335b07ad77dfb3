"""Prices and conversion rates as the wire has them."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from venuetree.scenarios.simulated.numbers import plain
from venuetree.scenarios.simulated.oanda.clock_times import time_text
from venuetree.scenarios.simulated.oanda.prices import Prices, Quote, Rung
from venuetree.scenarios.simulated.oanda.universe import Instrument

__all__ = ["conversions", "instrument_json", "price_json"]

_DAYS = ("MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY")
_BRAIN_CLASSES = {
    "CURRENCY": "FX",
    "METAL": "COMMODITY",
    "INDEX_CFD": "INDEX",
    "CRYPTO": "CRYPTO",
}
_CONVERSION_DIGITS = 8


def price_json(prices: Prices, quote: Quote) -> dict[str, Any]:
    """One price, the same in answers and on streams."""
    tick = prices.instruments[quote.instrument].tick
    return {
        "type": "PRICE",
        "time": time_text(quote.time_ns),
        "bids": [_rung(rung, tick) for rung in quote.bids],
        "asks": [_rung(rung, tick) for rung in quote.asks],
        "closeoutBid": f"{quote.closeout_bid.quantize(tick):f}",
        "closeoutAsk": f"{quote.closeout_ask.quantize(tick):f}",
        "status": "tradeable" if quote.tradeable else "non-tradeable",
        "tradeable": quote.tradeable,
        "instrument": quote.instrument,
    }


def _rung(rung: Rung, tick: Decimal) -> dict[str, Any]:
    return {"price": f"{rung.price.quantize(tick):f}", "liquidity": rung.liquidity}


def conversions(prices: Prices, instruments: Iterable[str], home: str) -> list[dict[str, str]]:
    """The rates of all currencies that the instruments have, by name."""
    pairs = [prices.instruments[name] for name in instruments]
    # An index has no rate of its own: nobody owns a piece of it.
    bases = [pair.base for pair in pairs if pair.kind != "CFD"]
    currencies = sorted({home, *bases, *(pair.quote for pair in pairs)})
    return [_conversion(prices, currency, home) for currency in currencies]


def _conversion(prices: Prices, currency: str, home: str) -> dict[str, str]:
    factors = prices.factors(currency, home)
    bid, ask = prices.rates(currency, home)
    return {
        "currency": currency,
        "accountGain": plain(factors.gain),
        "accountLoss": plain(factors.loss),
        "positionValue": plain(factors.position),
        "unrealizedAccountGain": plain(round(bid, _CONVERSION_DIGITS)),
        "unrealizedAccountLoss": plain(round(ask, _CONVERSION_DIGITS)),
    }


def instrument_json(instrument: Instrument) -> dict[str, Any]:
    """One instrument with its rules."""

    def price(value: Decimal) -> str:
        return f"{value.quantize(instrument.tick):f}"

    guaranteed = (
        {}
        if instrument.guaranteed_stop_loss_order_mode == "DISABLED"
        else {
            "minimumGuaranteedStopLossDistance": price(
                instrument.minimum_guaranteed_stop_loss_distance
            )
        }
    )
    return {
        "name": instrument.name,
        "type": instrument.kind,
        "displayName": instrument.display_name,
        "pipLocation": instrument.pip_location,
        "displayPrecision": instrument.display_precision,
        "tradeUnitsPrecision": instrument.trade_units_precision,
        "minimumTradeSize": plain(instrument.minimum_trade_size),
        "maximumTrailingStopDistance": price(instrument.maximum_trailing_stop_distance),
        "minimumTrailingStopDistance": price(instrument.minimum_trailing_stop_distance),
        "maximumPositionSize": plain(instrument.maximum_position_size),
        "maximumOrderUnits": plain(instrument.maximum_order_units),
        "marginRate": plain(instrument.margin_rate),
        "guaranteedStopLossOrderMode": instrument.guaranteed_stop_loss_order_mode,
        **guaranteed,
        "tags": [
            {"type": "BRAIN_ASSET_CLASS", "name": _BRAIN_CLASSES[instrument.asset_class]},
            {"type": "ASSET_CLASS", "name": instrument.asset_class.removesuffix("_CFD")},
        ],
        "financing": {
            "longRate": plain(instrument.long_rate),
            "shortRate": plain(instrument.short_rate),
            "financingDaysOfWeek": [
                {"dayOfWeek": day, "daysCharged": charged}
                for day, charged in zip(_DAYS, instrument.days_charged, strict=True)
            ],
        },
    }
