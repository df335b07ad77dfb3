"""What the command line says about how to measure."""

from attrs import frozen

__all__ = ["Options"]


@frozen
class Options:
    """How to measure.

    Attributes:
        rounds: how often each ratio is taken; the median counts.
        quick: tiny sizes: that everything runs, not how fast.
        profile: also tell where the time of an order goes.
        peers: whether the peers are measured too.
    """

    rounds: int = 7
    quick: bool = False
    profile: bool = False
    peers: bool = True
