"""The near ends: ours, the bare references, and the peers, each a script that prints one JSON."""
