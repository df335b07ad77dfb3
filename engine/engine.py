"""The front door: an engine that lives in its host's task."""

import logging
import math
import random
import secrets
import uuid
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from types import TracebackType
from typing import Self

import anyio
import structlog

from venuetree.actors.addresses import parse_address
from venuetree.actors.clock import Clock, SystemClock
from venuetree.actors.http_client import HttpBackend, HttpClient
from venuetree.actors.http_pool import HttpOptions
from venuetree.actors.network import Network, SystemNetwork
from venuetree.actors.paced_network import PacedNetwork
from venuetree.actors.paper import PaperPlan
from venuetree.actors.rest_worker import ApiCallLog
from venuetree.actors.streams import Stream
from venuetree.actors.transports import open_stream
from venuetree.config import ExchangeConfig
from venuetree.exchange import ExchangeHandle
from venuetree.paper_account import paper_plan
from venuetree.paper_file import PaperFile
from venuetree.protocol.errors import ConfigurationError, EngineError
from venuetree.protocol.journal import MemoryJournal, OrderJournal
from venuetree.protocol.ledger import Ledger
from venuetree.protocol.port import Connect, Lane, RestReply, RestRequest
from venuetree.supervisors.embedding import running
from venuetree.supervisors.errors import SupervisorFailed
from venuetree.supervisors.exchange_tree import ExchangeTree
from venuetree.supervisors.reports import Ready, Report, Stopped
from venuetree.supervisors.restart import Unrecoverably
from venuetree.supervisors.snapshot import TreeInfo
from venuetree.supervisors.supervisor import Supervisor
from venuetree.supervisors.wiring import Wiring

__all__ = ["Engine"]

#: One pool for everything, as large as the two of other exchanges.
SHARED = HttpOptions(max_connections=16, kept_for_urgent=8)
#: For connections to say goodbye, where their client waits for that; ours does not.
CLOSING_SECONDS = 5.0


