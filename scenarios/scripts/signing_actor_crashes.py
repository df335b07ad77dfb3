"""The actor that holds the key fails: all that talk to the exchange depend on it."""

from venuetree.protocol.events import BookInStep, BookStale, StreamDisconnected
from venuetree.protocol.models import OrderStatus, Topic
from venuetree.scenarios.market_watch import book_begins, book_equals_the_exchanges
from venuetree.scenarios.scenario import scenario
from venuetree.scenarios.tree_watch import child, crash, restarts
from venuetree.scenarios.world import World


@scenario(
    "Who depends on a failed actor is started after it; subscribers keep their feeds and see.",
    simulator={"move_every_s": 5.0},
    tick_s=0.5,
)
async def signing_actor_crashes(world: World) -> str:
    """Crash it: one restart in order, told to the feeds, after which all works."""
    async with world.market(Topic.BOOK) as seen, world.account() as told:
        begun = await book_begins(seen)
        crash(world, "auth")
        await world.until(lambda: restarts(world, "auth") == 1, "it did not crash")
        # The gate is stopped and goes on with its books: nothing waits for windows to pass.
        await world.until(lambda: bool(seen.of(BookInStep, since=begun)), "no book came again")
        stale, index = await seen.see(BookStale, since=begun)
        _, again = await seen.see(BookInStep, since=begun)
        world.expect(index < again, "the book was in step before it was stale")
        world.expect(bool(told.of(StreamDisconnected)), "the account's subscriber was not told")
        numbers = {path: child(world, path).incarnation for path in ("auth", "gate", "io")}
        world.expect(set(numbers.values()) == {2}, f"started so often: {numbers}")
        counted = {path: restarts(world, path) for path in ("gate", "io")}
        world.expect(set(counted.values()) == {0}, f"bystanders were blamed: {counted}")
        order = await world.exchange.place(world.far_bid("a1"))
        world.expect(order.status is OrderStatus.OPEN, f"the order is {order.status.value}")
        await book_equals_the_exchanges(world)
    return f"stale ({stale.reason.value}), started in order, and right"
