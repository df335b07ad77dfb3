"""What an exchange has of each type of order, whatever the instrument."""

from attrs import frozen

from venuetree.protocol.models import LiquidityPreference, OrderRequest, Side, TimeInForce

__all__ = ["OrderTerms"]


@frozen
class OrderTerms:
    """What there is of one type of order; what there is not is `NotSupported`.

    Attributes:
        times: how long one may wait.
        maker_only_times: how long one may wait that must not take; empty if it cannot be asked for.
        quote_sides: the sides on which it can be sized in quote currency.
        attached: whether exits may come with it.
    """

    times: frozenset[TimeInForce]
    maker_only_times: frozenset[TimeInForce] = frozenset()
    quote_sides: frozenset[Side] = frozenset()
    attached: bool = False

    def lacks(self, request: OrderRequest) -> str:
        """What is asked for and not to be had, for a person; `""` if nothing is."""
        kind, time = request.type.value, request.time_in_force
        if time not in self.times:
            return f"{kind} orders that are {time.value}"
        if request.liquidity is LiquidityPreference.MAKER_ONLY:
            if not self.maker_only_times:
                return f"{kind} orders that are maker-only"
            if time not in self.maker_only_times:
                return f"maker-only orders that are {time.value}"
        if request.quote_quantity is not None and request.side not in self.quote_sides:
            return f"{kind} orders to {request.side.value} that are sized in quote currency"
        if request.attached is not None and not self.attached:
            return f"exits that come with {kind} orders"
        return ""
