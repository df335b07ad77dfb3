"""Symbols and our names of them, with the exchange's list and without."""

import pytest

from venuetree.protocol.exchanges.binance_us.reading import Symbols, instrument_name, symbol_name
from venuetree.protocol.models import Instrument, InstrumentStatus


def listed(name: str, symbol: str) -> Instrument:
    """An instrument of the list."""
    base, _, quote = name.partition("-")
    return Instrument(name, base, quote, symbol, InstrumentStatus.TRADING)


@pytest.mark.parametrize(
    ("symbol", "name"),
    [
        ("BTCUSD", "BTC-USD"),
        ("BTCUSDT", "BTC-USDT"),
        ("BTCUSDC", "BTC-USDC"),
        ("USDCUSD", "USDC-USD"),
        ("USDTUSD", "USDT-USD"),
        ("USDCUSDT", "USDC-USDT"),
        ("ETHBTC", "ETH-BTC"),
        ("OMGBUSD", "OMG-BUSD"),
        ("BTCBUSD", "BTC-BUSD"),
        # Not `BN-BUSD`.
        ("BNBUSD", "BNB-USD"),
        ("SHIBUSD", "SHIB-USD"),
        ("ARBUSD", "ARB-USD"),
        ("BNBBUSD", "BNB-BUSD"),
        ("BNBUSDT", "BNB-USDT"),
        ("BNBBTC", "BNB-BTC"),
        # Cannot be split.
        ("USD", "USD"),
        ("BUSD", "B-USD"),
        ("NOPE", "NOPE"),
        ("", ""),
    ],
)
def test_a_symbol_is_split_at_its_quote_asset(symbol: str, name: str) -> None:
    """As far as that can be known without the list; and the way back is always the same."""
    assert instrument_name(symbol) == name
    assert symbol_name(name) == symbol


def test_the_list_names_what_it_holds_and_what_is_wanted_keeps_its_name() -> None:
    """Whatever a symbol would be split into."""
    symbols = Symbols()
    symbols.learn({"AB-CUSD": listed("AB-CUSD", "ABCUSD")})
    symbols.know("XYBUSD", "XY-BUSD")

    assert symbols.name("ABCUSD") == "AB-CUSD"
    assert symbols.name("XYBUSD") == "XY-BUSD"
    assert symbols.name("BTCUSD") == "BTC-USD"


@pytest.mark.parametrize("symbol", [None, 1, 1.5, True, [], {}, b"BTCUSD"])
def test_what_is_no_text_is_no_symbol(symbol: object) -> None:
    """Whatever it is."""
    with pytest.raises(TypeError):
        Symbols().name(symbol)
