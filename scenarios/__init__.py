"""Simulated exchanges, faults, and the failures that are replayed with them."""
