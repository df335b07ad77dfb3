"""What the tests of Binance.US's pairs share: their orders as replies tell them, and costs."""

from typing import Any

from venuetree.protocol.port import Cost

__all__ = ["LIMIT_LEG", "STOP_LEG", "evolve_leg", "pair_of", "weighing"]


def weighing(orders: int) -> tuple[Cost, ...]:
    """What placing costs."""
    return (
        Cost("weight_1m", 1),
        Cost("raw_5m"),
        Cost("orders_10s", orders),
        Cost("orders_1d", orders),
    )


def leg(client_order_id: str, **fields: Any) -> dict[str, Any]:
    """An order of the pair, as the reply tells it."""
    return {
        "symbol": "BTCUSD",
        "orderListId": 27104,
        "transactTime": 1788540500525,
        "clientOrderId": client_order_id,
        "origQty": "0.00500000",
        "executedQty": "0.00000000",
        "cummulativeQuoteQty": "0.00000000",
        "status": "NEW",
        "timeInForce": "GTC",
        "side": "SELL",
        "workingTime": -1,
        **fields,
    }


STOP_LEG = leg(
    "stopLeg1",
    orderId=2281896701,
    price="110000.00000000",
    type="STOP_LOSS_LIMIT",
    stopPrice="111000.00000000",
)
LIMIT_LEG = leg("limitLeg1", orderId=2281896702, price="125000.00000000", type="LIMIT_MAKER")


def pair_of(*reports: dict[str, Any], status: str = "EXECUTING") -> dict[str, Any]:
    """A list, as replies tell it."""
    return {
        "orderListId": 27104,
        "contingencyType": "OCO",
        "listStatusType": "EXEC_STARTED",
        "listOrderStatus": status,
        "listClientOrderId": "Lw8sVt3bQm5ZkR1xNc7HyA",
        "transactionTime": 1788540500525,
        "symbol": "BTCUSD",
        "orders": [],
        "orderReports": list(reports),
    }


def evolve_leg(told: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """An order of a reply with other fields."""
    return {**told, **fields}