class Engine:
    """Exchanges, supervised, for as long as the `async with` block runs.

    ::

        async with Engine(coinbase(CoinbaseCredentials.from_env())) as engine:
            order = await engine["coinbase"].place(limit_order(...))

    Enter and leave it in the same task. The host's exceptions and cancellation pass through
    unchanged; the engine never ends in silence while the body runs. Several engines in one
    program do not know of each other.

    Args:
        configs: one for each exchange; the names must differ.
        clock: ours, for time stamps.
        network: opens connections.
        rng: for jitter.
        log: takes one structured line an API call, as structlog loggers do; `default_log` if None.
        nonce: gives unguessable text for signatures.
        new_id: gives client order ids to orders that have none.
        journal: by an exchange's name, where its orders are written down before they are sent. If
            None, in memory: what was sent is then known as long as the engine is.
    """

    def __init__(
        self,
        *configs: ExchangeConfig,
        clock: Clock | None = None,
        network: Network | None = None,
        rng: random.Random | None = None,
        log: ApiCallLog | None = None,
        nonce: Callable[[], str] = lambda: secrets.token_hex(16),
        new_id: Callable[[], str] = lambda: str(uuid.uuid4()),
        journal: Callable[[str], OrderJournal] | None = None,
    ) -> None:
        """Take the configuration; nothing is opened.

        Raises:
            ConfigurationError: no exchange, two of one name, or a setting that cannot work.
        """
        if not configs:
            raise ConfigurationError("an engine needs an exchange", operation="configure")
        names = [config.name for config in configs]
        if len(set(names)) != len(names):
            raise ConfigurationError(
                "two exchanges have the same name: give one another `name`", operation="configure"
            )
        self._clock = clock or SystemClock()
        self._network = network or SystemNetwork()
        self._rng = rng or random.Random()
        self._log = log or default_log()
        self._nonce = nonce
        self._new_id = new_id
        self._journal = journal or (lambda _: MemoryJournal())
        self._clients: list[HttpClient] = []
        self._paper_files: list[tuple[PaperFile, PaperPlan]] = []
        self._ended: dict[str, EngineError] = {}
        self._trees = {config.name: self._tree(config) for config in configs}
        self._handles = {config.name: self._handle(config) for config in configs}
        self._root = Supervisor(
            *(tree.spec() for tree in self._trees.values()),
            intensity=math.inf,
            unrecoverably=Unrecoverably.STAY_STOPPED,
            rng=self._rng,
        )
        self._root.subscribe(self._on_report)
        self._context: AbstractAsyncContextManager[Supervisor] | None = None

    def __getitem__(self, name: str) -> ExchangeHandle:
        """The handle to an exchange; KeyError if the engine has none of that name."""
        return self._handles[name]

    @property
    def exchanges(self) -> tuple[ExchangeHandle, ...]:
        """All handles, in the order of the configuration."""
        return tuple(self._handles.values())

    def snapshot(self) -> TreeInfo:
        """The whole tree as a value: states, restarts, last errors, depths, ages, weights."""
        return self._root.snapshot()

    def subscribe_reports(self, tell: Callable[[Report], object]) -> Callable[[], None]:
        """Call `tell` at everything that happens in the tree; call what is returned to end that.

        It must be quick and must not raise.
        """
        return self._root.subscribe(tell)

    async def restart(self, name: str) -> None:
        """Start an exchange again, whether it runs, waits, or ended for good.

        Raises:
            EngineError: it ended for good again, for this reason.
        """
        try:
            await self._root.restart_child(name)
        except Exception as error:
            plain = plain_error(error)
            if plain is None:
                raise
            raise plain from error

    async def __aenter__(self) -> Self:
        """Start everything; an exchange that cannot be reached is no error.

        Raises:
            AuthRefused: an exchange refuses the key.
            ConfigurationError: a setting cannot work.
        """
        self._context = running(self._root)
        try:
            self._open_papers()
            await self._context.__aenter__()
        except SupervisorFailed as error:
            await self._close_clients()
            plain = plain_error(error)
            if plain is None:
                raise
            raise plain from error
        except BaseException:
            await self._close_clients()
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool | None:
        """Stop everything in order; the body's exception leaves unchanged."""
        if self._context is None:
            return None
        try:
            return await self._context.__aexit__(kind, error, traceback)
        finally:
            await self._close_clients()

    # ------------------------------------------------------------ inside

    def _tree(self, config: ExchangeConfig) -> ExchangeTree:
        endpoints = config.resolved_endpoints()
        exchange = config.exchange
        signer = None if config.credentials is None else exchange.signer(config.credentials)
        if signer is None and exchange.profile.needs_credentials:
            raise ConfigurationError(
                f"{exchange.name} answers nothing, market data included, without credentials, and"
                " none were given, or not all of them: the reference of the command line names"
                " their variables in the environment",
                exchange=config.name,
                operation="configure",
            )
        limit = exchange.profile.connections
        network = self._network if limit is None else PacedNetwork(self._network, limit)
        plain_text = config.streams.plain_text
        rest = parse_address(endpoints.rest, plain_text=plain_text, exchange=config.name)
        urls = {
            "stream": endpoints.stream,
            "user_stream": endpoints.user_stream,
            **endpoints.others,
        }

        def client(options: HttpOptions | None = None) -> HttpClient:
            made = HttpClient(
                network=network,
                clock=self._clock,
                exchange=config.name,
                backend=config.http,
                options=options,
                plain_text=plain_text,
            )
            self._clients.append(made)
            return made

        # Urgent requests never queue for a connection behind data. Where new ones are few, what is
        # open is there for all, but for some that data must leave free.
        if limit is None or config.http is HttpBackend.HTTPX:
            for_data, urgent = client(), client()
        else:
            for_data = urgent = client(SHARED)

        async def send(request: RestRequest) -> RestReply:
            chosen = urgent if request.lane <= Lane.PLACE else for_data
            return await chosen.send(request, endpoints.rest)

        def open_at(endpoint: str, connect: Connect) -> AbstractAsyncContextManager[Stream]:
            url = urls.get(endpoint)
            if not url:
                raise ConfigurationError(
                    f"there is no address for the stream {endpoint!r}: give one in `endpoints`",
                    exchange=config.name,
                    operation="connect",
                )
            return open_stream(
                connect,
                url,
                network=network,
                options=config.streams,
                exchange=config.name,
            )

        if config.paper is not None and not endpoints.stream:
            raise ConfigurationError(
                "paper orders are matched against live books, and this environment has no market"
                " streams",
                exchange=config.name,
                operation="configure",
            )
        journal = self._journal(config.name)
        return ExchangeTree(
            Wiring(
                name=config.name,
                exchange=exchange,
                signer=signer,
                host=rest.authority,
                send=send,
                open_stream=open_at,
                stream_endpoints=frozenset(name for name, url in urls.items() if url),
                new_ledger=lambda: Ledger(
                    config.name,
                    journal,
                    ids_per_instrument=exchange.profile.order_ids_per_instrument,
                ),
                nonce=self._nonce,
                clock=self._clock,
                rng=self._rng,
                log=self._log,
                parts=config.parts,
                paper=self._paper(config),
            )
        )

    def _paper(self, config: ExchangeConfig) -> PaperPlan | None:
        options = config.paper
        if options is None:
            return None
        file = None if options.file is None else PaperFile(options.file, config.name)
        plan = paper_plan(options, config.exchange, config.name, self._new_id, file=file)
        if file is not None:
            self._paper_files.append((file, plan))
        return plan

    def _open_papers(self) -> None:
        for file, plan in self._paper_files:
            plan.exchange.state = file.load() or plan.exchange.state

    def _handle(self, config: ExchangeConfig) -> ExchangeHandle:
        return ExchangeHandle(
            name=config.name,
            tree=self._trees[config.name],
            fatal=lambda: self._ended.get(config.name),
            new_id=self._new_id,
            feed_capacity=config.feed_capacity,
            account_capacity=config.account_capacity,
        )

    def _on_report(self, report: Report) -> None:
        """Note which exchanges have ended for good, and tell their subscribers why."""
        name, *below = report.path or ("",)
        if below or name not in self._trees:
            return
        if isinstance(report, Ready):
            self._ended.pop(name, None)
        elif isinstance(report, Stopped):
            plain = plain_error(report.error)
            if plain is not None:
                self._ended[name] = plain
                self._trees[name].hub.end(plain)

    async def _close_clients(self) -> None:
        """Close every connection, also while the host is being cancelled."""
        for file, _ in self._paper_files:
            file.close()
        with anyio.move_on_after(CLOSING_SECONDS, shield=True):
            for client in self._clients:
                await client.aclose()


def default_log() -> ApiCallLog:
    """The standard library's logger `venuetree`: silent but for failures until a host says more.

    A host with structlog of its own passes its logger to the engine instead.
    """
    log: ApiCallLog = structlog.wrap_logger(
        logging.getLogger("venuetree"),
        processors=[
            structlog.stdlib.filter_by_level,
            structlog.processors.KeyValueRenderer(key_order=["event"]),
        ],
        wrapper_class=structlog.stdlib.BoundLogger,
        context_class=dict,
    )
    return log


def plain_error(error: BaseException | None) -> EngineError | None:
    """The error that a host can act on, inside those that tell how it came up the tree."""
    seen: set[int] = set()
    pending = [error]
    while pending:
        current = pending.pop()
        if current is None or id(current) in seen:
            continue
        seen.add(id(current))
        if isinstance(current, EngineError):
            return current
        pending.extend((current.__context__, current.__cause__))
        if isinstance(current, SupervisorFailed):
            pending.append(current.unrecoverable)
        if isinstance(current, BaseExceptionGroup):
            pending.extend(current.exceptions)
    return None
