"""The account itself: how it begins, and what its client may set."""

from decimal import Decimal
from typing import Any

from venuetree.scenarios.simulated.numbers import plain
from venuetree.scenarios.simulated.oanda.account_state import AccountState
from venuetree.scenarios.simulated.oanda.amounts import ZERO, home_text
from venuetree.scenarios.simulated.oanda.answers import Answered
from venuetree.scenarios.simulated.oanda.field_reader import FieldReader, as_object
from venuetree.scenarios.simulated.oanda.margin import valuation
from venuetree.scenarios.simulated.oanda.refusals import rejected

__all__ = ["configure", "open_account"]

_LONGEST_ALIAS = 128


def open_account(state: AccountState, balance: Decimal) -> None:
    """Write down how the account came to be: its creation, and the money that it begins with."""
    site, division, user, number = (int(part) for part in state.id.split("-"))
    with state.by_itself() as batch:
        batch.add(
            "CREATE",
            divisionID=division,
            siteID=site,
            accountUserID=user,
            accountNumber=number,
            homeCurrency=state.settings.home,
        )
    if balance > ZERO:
        with state.by_itself() as batch:
            state.earn(balance)
            batch.add(
                "TRANSFER_FUNDS",
                amount=home_text(balance),
                fundingReason="CLIENT_FUNDING",
                accountBalance=home_text(state.balance),
            )


def configure(state: AccountState, body: Any, request_id: str) -> Answered:
    """Set the alias, the margin rate, or both.

    Raises:
        BadRequestError: the request cannot be read.
    """
    reader = FieldReader(as_object({} if body is None else body, "body"), "", state.now_ns())
    alias, rate = reader.text("alias"), reader.number("marginRate")
    reason = _check(state, alias, rate)
    fields = {"alias": alias, "marginRate": None if rate is None else plain(rate)}
    with state.requested(request_id) as batch:
        if reason is not None:
            refused = batch.add("CLIENT_CONFIGURE_REJECT", rejectReason=reason, **fields)
            return rejected(400, batch, reason, clientConfigureRejectTransaction=refused)
        state.alias = state.alias if alias is None else alias
        state.margin_rate = state.margin_rate if rate is None else rate
        changed = batch.add("CLIENT_CONFIGURE", **fields)
        return Answered(
            200,
            {"clientConfigureTransaction": changed, "lastTransactionID": str(batch.log.last_id)},
        )


def _check(state: AccountState, alias: str | None, rate: Decimal | None) -> str | None:
    if alias is None and rate is None:
        return "CLIENT_CONFIGURE_DATA_MISSING"
    if alias is not None and not 0 < len(alias) <= _LONGEST_ALIAS:
        return "ALIAS_INVALID"
    if rate is None:
        return None
    if not ZERO < rate <= 1:
        return "MARGIN_RATE_INVALID"
    return _check_rate(state, rate)


def _check_rate(state: AccountState, rate: Decimal) -> str | None:
    """Whether the account could bear a margin rate; it has it while this is asked."""
    before, state.margin_rate = state.margin_rate, rate
    try:
        value = valuation(state)
    finally:
        state.margin_rate = before
    if value.closeout_share >= 1:
        return "MARGIN_RATE_WOULD_TRIGGER_CLOSEOUT"
    if value.call_share >= 1:
        return "MARGIN_RATE_WOULD_TRIGGER_MARGIN_CALL"
    return None
