"""From the candles of a snapshot to the bars that a model sees."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any

import numpy as np

from forecasting.distribution import Floats
from forecasting.refusal import Refused

MINUTE_MS = 60_000
INDEX = 100.0
"""What the last close is called: the same market in another unit of money gives the same forecast."""
_MOST_RATIO = 1_000.0
"""Between the highest and the lowest close. More is a broken feed, and would leave the range of a model's floats."""


@dataclass(frozen=True)
class Series:
    """Closes as multiples of the last one, which is 100, and the bars' length; the newest stands last."""

    symbol: str
    closes: Floats
    bar_minutes: int
    ends_at: int
    """When the last bar closed, epoch milliseconds."""
    steps: int
    """Bars to forecast: together they are the horizon."""

    @property
    def shape(self) -> tuple[int, int]:
        """Series of one shape may share a batch."""
        return len(self.closes), self.steps


def bar_minutes(horizon_minutes: int, most_steps: int) -> int:
    """The finest whole number of minutes that divides the horizon into at most so many steps."""
    return next(
        minutes
        for minutes in range(1, horizon_minutes + 1)
        if horizon_minutes <= minutes * most_steps and horizon_minutes % minutes == 0
    )


def series_of(
    symbol: str, candles: Sequence[Mapping[str, Any]], horizon_ms: int, *, most_steps: int, least_bars: int
) -> Series:
    """
    The bars of one symbol, cut so that the last ends with the last candle. Only the minutes since the last gap count.

    :raises Refused: `not_enough_data` with the numbers
    """
    if horizon_ms % MINUTE_MS != 0:
        raise Refused(
            "not_enough_data",
            f"One-minute candles say nothing about a horizon of {horizon_ms} ms; it must be whole minutes.",
        )
    horizon_minutes = horizon_ms // MINUTE_MS
    step = bar_minutes(horizon_minutes, most_steps)
    closes, ends_at = _unbroken(symbol, candles)
    bars = closes[::-1][::step][::-1]
    if len(bars) < least_bars:
        needed = (least_bars - 1) * step + 1
        raise Refused(
            "not_enough_data",
            f"A horizon of {horizon_minutes} minutes is seen in bars of {step}, of which the model needs {least_bars}: {needed} unbroken "
            f"one-minute candles; there are {len(closes)}. Raise cycle.candles or lower cycle.horizonMinutes.",
        )
    if bars.min() == bars.max():
        raise Refused("not_enough_data", f"The last {len(bars)} closes of {symbol} are all the same.")
    return Series(symbol, bars / bars[-1] * INDEX, step, ends_at, horizon_minutes // step)


def _unbroken(symbol: str, candles: Sequence[Mapping[str, Any]]) -> tuple[Floats, int]:
    """Closes of the minutes up to the newest without a gap, oldest first, and the end of the newest."""
    if len(candles) == 0:
        return np.array([]), 0
    closes = np.array([_price(symbol, candle["close"]) for candle in candles])
    opens = np.array([int(candle["openAt"]) for candle in candles])
    gaps = np.flatnonzero(np.diff(opens) != MINUTE_MS)
    since = int(gaps[-1]) + 1 if len(gaps) > 0 else 0
    unbroken = closes[since:]
    if unbroken.max() / unbroken.min() > _MOST_RATIO:
        raise Refused("not_enough_data", f"The closes of {symbol} differ by more than a factor of {_MOST_RATIO:.0f}.")
    return unbroken, int(opens[-1]) + MINUTE_MS


def _price(symbol: str, text: str) -> float:
    try:
        price = float(text)
    except ValueError:
        price = float("nan")
    if not isfinite(price) or price <= 0:
        raise Refused("not_enough_data", f"A close of {symbol} is no price: {text[:40]!r}.")
    return price
