"""Memory while one of two subscribers never reads and the feed comes as fast as it can."""

from benchmarks.options import Options
from benchmarks.processes import ClientFailed, run_client, serving
from benchmarks.rows import Row, at_most

__all__ = ["measure"]

SECONDS = 6.0
#: The table of remembered numbers and the allocator's arenas fill up in the beginning.
FLAT = 1.05
MIB = 1 << 20


def measure(name: str, options: Options) -> list[Row]:
    """The rows of one loop: trades and books; one round each."""
    return [_measure(name, kind, options) for kind in ("trades", "books")]


def _measure(loop: str, kind: str, options: Options) -> Row:
    what = f"stuck subscriber, {kind}, {loop}: end / quarter"
    with serving("feed", "--kind", kind) as server:
        arguments = ["--url", f"ws://127.0.0.1:{server.port}", "--loop", loop, "--kind", kind]
        arguments += ["--seconds", str(SECONDS / (20 if options.quick else 1))]
        try:
            told = run_client("our_stuck", arguments)
        except ClientFailed as failure:
            return Row("memory", what, goal=at_most(FLAT), skipped=f"broke: {failure}")
    quarter, half, end = (value / MIB for value in told["resident_bytes"])
    return Row(
        "memory",
        what,
        "x",
        (end / quarter,),
        at_most(FLAT),
        f"{quarter:.1f} MiB at 1/4, {half:.1f} at 1/2, {end:.1f} at the end; "
        f"{told['events']:,} events to the one that reads",
    )
