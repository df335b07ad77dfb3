"""Write the reference of what `venuetree` exports, from the code itself.

`make reference` writes `docs/reference/api.md` and `events.md`; a test says when they are not what
this gives now. What stands in them is the docstrings, the signatures and the comments (`#:`) of
the attributes; here is only the order in which they are told, and a name that is in no group, or
in two, is an error.
"""

import ast
import inspect
import re
import sys
import textwrap
from collections.abc import Iterable, Iterator, Mapping
from enum import Enum
from pathlib import Path
from typing import Any, Final

from attrs import frozen

import venuetree
from venuetree.protocol.errors import EngineError

__all__ = ["PAGES", "pages"]

#: The headings of the page of the API, and the public names below each.
API: Final[Mapping[str, str]] = {
    "The engine": (
        "Engine ExchangeConfig Environment Endpoints Part Ability StreamOptions WebSocketClient"
    ),
    "Configure an exchange": (
        "coinbase binance_us oanda exchange_config paper CoinbaseCredentials"
        " CoinbaseLegacyCredentials CoinbaseExchangeCredentials CoinbaseFeedCredentials"
        " BinanceUsCredentials OandaCredentials CoinbaseFeed OrderWay"
    ),
    "Make an order": (
        "limit_order market_order stop_order stop_limit_order market_if_touched_order"
        " bracket_order oco OrderRequest OcoRequest Bracket"
    ),
    "Terms of orders on margin": (
        "MarginTerms Exits Exit Closing ExitChanges Keep ClientExtensions PositionFill TriggerPrice"
    ),
    "Orders and executions": "Order OrderKey OrderStatus Fill OrderPreview",
    "Words of orders": ("Side OrderType TimeInForce Liquidity LiquidityPreference StopDirection"),
    "Markets": (
        "Topic Instrument InstrumentStatus BookView BookSnapshot Level Candle CandlePrice"
        " SentimentBook SentimentBucket SentimentKind"
    ),
    "The account": (
        "Balance FeeSummary KeyPermissions Position MarginTrade MarginTradeState MarginTradeChange"
        " AccountSummary AccountChanges Conversion"
    ),
}
#: The methods of a handle, in groups: it has more than one page's worth.
HANDLE: Final[Mapping[str, str]] = {
    "What it is and has": "name topics abilities is_paper is_reachable reachable server_time",
    "Market data": (
        "subscribe book instruments candles trades tickers book_snapshot sentiment conversions"
    ),
    "Orders": (
        "place place_oco replace edit cancel cancel_all order open_orders known_orders orders"
        " fills preview"
    ),
    "Account": "account_events balances fees key_permissions",
    "Margin": (
        "positions close_position margin_trades margin_trade close_trade change_exits"
        " write_on_order write_on_trade account_summary account_changes configure_account"
    ),
}
EVENTS: Final[Mapping[str, str]] = {
    "Market data": (
        "TradePrinted AggregateTradePrinted TickerChanged BestPricesChanged QuoteChanged"
        " CandleChanged InstrumentStatusChanged"
    ),
    "Books": "BookInStep BookUpdated BookStale StaleReason BookTopChanged",
    "Interruptions": "StreamConnected StreamDisconnected TopicStalled Dropped",
    "Your account": (
        "OrderUpdated FillReceived BalancesChanged TransactionRecorded MarginTradeChanged"
    ),
}
API_HEAD: Final = """\
# The API

What `venuetree` exports, from the code's own words: `make reference` writes this page.
[Events](events.md) and [errors](errors.md) have pages of their own, and the README an example.

Quantities and prices are `Decimal`, or text that says one; floats are refused.
Names that end in `_ns` are nanoseconds, times among them since 1970 UTC; a timeout is in seconds.
None means that the exchange did not say.
"""
EVENTS_HEAD: Final = """\
# Events

What a subscriber is told, from the code's own words: `make reference` writes this page.

`exchange.subscribe(…)` gives the first three groups.
`exchange.account_events()` gives the fourth, and the connections of the account's stream.
Both are iterated with `async for`, and may end with an [error](errors.md).
`FeedEnded` comes once the exchange has ended for good.
`SubscriberTooSlow` comes where the account's events were not read.

These attributes are left out below:

- `exchange`: its name, in every event.
- `instrument`: in those of one instrument.
- `received_time_ns`: our clock when it was read, in every event.
- `exchange_time_ns`: the exchange's own stamp, None if it gave none, in every event.
"""
#: Told once, at the head of the page.
COMMON: Final = frozenset({"exchange", "instrument", "exchange_time_ns", "received_time_ns"})
WIDTH: Final = 88


