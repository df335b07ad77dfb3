"""What replies say to the rate gate: others' use, silence, and the exchange's clock."""

import anyio
import pytest

from tests.support.rate_gate import BASE, gate
from venuetree.actors.gate_messages import ClockOffset, Replied, Silence
from venuetree.protocol.port import Lane, LimitReport, LimitWindow, WindowKind
from venuetree.protocol.timestamps import SECOND

pytestmark = pytest.mark.anyio


async def test_a_replys_count_of_others_use_closes_the_window() -> None:
    """Eight others' requests, one of ours and one of ours still under way are ten."""
    async with gate() as running_gate:
        permit = await running_gate.ask("first")
        await anyio.sleep(0.1)
        await running_gate.ask("second")
        report = LimitReport("requests", used=9)
        await running_gate.ref.tell(Replied((report,), BASE, permit=permit))
        await running_gate.ask("third")

    assert running_gate.admitted[2][1] >= SECOND


@pytest.mark.parametrize(
    ("retry_after_ns", "expected"),
    [pytest.param(7 * SECOND, 7, id="told"), pytest.param(0, 1, id="untold")],
)
async def test_after_a_429_everything_is_silent(retry_after_ns: int, expected: int) -> None:
    """Cancels too, for as long as is told, or for a second at first."""
    async with gate() as running_gate:
        await running_gate.ref.tell(Replied((), BASE, retry_after_ns=retry_after_ns))
        async with anyio.create_task_group() as askers:
            askers.start_soon(running_gate.ask, "cancel", Lane.CANCEL)
            await anyio.sleep(0.001)
            silent_until_ns = running_gate.detail.limits.silent_until_ns

    assert silent_until_ns == BASE + expected * SECOND
    assert running_gate.admitted[0][1] // SECOND == expected


async def test_silence_is_kept_until_its_end() -> None:
    """A ban whose end the exchange told as a time."""
    async with gate() as running_gate:
        await running_gate.ref.tell(Silence(BASE + 120 * SECOND))
        await running_gate.ask("cancel", Lane.CANCEL)

    assert running_gate.admitted[0][1] >= 120 * SECOND


async def test_calendar_windows_follow_the_offset_that_is_told() -> None:
    """With the exchange 4 s ahead its ten seconds end after six of ours."""
    window = LimitWindow("requests", 10, 10 * SECOND, WindowKind.CALENDAR)
    async with gate(window) as running_gate:
        await running_gate.ref.tell(ClockOffset(4 * SECOND))
        await running_gate.fill()
        await running_gate.ask("next")

    assert running_gate.admitted[0][1] // SECOND == 6
