"""Supervision: children in order, restarts by policy, reports of everything that happens."""

from venuetree.supervisors.embedding import running
from venuetree.supervisors.errors import (
    StartFailed,
    StartTimeout,
    SupervisorFailed,
    find_unrecoverable,
)
from venuetree.supervisors.reports import (
    DeadLetter,
    Escalated,
    Exited,
    Ready,
    Report,
    Restarting,
    StopOverdue,
    Stopped,
    SubscriberFailed,
)
from venuetree.supervisors.restart import Backoff, Restart, Unrecoverably
from venuetree.supervisors.snapshot import ChildInfo, ChildState, TreeInfo
from venuetree.supervisors.spec import AutoShutdown, ChildSpec, Strategy
from venuetree.supervisors.supervisor import Supervisor

__all__ = [
    "AutoShutdown",
    "Backoff",
    "ChildInfo",
    "ChildSpec",
    "ChildState",
    "DeadLetter",
    "Escalated",
    "Exited",
    "Ready",
    "Report",
    "Restart",
    "Restarting",
    "StartFailed",
    "StartTimeout",
    "StopOverdue",
    "Stopped",
    "Strategy",
    "SubscriberFailed",
    "Supervisor",
    "SupervisorFailed",
    "TreeInfo",
    "Unrecoverably",
    "find_unrecoverable",
    "running",
]