def pages() -> Mapping[str, str]:
    """Each page's text, by its name.

    Raises:
        LookupError: a public name, or a method of a handle, is in no group or in two.
    """
    told = [name for group in (*API.values(), *EVENTS.values()) for name in group.split()]
    errors = [
        name
        for name in venuetree.__all__
        if isinstance(kind := getattr(venuetree, name), type) and issubclass(kind, EngineError)
    ]
    _same([*told, *errors, "ExchangeHandle"], venuetree.__all__)
    handle = venuetree.ExchangeHandle
    methods = [name for name in dir(handle) if not name.startswith("_")]
    _same([name for group in HANDLE.values() for name in group.split()], methods)
    api = [API_HEAD]
    for heading, names in API.items():
        api += [f"## {heading}\n", *(_entry(name) for name in names.split())]
        if heading == "Configure an exchange":
            api += ["## The handle: `ExchangeHandle`\n", *_docstring(handle)]
            for group, methods_of in HANDLE.items():
                api += [f"### {group}\n"]
                api += [_member(handle, name, "####") for name in methods_of.split()]
    events = [EVENTS_HEAD]
    for heading, names in EVENTS.items():
        events += [f"## {heading}\n", *(_entry(n, left_out=COMMON) for n in names.split())]
    return {"api.md": "\n".join(api).strip() + "\n", "events.md": "\n".join(events).strip() + "\n"}


def _same(told: Iterable[str], public: Iterable[str]) -> None:
    told, public = list(told), list(public)
    twice = {name for name in told if told.count(name) > 1}
    wrong = set(told) ^ set(public) | twice
    if wrong:
        raise LookupError(f"in no group, in two, or not public: {', '.join(sorted(wrong))}")


# ---------------------------------------------------------------- one name


def _entry(name: str, *, left_out: frozenset[str] = frozenset()) -> str:
    """A public function or class."""
    thing: Any = getattr(venuetree, name)
    lines = [f"### `{name}`", ""]
    if not isinstance(thing, type):
        return "\n".join([*lines, *_signature(_function(thing), thing, name), *_docstring(thing)])
    lines += _docstring(thing)
    fields = [f for f in _fields(thing) if f.name not in left_out]
    lines += [_item(f"`{f.name}`{_typed(f)}", f.text) for f in fields]
    lines += [""] if fields else []
    for each, member in vars(thing).items():
        is_own = not each.startswith("_") or each == "__getitem__"
        if is_own and (inspect.isroutine(member) or isinstance(member, property | classmethod)):
            lines += [_member(thing, each, "####")]
    return "\n".join(lines)


def _member(owner: type, name: str, level: str) -> str:
    """A method, property or class method."""
    member: Any = inspect.getattr_static(owner, name, None)
    if not (inspect.isroutine(member) or isinstance(member, property | classmethod)):
        return f"{level} `{name}`\n\nWhat `engine[name]` finds it by.\n"
    if isinstance(member, property):
        node = _function(member.fget)
        kind = "" if node.returns is None else f": `{ast.unparse(node.returns)}`"
        return "\n".join([f"{level} `{name}`{kind}", "", *_docstring(member.fget)])
    function = member.__func__ if isinstance(member, classmethod) else member
    if name == "__getitem__":
        return "\n".join([f"{level} `engine[name]`", "", *_docstring(function)])
    return "\n".join(
        [
            f"{level} `{name}`",
            "",
            *_signature(_function(function), function, name),
            *_docstring(function),
        ]
    )


def _function(function: Any) -> ast.FunctionDef | ast.AsyncFunctionDef:
    source = textwrap.dedent(inspect.getsource(inspect.unwrap(function)))
    (node,) = ast.parse(source).body
    if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        raise TypeError(source)
    return node


def _signature(
    node: ast.FunctionDef | ast.AsyncFunctionDef, function: Any, name: str
) -> Iterator[str]:
    """As it would be written, with the numbers that its constants stand for."""
    scope = inspect.unwrap(function).__globals__
    arguments = node.args
    if arguments.args and arguments.args[0].arg in {"self", "cls"}:
        del arguments.args[0]
    for defaults in (arguments.defaults, arguments.kw_defaults):
        for number, default in enumerate(defaults):
            if isinstance(default, ast.Name) and isinstance(scope.get(default.id), int | float):
                defaults[number] = ast.Constant(scope[default.id])
    gives = "" if node.returns is None else ast.unparse(node.returns)
    is_manager = any(ast.unparse(d) == "asynccontextmanager" for d in node.decorator_list)
    if is_manager:
        before, after = "async with ", f" as {gives.removeprefix('AsyncIterator[')[:-1]}"
    else:
        before = "await " if isinstance(node, ast.AsyncFunctionDef) else ""
        after = f" -> {gives}"
    parts = _arguments(arguments)
    line = f"{before}{name}({', '.join(parts)}){after}"
    yield "```text"
    if len(line) <= WIDTH:
        yield line
    else:
        yield from (f"{before}{name}(", *(f"    {part}," for part in parts), f"){after}")
    yield from ("```", "")


def _arguments(arguments: ast.arguments) -> list[str]:
    """Each argument as text."""

    def one(argument: ast.arg, default: ast.expr | None) -> str:
        kind = "" if argument.annotation is None else f": {ast.unparse(argument.annotation)}"
        return f"{argument.arg}{kind}" + ("" if default is None else f" = {ast.unparse(default)}")

    plain = arguments.args
    defaults = [None] * (len(plain) - len(arguments.defaults)) + list(arguments.defaults)
    parts = [one(a, d) for a, d in zip(plain, defaults, strict=True)]
    if arguments.vararg is not None:
        parts.append("*" + one(arguments.vararg, None))
    elif arguments.kwonlyargs:
        parts.append("*")
    parts += [one(a, d) for a, d in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)]
    if arguments.kwarg is not None:
        parts.append("**" + one(arguments.kwarg, None))
    return parts


