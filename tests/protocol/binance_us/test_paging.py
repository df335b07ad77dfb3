"""Lists page by page, without a network: which pages are asked, and that there is an end."""

import pytest

from venuetree.protocol.errors import RemoteProtocolError
from venuetree.protocol.exchanges.binance_us.paging import MOST_ROWS, PageParameters, Pages
from venuetree.protocol.port import RestFlow

Rows = tuple[int, ...]
DAY_MS = 86_400_000


def pages(*told: Rows, asked: list[PageParameters] | None = None) -> Pages[int]:
    """A list whose pages are these, whatever is asked; a row is its number and its time in ms."""
    left = list(told)

    def page(parameters: PageParameters) -> RestFlow[Rows]:
        if asked is not None:
            asked.append(parameters)
        yield from ()
        return left.pop(0)

    return Pages(page, "first", int, lambda row: row * 1_000_000)


def answer(flow: RestFlow[Rows]) -> Rows:
    """What a flow that asks nothing returns."""
    try:
        next(flow)
    except StopIteration as done:
        rows: Rows = done.value
        return rows
    raise AssertionError


FULL = tuple(range(1, MOST_ROWS + 1))


@pytest.mark.parametrize("first", [1, None])
def test_a_list_by_number_goes_on_behind_its_last_row(first: int | None) -> None:
    """Until a page is not full."""
    asked: list[PageParameters] = []
    rows = answer(pages(FULL, (1001, 1002), asked=asked).numbered(first))

    assert rows == (*FULL, 1001, 1002)
    begin: PageParameters = () if first is None else (("first", 1),)
    assert asked == [begin, (("first", 1001),)]


def test_a_page_that_leads_no_further_is_an_error() -> None:
    """Asked again and again, such a list would have no end."""
    with pytest.raises(RemoteProtocolError, match="no end"):
        answer(pages(FULL, FULL, FULL).numbered())
    with pytest.raises(RemoteProtocolError, match="no end"):
        answer(pages(FULL, FULL, FULL).since(0, DAY_MS))


def test_a_time_is_asked_for_day_by_day() -> None:
    """Both ends of a page belong to it; a row told twice is one."""
    asked: list[PageParameters] = []
    rows = answer(pages((5,), (5, 7), (), asked=asked).since(3, 2 * DAY_MS + 4))

    assert rows == (5, 7)
    assert asked == [
        (("startTime", 3), ("endTime", DAY_MS + 2)),
        (("startTime", DAY_MS + 3), ("endTime", 2 * DAY_MS + 2)),
        (("startTime", 2 * DAY_MS + 3), ("endTime", 2 * DAY_MS + 3)),
    ]


def test_a_day_with_too_many_rows_is_gone_on_with_by_number() -> None:
    """To the end of all: days have no meaning then."""
    asked: list[PageParameters] = []
    rows = answer(pages(FULL, (1001,), asked=asked).since(0, 9 * DAY_MS))

    assert rows == (*FULL, 1001)
    assert asked[1] == (("first", 1001),)


def test_a_long_time_is_asked_for_by_number_and_cut_at_its_start() -> None:
    """More days than that would be more requests than pages."""
    asked: list[PageParameters] = []
    rows = answer(pages((4, 5, 6), asked=asked).since(5, 31 * DAY_MS))

    assert rows == (5, 6)
    assert asked == [(("first", 1),)]
