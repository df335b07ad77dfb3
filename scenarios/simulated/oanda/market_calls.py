"""Calls for prices, candles and books."""

from venuetree.scenarios.simulated.oanda.answers import BadRequestError, bad_value
from venuetree.scenarios.simulated.oanda.calls import Call, Reply
from venuetree.scenarios.simulated.oanda.candle_spans import GRANULARITIES, Alignment
from venuetree.scenarios.simulated.oanda.candles import CandleRequest
from venuetree.scenarios.simulated.oanda.clock_times import time_text
from venuetree.scenarios.simulated.oanda.hours import NEW_YORK
from venuetree.scenarios.simulated.oanda.pricing import conversions, price_json
from venuetree.scenarios.simulated.oanda.sentiment import SNAPSHOT_NS

__all__ = ["account_candles", "candles", "latest_candles", "order_book", "position_book", "pricing"]

_COMPONENTS = frozenset("MBA")
_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_HOURS = 24
_SPECIFICATION_PARTS = 3


def pricing(call: Call) -> Reply:
    """``GET A/pricing``."""
    names = call.instruments()
    if not names:
        raise bad_value("instruments")
    since_ns, venue = call.time("since"), call.venue
    quotes = [venue.prices.quote(name) for name in names]
    body = {
        "time": time_text(venue.now_ns()),
        "prices": [
            price_json(venue.prices, quote)
            for quote in quotes
            if since_ns is None or quote.time_ns > since_ns
        ],
    }
    if call.flag("includeHomeConversions", default=False):
        body["homeConversions"] = conversions(venue.prices, names, call.account.settings.home)
    return Reply(200, body)


def candles(call: Call) -> Reply:
    """``GET /v3/instruments/{instrument}/candles``."""
    name = _instrument(call)
    request = CandleRequest(
        granularity=call.one_of("granularity", GRANULARITIES, "S5"),
        components=_components(call.text("price") or "M", "price"),
        count=call.number("count", least=1),
        from_ns=call.time("from"),
        to_ns=call.time("to"),
        smooth=call.flag("smooth", default=False),
        include_first=call.flag("includeFirst", default=True),
        alignment=_alignment(call),
    )
    found = call.venue.candles.get(name, request)
    return Reply(200, {"instrument": name, "granularity": request.granularity, "candles": found})


def account_candles(call: Call) -> Reply:
    """``GET A/instruments/{instrument}/candles``: `units` are read, and one ladder serves all."""
    units = call.text("units")
    if units is not None and not units.replace(".", "", 1).isdigit():
        raise bad_value("units")
    return candles(call)


def latest_candles(call: Call) -> Reply:
    """``GET A/candles/latest``."""
    specifications = call.csv("candleSpecifications")
    if not specifications:
        raise bad_value("candleSpecifications")
    smooth, alignment = call.flag("smooth", default=False), _alignment(call)
    latest = []
    for specification in specifications:
        parts = specification.split(":")
        if len(parts) != _SPECIFICATION_PARTS:
            raise bad_value("candleSpecifications")
        name, granularity, components = parts
        known = name in call.venue.prices.instruments and granularity in GRANULARITIES
        if not known:
            raise bad_value("candleSpecifications")
        request = CandleRequest(
            granularity=granularity,
            components=_components(components, "candleSpecifications"),
            smooth=smooth,
            alignment=alignment,
        )
        found = call.venue.candles.latest(name, request)
        latest.append({"instrument": name, "granularity": granularity, "candles": found})
    return Reply(200, {"latestCandles": latest})


def order_book(call: Call) -> Reply:
    """``GET /v3/instruments/{instrument}/orderBook``."""
    return _book(call, "orderBook")


def position_book(call: Call) -> Reply:
    """``GET /v3/instruments/{instrument}/positionBook``."""
    return _book(call, "positionBook")


def _book(call: Call, kind: str) -> Reply:
    name, books = _instrument(call), call.venue.books
    if not books.has(name):
        raise BadRequestError(
            f"There is no {kind} of the instrument", status=404, code="NO_SUCH_BOOK"
        )
    asked_ns = call.time("time")
    if asked_ns is not None and asked_ns > call.venue.now_ns():
        raise bad_value("time")
    snapshot_ns = books.snapshot_ns(asked_ns)
    links = [("prev", snapshot_ns - SNAPSHOT_NS)]
    if snapshot_ns + SNAPSHOT_NS <= call.venue.now_ns():
        links.append(("next", snapshot_ns + SNAPSHOT_NS))
    url = f"{call.base}/v3/instruments/{name}/{kind}"
    link = ", ".join(
        f'<{url}?time={time_text(at_ns).replace(":", "%3A")}>; rel="{relation}"'
        for relation, at_ns in links
    )
    body = {kind: books.book(kind, name, snapshot_ns)}
    return Reply(200, body, headers=(("link", link),), always_gzip=True)


def _instrument(call: Call) -> str:
    name = call.parts["instrument"]
    if name not in call.venue.prices.instruments:
        raise bad_value("instrument")
    return name


def _components(text: str, parameter: str) -> str:
    if not text or not set(text) <= _COMPONENTS:
        raise bad_value(parameter)
    return text


def _alignment(call: Call) -> Alignment:
    hour = call.number("dailyAlignment")
    if hour is not None and hour >= _HOURS:
        raise bad_value("dailyAlignment")
    weekday = call.one_of("weeklyAlignment", _WEEKDAYS, "Friday")
    return Alignment(
        hour=17 if hour is None else hour,
        zone=call.zone("alignmentTimezone", NEW_YORK),
        weekday=_WEEKDAYS.index(weekday),
    )
