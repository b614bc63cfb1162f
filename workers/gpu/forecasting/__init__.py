"""Forecasting models as agents: each answers the same question as every other agent, on a task queue of its own."""

import os

# PyTorch's threads sleep between two pieces of work. Spinning, as they do by default, they take the processors from the trading processes and
# from each other: on two busy ones a training took six times as long. Read when PyTorch is loaded, and so set before.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
