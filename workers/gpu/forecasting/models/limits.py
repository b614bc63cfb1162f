"""What Lag-Llama is asked with, for those who must know it before PyTorch is loaded."""

from typing import Final

CONTEXT: Final = 32
"""Bars that the published weights were trained to see at once."""
MOST_STEPS: Final = 24
"""20 steps of 3 minutes for an hour: about a second a series on two CPU cores."""
LONGEST_LAG: Final = 1_092
PAST_BARS: Final = CONTEXT + LONGEST_LAG
"""With so many no lag of any bar of the context is padded. trading/decide/frames.ts asks for as many."""