# ---------------------------------------------------------------- fields and members


@frozen
class Field:
    """An attribute of a class, or a member of an enum."""

    name: str
    kind: str
    default: str
    text: str


def _fields(kind: type) -> list[Field]:
    """Those that the class itself writes down."""
    source = textwrap.dedent(inspect.getsource(kind))
    (node,) = ast.parse(source).body
    if not isinstance(node, ast.ClassDef):
        raise TypeError(source)
    lines, told = source.splitlines(), _sections(kind.__doc__ or "").get("Attributes", {})
    is_words = issubclass(kind, Enum)
    found = []
    for place, child in enumerate(node.body):
        match child:
            case ast.AnnAssign(target=ast.Name(id=name), annotation=annotation, value=value):
                word, default = ast.unparse(annotation), "" if value is None else ast.unparse(value)
            case ast.Assign(targets=[ast.Name(id=name)], value=value) if is_words:
                word, default = "", ast.unparse(value)
            case _:
                continue
        if name.startswith("_"):
            continue
        below = node.body[place + 1] if place + 1 < len(node.body) else None
        text = told.get(name) or _comment_above(lines, child.lineno) or _text_of(below)
        found.append(Field(name, word, default, text))
    return found


def _typed(told: Field) -> str:
    """The type and default of an attribute, or the value of an enum's member."""
    default = "" if told.default.startswith(("field(", "auto(", "Part(")) else told.default
    if not told.kind:
        return f" = `{default}`" if default else ""
    return f" (`{told.kind}`, `{default}` unless given)" if default else f" (`{told.kind}`)"


def _comment_above(lines: list[str], number: int) -> str:
    """The `#:` comment right above a line."""
    said: list[str] = []
    for line in reversed(lines[: number - 1]):
        if not line.strip().startswith("#:"):
            break
        said.insert(0, line.strip().removeprefix("#:").strip())
    return " ".join(said)


def _text_of(node: ast.stmt | None) -> str:
    match node:
        case ast.Expr(value=ast.Constant(value=str(text))):
            return " ".join(text.split())
        case _:
            return ""


# ---------------------------------------------------------------- docstrings


def _docstring(thing: Any) -> list[str]:
    """A docstring as Markdown; attributes are told with the class's fields."""
    text = inspect.cleandoc(inspect.getdoc(thing) or "").replace("``", "`")
    body = re.split(r"^(?:Args|Returns|Raises|Attributes):$", text, flags=re.MULTILINE)[0]
    # An example that is only shown would be run by nobody: the README's is.
    body = re.sub(r"^::\n\n(?:    .*\n|\n)+", "", body, flags=re.MULTILINE)
    lines = [_sentences(paragraph) + "\n" for paragraph in body.strip().split("\n\n")]
    for heading, parts in _sections(text).items():
        if heading == "Attributes":
            continue
        lines += [f"{heading}:\n" if "" not in parts else f"{heading}: {_sentences(parts[''])}\n"]
        items = [_item(f"`{name}`", what) for name, what in parts.items() if name]
        lines += [*items, ""] if items else []
    return lines


def _sections(text: str) -> dict[str, dict[str, str]]:
    """The named parts of a docstring: what it says of each name, or of all by `""`."""
    found: dict[str, dict[str, str]] = {}
    parts = re.split(
        r"^(Args|Returns|Raises|Attributes):$", inspect.cleandoc(text), flags=re.MULTILINE
    )
    for heading, body in zip(parts[1::2], parts[2::2], strict=True):
        entries = found.setdefault(heading, {})
        block = re.split(r"\n\n(?=\S)", textwrap.dedent(body.strip("\n")))[0]
        if heading == "Returns":
            entries[""] = " ".join(block.split())
            continue
        for entry in re.split(r"\n(?=\S)", block.strip()):
            names, _, what = entry.partition(":")
            for name in names.split(","):
                entries[name.strip()] = " ".join(what.split())
    return found


def _item(name: str, text: str) -> str:
    """An entry of a list."""
    said = _sentences(text).replace("\n", "\n  ")
    return f"- {name}: {said}" if said else f"- {name}"


def _sentences(text: str) -> str:
    """Each on a line of its own; lines of a list stay."""
    lines = [" ".join(line.split()) for line in re.split(r"\n(?=- )", text)]
    return "\n".join(re.sub(r"([a-z)`][.!?]) (?=[A-Z`])", r"\1\n", line) for line in lines)


#: What is written, and where.
PAGES: Final = Path(__file__).parent / "reference"

if __name__ == "__main__":
    for page, written in pages().items():
        (PAGES / page).write_text(written, encoding="utf-8")
        sys.stdout.write(f"{PAGES.name}/{page}\n")
