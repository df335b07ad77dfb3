"""A market session and the other end of its connection, joined, whichever exchange it is."""

from abc import ABC, abstractmethod
from typing import Generic, Protocol, Self, TypeVar

from venuetree.protocol.models import Topic
from venuetree.protocol.port import Action, Close, Send, SessionEvent, StreamSession, Subscription

__all__ = ["Peer", "SessionLine"]


class Peer(Protocol):
    """The exchange's end of a connection."""

    def receive(self, text: str) -> list[bytes]:
        """What is sent for a client's message."""
        ...


SessionT = TypeVar("SessionT", bound=StreamSession)
PeerT = TypeVar("PeerT", bound=Peer)


class SessionLine(ABC, Generic[SessionT, PeerT]):
    """A session and its peer, joined; time passes only when told."""

    def __init__(
        self, session: SessionT, peer: PeerT, wanted: tuple[tuple[str, Topic], ...], now_ns: int
    ) -> None:
        self.now_ns = now_ns
        self.peer = peer
        self.session = session
        self.events: list[SessionEvent] = []
        self.closes: list[Close] = []
        self.want(*wanted)
        self.session.opened(self.now_ns)

    def want(self, *wanted: tuple[str, Topic]) -> None:
        """What the subscribers want from now on."""
        self.session.want(frozenset(Subscription(*each) for each in wanted), self.now_ns)

    def take(self, *frames: bytes) -> list[SessionEvent]:
        """The session reads these; what it says."""
        said: list[SessionEvent] = []
        for frame in frames:
            said += self.session.receive(frame, self.now_ns)
        self.events += said
        return said

    def work(self) -> list[SessionEvent]:
        """One step, all that it wants being done; what the session says, to the answers too."""
        step = self.session.step(self.now_ns)
        said = list(step.events)
        self.events += said
        for action in step.actions:
            said += self.do(action)
        return said

    def do(self, action: Action) -> list[SessionEvent]:
        """One thing that the session wants; what it says to the answer."""
        match action:
            case Close():
                self.closes.append(action)
                return []
            case Send(text):
                return self.take(*self.peer.receive(text))
            case _:
                raise AssertionError(action)

    @abstractmethod
    def settle(self) -> list[SessionEvent]:
        """Work for some time."""

    def live(self) -> Self:
        """Everything subscribed and delivered."""
        self.settle()
        assert self.session.is_healthy
        self.events.clear()
        return self
