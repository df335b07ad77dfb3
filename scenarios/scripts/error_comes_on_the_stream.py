"""The exchange says on the stream, between the data, that something is wrong with it."""

from venuetree.protocol.models import Topic
from venuetree.scenarios.faults import SendErrorFrame
from venuetree.scenarios.market_watch import (
    account_reader,
    book_begins,
    book_equals_the_exchanges,
    is_said,
)
from venuetree.scenarios.scenario import scenario
from venuetree.scenarios.world import World

_WORDS = "internal error 4711"


@scenario("An error that comes on the stream is said in the log, and the book is right after it.")
async def error_comes_on_the_stream(world: World) -> str:
    """Send one, whatever the exchange then does with the stream."""
    async with world.market(Topic.BOOK) as seen:
        await book_begins(seen)
        error = world.inject(SendErrorFrame(_WORDS, channel=world.operator.patterns.book))
        await world.until(lambda: bool(error.fired), "the market stood still")
        await world.until(lambda: is_said(world, _WORDS), "the error was swallowed", seconds=10)
        await world.until(world.is_book_right, "the book was never right again")
        await book_equals_the_exchanges(world)
    world.expect(account_reader(world).restarts == 0, "the account's stream was opened anew too")
    return "said in the log"
