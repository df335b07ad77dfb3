"""What an exchange must state about itself: the one interface between it and the actors.

An exchange is an `Exchange` record: data (`Profile`), a codec for questions (`RestCodec`), a
signer made from credentials (`Signer`), and sessions for streams (`StreamSession`). All of it is
pure: time, nonces and bytes come in, values go out. The actors never name an exchange; what is
peculiar to one is data here (a limit, a deadline, a request to make on connecting).
"""

from venuetree.protocol.port.doors import (
    MessageDoor,
    MessageReply,
)
from venuetree.protocol.port.limits import (
    Cost,
    Lane,
    LimitReport,
    LimitWindow,
    WindowKind,
)
from venuetree.protocol.port.order_terms import (
    OrderTerms,
)
from venuetree.protocol.port.paper import (
    AccountKind,
    FeeTakenFrom,
    IdReuse,
    PaperTerms,
)
from venuetree.protocol.port.questions import (
    Auth,
    ClockReading,
    Effect,
    FlowContext,
    LimitsTold,
    LogTold,
    ReferenceTold,
    RestCodec,
    RestFlow,
    RestNews,
    RestReply,
    RestRequest,
)
from venuetree.protocol.port.record import (
    Ability,
    Chore,
    ChoreEffect,
    Endpoints,
    Exchange,
    Profile,
)
from venuetree.protocol.port.signing import (
    SignedAhead,
    Signer,
)
from venuetree.protocol.port.streams import (
    Action,
    Call,
    Close,
    Connect,
    Replace,
    Send,
    SendSigned,
    SessionContext,
    SessionEvent,
    Step,
    StreamKind,
    StreamLimits,
    StreamMessage,
    StreamSession,
    Subscription,
    Transport,
)

__all__ = [
    "Ability",
    "AccountKind",
    "Action",
    "Auth",
    "Call",
    "Chore",
    "ChoreEffect",
    "ClockReading",
    "Close",
    "Connect",
    "Cost",
    "Effect",
    "Endpoints",
    "Exchange",
    "FeeTakenFrom",
    "FlowContext",
    "IdReuse",
    "Lane",
    "LimitReport",
    "LimitWindow",
    "LimitsTold",
    "LogTold",
    "MessageDoor",
    "MessageReply",
    "OrderTerms",
    "PaperTerms",
    "Profile",
    "ReferenceTold",
    "Replace",
    "RestCodec",
    "RestFlow",
    "RestNews",
    "RestReply",
    "RestRequest",
    "Send",
    "SendSigned",
    "SessionContext",
    "SessionEvent",
    "SignedAhead",
    "Signer",
    "Step",
    "StreamKind",
    "StreamLimits",
    "StreamMessage",
    "StreamSession",
    "Subscription",
    "Transport",
    "WindowKind",
]
