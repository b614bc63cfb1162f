"""What Lag-Llama is asked with, for those who must know it before PyTorch is loaded."""

from typing import Final

CONTEXT: Final = 32
"""Bars that the published weights were trained to see at once."""
MOST_STEPS: Final = 24
"""20 steps of 3 minutes for an hour: about a second a series on two CPU cores, and 40 bars out of the default 120 candles."""
