"""`venuetree doctor`: reach each exchange, check key, clock and permissions; one line each."""

import os
import time
from argparse import Namespace

import anyio
from attrs import frozen
from rich.table import Table
from rich.text import Text

from venuetree import Engine
from venuetree.cli.arguments import access_of
from venuetree.cli.endpoints import configure
from venuetree.cli.exits import ExitCode, UsageError, exit_code_of, one_line
from venuetree.cli.json_output import plain
from venuetree.cli.printing import show
from venuetree.cli.running import ONLY_QUESTIONS, api_call_log
from venuetree.config import ExchangeConfig
from venuetree.exchange import ExchangeHandle
from venuetree.protocol.errors import EngineError
from venuetree.protocol.exchanges import EXCHANGES
from venuetree.protocol.models import KeyPermissions

__all__ = ["Finding", "doctor", "findings_table", "verdict"]

#: A clock further off than this makes exchanges refuse signatures soon.
CLOCK_TOLERANCE_NS = 5_000_000_000


@frozen
class Finding:
    """What the doctor found out about one exchange.

    Attributes:
        round_trip_ns: how long the exchange took to tell its time; None if it never did.
        clock_offset_ns: its clock minus ours, half the round trip allowed for.
        permissions: what the key may do; None without a key or an answer.
        problem: what is wrong, `""` if nothing is.
        remedy: what to do about it.
    """

    exchange: str
    exit_code: ExitCode
    round_trip_ns: int | None = None
    clock_offset_ns: int | None = None
    permissions: KeyPermissions | None = None
    problem: str = ""
    remedy: str = ""


async def doctor(options: Namespace) -> ExitCode:
    """Examine the exchanges named, or all, at the same time."""
    names = tuple(dict.fromkeys(options.exchanges)) or tuple(EXCHANGES)
    findings: dict[str, Finding] = {}

    async def examine_into(name: str) -> None:
        findings[name] = await _examined(options, name)

    async with anyio.create_task_group() as group:
        for name in names:
            group.start_soon(examine_into, name)
    found = [findings[name] for name in names]
    show(options, [plain(finding) for finding in found], findings_table(found))
    return max(finding.exit_code for finding in found)


async def _examined(options: Namespace, name: str) -> Finding:
    try:
        config = configure(name, access_of(options), os.environ, ONLY_QUESTIONS)
        async with Engine(config, log=api_call_log(options)) as engine:
            return await _examine(engine[name], config)
    except EngineError as error:
        return _failed(name, error)
    except UsageError as error:
        return Finding(name, exit_code_of(error), problem=one_line(error))


async def _examine(exchange: ExchangeHandle, config: ExchangeConfig) -> Finding:
    before_ns = time.time_ns()
    server_ns = await exchange.server_time()
    after_ns = time.time_ns()
    round_trip_ns = after_ns - before_ns
    offset_ns = server_ns - (before_ns + after_ns) // 2
    if config.credentials is None:
        return verdict(exchange.name, round_trip_ns, offset_ns, None)
    try:
        permissions = await exchange.key_permissions()
    except EngineError as error:
        return _failed(exchange.name, error, round_trip_ns, offset_ns)
    return verdict(exchange.name, round_trip_ns, offset_ns, permissions)


def verdict(
    name: str, round_trip_ns: int, clock_offset_ns: int, permissions: KeyPermissions | None
) -> Finding:
    """What an exchange that answered has to be told about, if anything."""
    code, problem, remedy = ExitCode.DONE, "", ""
    if abs(clock_offset_ns) > CLOCK_TOLERANCE_NS:
        code = ExitCode.REFUSED
        problem = "this machine's clock is off"
        remedy = "Let the clock be set by NTP"
    elif permissions is None:
        problem = "no key: public data only"
        remedy = "For the account, set the key in the environment or give an endpoints file"
    elif not permissions.can_trade:
        problem = "the key may not trade"
        remedy = "Give the key the permission to trade, at the exchange, if it is meant to"
    elif permissions.can_transfer:
        problem = "the key may move money out, which trading never needs"
        remedy = "Take the permission to transfer from the key, at the exchange"
    return Finding(name, code, round_trip_ns, clock_offset_ns, permissions, problem, remedy)


def findings_table(findings: list[Finding]) -> Table:
    """One line an exchange."""
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for finding in findings:
        table.add_row(finding.exchange, _mark(finding), "; ".join(_sentences(finding)))
    return table


def _sentences(finding: Finding) -> list[str]:
    said = []
    if finding.round_trip_ns is not None:
        said.append(f"reached in {finding.round_trip_ns // 1_000_000} ms")
    if finding.clock_offset_ns is not None:
        said.append(f"clock {finding.clock_offset_ns // 1_000_000:+d} ms")
    if finding.permissions is not None:
        rights = {
            "view": finding.permissions.can_view,
            "trade": finding.permissions.can_trade,
            "transfer": finding.permissions.can_transfer,
        }
        allowed = [right for right, granted in rights.items() if granted]
        said.append(f"key may {' and '.join(allowed) or 'do nothing'}")
    if finding.problem:
        said.append(f"{finding.problem}. {finding.remedy}".rstrip(". "))
    return said


def _mark(finding: Finding) -> Text:
    if finding.exit_code is not ExitCode.DONE:
        return Text("FAULTY", style="bold red")
    return Text("note", style="yellow") if finding.problem else Text("good", style="green")


def _failed(
    name: str,
    error: EngineError,
    round_trip_ns: int | None = None,
    clock_offset_ns: int | None = None,
) -> Finding:
    code = f" [{error.code}]" if error.code and error.code not in error.message else ""
    return Finding(
        name,
        exit_code_of(error),
        round_trip_ns,
        clock_offset_ns,
        problem=one_line(f"{error.message}{code}"),
        remedy=error.remedy,
    )
