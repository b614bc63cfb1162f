"""The strategy that advises Sapphire: a trend is followed once it stands out from a random walk."""

from math import sqrt
from typing import ClassVar

import numpy as np
from freqtrade.strategy import IStrategy
from pandas import DataFrame

# Spans of the two averages, in candles of five minutes: 50 minutes and 2.5 hours.
FAST_SPAN = 10
SLOW_SPAN = 30

# A distance of one standard deviation makes a signal; one of three has all the strength that there is.
ENTRY_SCORE = 1.0
FULL_SCORE = 3.0


def spread_of_averages(fast_span: int, slow_span: int) -> float:
    """
    Standard deviation of the fast minus the slow average of a random walk with unit steps.

    An exponential average with decay d lags behind the walk by the sum of d^(k+1) times the step k candles ago, so the difference of two is
    the sum of (b^(k+1) - a^(k+1)) times that step, whose squares add up to b²/(1-b²) + a²/(1-a²) - 2ab/(1-ab).
    """
    a, b = (1 - 2 / (span + 1) for span in (fast_span, slow_span))
    return sqrt(b * b / (1 - b * b) + a * a / (1 - a * a) - 2 * a * b / (1 - a * b))


class SapphireTrend(IStrategy):
    """
    Long while the fast average stands above the slow one by more than chance explains, out while it stands below by as much.

    `trend_score` is the distance of the averages in units of what it would be in a random walk of the same volatility, so about N(0, 1) where
    there is no trend. `signal_strength`, which Sapphire reads, grows with it on either side, to 1 at a score of 3. Every column is made of closed
    candles up to its own: nothing looks ahead.
    """

    INTERFACE_VERSION = 3
    timeframe = "5m"
    can_short = False
    process_only_new_candles = True
    startup_candle_count = 3 * SLOW_SPAN

    # The same barriers that Sapphire's own protective exits have by default.
    stoploss = -0.03
    minimal_roi: ClassVar[dict[str, float]] = {"0": 0.06}

    def version(self) -> str:
        """Version of the rule, which Sapphire keeps with each signal."""
        return "1"

    def populate_indicators(self, dataframe: DataFrame, metadata: dict) -> DataFrame:
        """Adds the averages, the score of their distance and its strength; a market that stands still has neither."""
        close = dataframe["close"]
        deviation = close.diff().ewm(span=SLOW_SPAN, min_periods=SLOW_SPAN).std()
        fast = close.ewm(span=FAST_SPAN, adjust=False).mean()
        slow = close.ewm(span=SLOW_SPAN, adjust=False).mean()
        scale = (deviation * spread_of_averages(FAST_SPAN, SLOW_SPAN)).replace(0, np.nan)
        score = (fast - slow) / scale
        dataframe["trend_score"] = score
        dataframe["signal_strength"] = (score.abs() / FULL_SCORE).clip(upper=1)
        return dataframe

    def populate_entry_trend(self, dataframe: DataFrame, metadata: dict) -> DataFrame:
        """Marks the candles that are traded and trend up."""
        rising = (dataframe["trend_score"] > ENTRY_SCORE) & (dataframe["volume"] > 0)
        dataframe.loc[rising, ["enter_long", "enter_tag"]] = (1, "trend_up")
        return dataframe

    def populate_exit_trend(self, dataframe: DataFrame, metadata: dict) -> DataFrame:
        """Marks the candles that are traded and trend down."""
        falling = (dataframe["trend_score"] < -ENTRY_SCORE) & (dataframe["volume"] > 0)
        dataframe.loc[falling, ["exit_long", "exit_tag"]] = (1, "trend_down")
        return dataframe
