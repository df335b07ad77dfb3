"""Keys where market data come by the older feed: its own beside Advanced Trade's.

The two know nothing of each other's keys: a CDP key means nothing to the feed, a key of the
Exchange nothing to Advanced Trade's REST API and user stream.

Followed: "Exchange WebSocket Authentication".
"""

from attrs import frozen

from venuetree.protocol.errors import AuthRefused
from venuetree.protocol.exchanges.coinbase.credentials import (
    AnyCoinbaseCredentials,
    CoinbaseCredentials,
    CoinbaseExchangeCredentials,
    CoinbaseLegacyCredentials,
)
from venuetree.protocol.exchanges.coinbase.reading import NAME
from venuetree.protocol.exchanges.coinbase.signing import ExchangeSigner, signer
from venuetree.protocol.port import Auth, RestRequest, SignedAhead, Signer, StreamMessage

__all__ = ["CoinbaseFeedCredentials", "FeedSigner", "feed_signer"]


@frozen
class CoinbaseFeedCredentials:
    """A key of the older feed, and one of Advanced Trade for all but market data.

    Attributes:
        feed: opens the feed's `level2`.
        advanced_trade: for orders and the account; None where only market data is wanted.
    """

    feed: CoinbaseExchangeCredentials
    advanced_trade: CoinbaseCredentials | CoinbaseLegacyCredentials | None = None

    def __str__(self) -> str:
        """Without the secrets."""
        return repr(self)


class FeedSigner:
    """Signs each message with the key of whom it is for; both are parsed at once."""

    def __init__(self, credentials: CoinbaseFeedCredentials) -> None:
        other = credentials.advanced_trade
        self._feed = ExchangeSigner(credentials.feed)
        self._advanced_trade = None if other is None else signer(other)

    def __repr__(self) -> str:
        """The keys' names only."""
        return f"<FeedSigner {self._feed!r} {self._advanced_trade!r}>"

    def sign(self, request: RestRequest, *, host: str, now_ns: int, nonce: str) -> RestRequest:
        """The request, signed for Advanced Trade; `AuthRefused` if there is no key for it."""
        if request.auth is Auth.NONE:
            return request
        return self._other(request.operation).sign(request, host=host, now_ns=now_ns, nonce=nonce)

    def sign_ahead(
        self, request: RestRequest, *, host: str, now_ns: int, nonce: str
    ) -> SignedAhead | None:
        """What Advanced Trade's signer gives; `AuthRefused` if there is no key for it."""
        other = self._other(request.operation)
        return other.sign_ahead(request, host=host, now_ns=now_ns, nonce=nonce)

    def sign_stream(self, message: StreamMessage, *, now_ns: int, nonce: str) -> str:
        """The message, signed; only the older feed says `channels` in the plural."""
        signing = self._feed if "channels" in message.fields else self._other("subscribe")
        return signing.sign_stream(message, now_ns=now_ns, nonce=nonce)

    def _other(self, operation: str) -> Signer:
        if self._advanced_trade is None:
            raise AuthRefused(
                "this needs a key of Advanced Trade, and only one of the Exchange feed was given",
                exchange=NAME,
                operation=operation,
            )
        return self._advanced_trade


def feed_signer(credentials: AnyCoinbaseCredentials | CoinbaseFeedCredentials) -> Signer:
    """What signs for these credentials; `ConfigurationError`, without the key, if malformed."""
    match credentials:
        case CoinbaseFeedCredentials():
            return FeedSigner(credentials)
        case CoinbaseExchangeCredentials():
            return FeedSigner(CoinbaseFeedCredentials(credentials))
        case _:
            return signer(credentials)
