"""What the engine costs, as ratios taken in one run: `python -m benchmarks`."""
