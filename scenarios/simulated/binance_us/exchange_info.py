"""``exchangeInfo``: the limits and the symbols with their rules, in either generation's shape."""

from typing import Any

from venuetree.scenarios.simulated.binance_us.filters import Profile, filters_json
from venuetree.scenarios.simulated.binance_us.market import Market
from venuetree.scenarios.simulated.binance_us.order_rules import ALLOWED_MODES
from venuetree.scenarios.simulated.binance_us.venue import Venue


def exchange_info(venue: Venue, markets: list[Market]) -> dict[str, Any]:
    """The body of ``GET exchangeInfo`` for these markets."""
    return {
        "timezone": "UTC",
        "serverTime": venue.now_ms(),
        "rateLimits": [rule.json for rule in venue.limits.rules],
        "exchangeFilters": [],
        "symbols": [_symbol(market, venue.profile) for market in markets],
    }


def _symbol(market: Market, profile: Profile) -> dict[str, Any]:
    instrument = market.instrument
    live = profile is Profile.LIVE
    places = instrument.precision
    told: dict[str, Any] = {
        "symbol": instrument.symbol,
        "status": instrument.status,
        "baseAsset": instrument.base,
        "baseAssetPrecision": places,
        "quoteAsset": instrument.quote,
        "quotePrecision": places,
        "quoteAssetPrecision": places,
        "baseCommissionPrecision": places,
        "quoteCommissionPrecision": places,
        "orderTypes": list(instrument.order_types),
        "icebergAllowed": instrument.iceberg_allowed,
        "ocoAllowed": instrument.oco_allowed,
    }
    if live:
        told |= {"otoAllowed": False, "opoAllowed": False}
    told |= {
        "quoteOrderQtyMarketAllowed": instrument.quote_order_quantity_allowed,
        "allowTrailingStop": instrument.trailing_stop_allowed,
        "cancelReplaceAllowed": instrument.cancel_replace_allowed,
    }
    if live:
        told |= {"amendAllowed": False, "pegInstructionsAllowed": False}
    told |= {
        "isSpotTradingAllowed": True,
        "isMarginTradingAllowed": False,
        "filters": filters_json(instrument.filters, profile),
        # The newer shape leaves the older list empty.
        "permissions": [] if live else ["SPOT"],
    }
    if live:
        told["permissionSets"] = [["SPOT"]]
    return told | {
        "defaultSelfTradePreventionMode": "EXPIRE_MAKER",
        "allowedSelfTradePreventionModes": [mode.value for mode in ALLOWED_MODES[profile]],
    }
