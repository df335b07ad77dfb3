"""Whatever the log holds, an order in it is never absent, and another's is never ours."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.support.oanda_acting import MemoryLog, cancelled, created, filled, refused
from tests.support.oanda_orders import ID
from tests.support.oanda_resolving import resolve
from venuetree.protocol.commands import Absent, Found, Undecided
from venuetree.protocol.exchanges.oanda.resolving import ABSENT_AFTER_NS
from venuetree.protocol.models import OrderStatus

_others = st.sampled_from(["", "a", "eng-0006", "eng-00070", ID.upper()])


@st.composite
def logs(draw: st.DrawFn) -> tuple[list[dict[str, Any]], str]:
    """A log of others' orders with their ends, with ours among them or not; and our number."""
    entries: list[dict[str, Any]] = []
    number = 6400
    count = draw(st.integers(0, 8))
    place = draw(st.integers(-1, count))
    ours = ""
    for which in range(count + 1):
        is_ours = which == place
        name = ID if is_ours else draw(_others)
        number += draw(st.integers(1, 3))
        units = "10000" if is_ours else draw(st.sampled_from(["10000", "-10000", "5"]))
        if is_ours:
            ours = str(number)
        elif draw(st.booleans()):
            entries.append(refused(number, name, units=units))
            continue
        order = number
        entries.append(created(order, name, units=units))
        end = draw(st.sampled_from(["", "fill", "cancel"]))
        if end:
            number += 1
            entries.append(
                filled(number, order, name, units=units)
                if end == "fill"
                else cancelled(number, order, "MARKET_HALTED", name, batch=order)
            )
    return entries, ours


@given(
    logs(),
    st.integers(1, 5),
    st.sampled_from([0, ABSENT_AFTER_NS - 1, ABSENT_AFTER_NS, ABSENT_AFTER_NS * 9]),
    st.sampled_from(["6400", ""]),
)
def test_an_order_in_the_log_is_never_absent_and_another_s_is_never_ours(
    made: tuple[list[dict[str, Any]], str], cut: int, age_ns: int, position: str
) -> None:
    """Wherever the log is cut, however it is read, and however late it is asked."""
    entries, ours = made
    # Of no order, so that the log is not empty.
    start = {**cancelled(6400, 1), "type": "DAILY_FINANCING"}
    log = MemoryLog([start, *entries], cut=cut)
    answer = resolve(log=log, position=position, age_ns=age_ns)

    if ours:
        assert isinstance(answer, Found)
        assert answer.report.exchange_order_id == ours
        ends = {e["type"] for e in entries if e.get("orderID") == ours}
        expected = {
            frozenset[str](): OrderStatus.OPEN,
            frozenset({"ORDER_FILL"}): OrderStatus.FILLED,
            frozenset({"ORDER_CANCEL"}): OrderStatus.REJECTED,
        }
        assert answer.report.status is expected[frozenset(ends)]
    else:
        assert isinstance(answer, Absent if age_ns >= ABSENT_AFTER_NS else Undecided)
