"""OANDA v20: forex and CFDs on margin, over REST and streams of lines."""

from typing import Final

from venuetree.protocol.exchanges.oanda.credentials import (
    OandaCredentials,
    credentials_from_environment,
    credentials_from_mapping,
)
from venuetree.protocol.exchanges.oanda.decode import decode
from venuetree.protocol.exchanges.oanda.pricing_session import PricingSession
from venuetree.protocol.exchanges.oanda.profile import PROFILE
from venuetree.protocol.exchanges.oanda.reading import NAME
from venuetree.protocol.exchanges.oanda.refusals import unexecuted
from venuetree.protocol.exchanges.oanda.rest import OandaRest
from venuetree.protocol.exchanges.oanda.signing import signer
from venuetree.protocol.exchanges.oanda.transaction_session import TransactionStreams
from venuetree.protocol.port import Exchange

__all__ = ["OANDA", "OandaCredentials"]

OANDA: Final = Exchange(
    name=NAME,
    profile=PROFILE,
    rest=OandaRest(),
    signer=signer,
    market_session=PricingSession,
    user_sessions=TransactionStreams,
    decode=decode,
    credentials_type=OandaCredentials,
    credentials_from_mapping=credentials_from_mapping,
    credentials_from_environment=credentials_from_environment,
    refusal=unexecuted,
)
