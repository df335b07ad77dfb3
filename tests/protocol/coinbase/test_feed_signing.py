"""Two keys, each for whom it is meant; and the record of the exchange that goes with them."""

import orjson
import pytest

from venuetree.protocol.errors import AuthRefused, ConfigurationError
from venuetree.protocol.exchanges.coinbase import (
    COINBASE,
    CoinbaseExchangeCredentials,
    CoinbaseFeed,
    CoinbaseFeedCredentials,
    CoinbaseLegacyCredentials,
    coinbase_by,
)
from venuetree.protocol.exchanges.coinbase.feed_session import FeedSession
from venuetree.protocol.exchanges.coinbase.feed_signing import feed_signer
from venuetree.protocol.models import Topic
from venuetree.protocol.port import Auth, ChoreEffect, RestRequest, StreamMessage
from venuetree.protocol.timestamps import SECOND

#: Bytes 0 to 63.
SECRET = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKissLS4vMDEyMzQ1Njc4OTo7PD0+Pw=="
FEED_KEY = CoinbaseExchangeCredentials("k3y", SECRET, "pp")
OTHER_KEY = CoinbaseLegacyCredentials("other", "M1keyM1keyM1keyM1keyM1keyM1key00")
FEED_MESSAGE = StreamMessage({"type": "subscribe", "channels": ["level2"], "product_ids": ["A-B"]})
USER_MESSAGE = StreamMessage({"type": "subscribe", "channel": "user"})
REQUEST = RestRequest(operation="balances", method="GET", path="/api/v3/brokerage/accounts")
NOW_NS = 1_700_000_000 * SECOND


@pytest.mark.parametrize(
    "credentials",
    [FEED_KEY, CoinbaseFeedCredentials(FEED_KEY), CoinbaseFeedCredentials(FEED_KEY, OTHER_KEY)],
    ids=["bare", "alone", "both"],
)
def test_the_feeds_messages_are_signed_with_the_feeds_key(
    credentials: CoinbaseExchangeCredentials | CoinbaseFeedCredentials,
) -> None:
    """The published scheme's vector."""
    signed = feed_signer(credentials).sign_stream(FEED_MESSAGE, now_ns=NOW_NS, nonce="")

    assert orjson.loads(signed) == {
        **FEED_MESSAGE.fields,
        "signature": "4w5N81jN+R8BEl+8gu26Lel0jalXF5uTezix+T8v9eY=",
        "key": "k3y",
        "passphrase": "pp",
        "timestamp": "1700000000",
    }


def test_everything_else_is_signed_with_the_other_key() -> None:
    """Requests, and the user stream's messages."""
    signing = feed_signer(CoinbaseFeedCredentials(FEED_KEY, OTHER_KEY))
    request = signing.sign(REQUEST, host="h", now_ns=NOW_NS, nonce="")
    message = orjson.loads(signing.sign_stream(USER_MESSAGE, now_ns=NOW_NS, nonce=""))

    assert dict(request.headers)["cb-access-key"] == "other"
    assert (
        message["signature"] == "5266b9b46d62d4d4a4f188aacbba0c5e907fe56001ebab3c171a7a57ffcbccd0"
    )


def test_without_the_other_key_what_needs_it_is_refused_and_what_does_not_passes() -> None:
    """Nothing is sent with a key that means nothing there."""
    signing = feed_signer(FEED_KEY)
    public = RestRequest(operation="time", method="GET", path="/", auth=Auth.NONE)

    assert signing.sign(public, host="h", now_ns=NOW_NS, nonce="") == public
    with pytest.raises(AuthRefused, match="only one of the Exchange feed"):
        signing.sign(REQUEST, host="h", now_ns=NOW_NS, nonce="")
    with pytest.raises(AuthRefused):
        signing.sign_stream(USER_MESSAGE, now_ns=NOW_NS, nonce="")


def test_a_key_of_advanced_trade_alone_signs_as_ever() -> None:
    """The open channels need nothing."""
    request = feed_signer(OTHER_KEY).sign(REQUEST, host="h", now_ns=NOW_NS, nonce="")

    assert dict(request.headers)["cb-access-key"] == "other"


def test_a_malformed_key_is_told_at_once_and_no_secret_is_shown() -> None:
    """When the signer is made, not at the first message."""
    with pytest.raises(ConfigurationError):
        feed_signer(CoinbaseExchangeCredentials("k", "not base64!", "pp"))
    credentials = CoinbaseFeedCredentials(FEED_KEY, OTHER_KEY)
    shown = f"{credentials}{credentials!r}{feed_signer(credentials)!r}"
    assert not [secret for secret in (SECRET, "'pp'", OTHER_KEY.api_secret) if secret in shown]
    assert "k3y" in shown


def test_advanced_trade_is_the_default_and_the_feed_a_record_of_its_own() -> None:
    """Data, not branches: all but sessions, signer and profile is the same."""
    record = coinbase_by(CoinbaseFeed.EXCHANGE, OTHER_KEY)

    assert coinbase_by(CoinbaseFeed.ADVANCED_TRADE, OTHER_KEY) is COINBASE
    assert isinstance(record.market_session("m"), FeedSession)
    assert record.rest is COINBASE.rest
    assert record.profile.topics == COINBASE.profile.topics - {Topic.CANDLES}
    assert record.profile.user_streams == COINBASE.profile.user_streams


@pytest.mark.parametrize("credentials", [FEED_KEY, CoinbaseFeedCredentials(FEED_KEY)])
def test_without_a_key_of_advanced_trade_there_is_none_to_check(credentials: object) -> None:
    """Nor a user stream that could only be refused."""
    profile = coinbase_by(CoinbaseFeed.EXCHANGE, credentials).profile

    assert {chore.effect for chore in profile.chores} == {
        ChoreEffect.CLOCK,
        ChoreEffect.INSTRUMENTS,
    }
    assert profile.user_streams == ()
