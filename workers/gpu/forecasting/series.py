"""From the candles of a snapshot to the bars that a model sees."""

from dataclasses import dataclass
from math import isfinite

import numpy as np

from forecasting.distribution import Floats
from forecasting.refusal import Refused
from forecasting.request import MINUTE_MS, TIMEFRAMES, Frame, Market

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


def frame_minutes(horizon_minutes: int, most_steps: int) -> int | None:
    """The same of the lengths in which an exchange lists candles: trading/decide/frames.ts asks for the past in these."""
    return next(
        (
            minutes
            for minutes in TIMEFRAMES.values()
            if horizon_minutes <= minutes * most_steps and horizon_minutes % minutes == 0
        ),
        None,
    )


def series_of(
    market: Market, horizon_ms: int, *, most_steps: int, least_bars: int, looks_far: bool = False
) -> Series:
    """
    The bars of one symbol, cut so that the last ends with the last candle. Only what follows the last gap counts. Of the lengths that the snapshot
    has, and their multiples, it is the finest that gives enough bars; whoever looks far takes the long past where there is one.

    :raises Refused: `not_enough_data` with the numbers
    """
    if horizon_ms % MINUTE_MS != 0:
        raise Refused(
            "not_enough_data",
            f"Candles say nothing about a horizon of {horizon_ms} ms; it must be whole minutes.",
        )
    horizon_minutes = horizon_ms // MINUTE_MS
    symbol = market.symbol
    found = [
        series
        for frame in market.frames
        if (series := _bars(symbol, frame, horizon_minutes, most_steps)) is not None
    ]
    if looks_far and market.past is not None:
        far = _bars(symbol, market.past, horizon_minutes, most_steps)
        if far is not None and len(far.closes) >= least_bars:
            return _moving(far)
    enough = [series for series in found if len(series.closes) >= least_bars]
    if not enough:
        most = max((len(series.closes) for series in found), default=0)
        raise Refused(
            "not_enough_data",
            f"A horizon of {horizon_minutes} minutes needs {least_bars} unbroken bars that divide it into at most {most_steps} steps; the candles of "
            f"{symbol} make {most}. Raise cycle.candles, or choose a cycle.horizonMinutes that a longer cycle.timeframe divides.",
        )
    return _moving(min(enough, key=lambda series: (series.bar_minutes, -len(series.closes))))


def _bars(symbol: str, frame: Frame, horizon_minutes: int, most_steps: int) -> Series | None:
    """None where candles of this length do not divide the horizon, or there are none."""
    if horizon_minutes % frame.minutes != 0 or len(frame.closes) == 0:
        return None
    each = bar_minutes(horizon_minutes // frame.minutes, most_steps)
    closes = _unbroken(symbol, frame)
    bars = closes[::-1][::each][::-1]
    length = each * frame.minutes
    ends_at = int(frame.opened_at[-1]) + frame.minutes * MINUTE_MS
    return Series(symbol, bars / bars[-1] * INDEX, length, ends_at, horizon_minutes // length)


def _moving(series: Series) -> Series:
    if series.closes.min() == series.closes.max():
        raise Refused(
            "not_enough_data", f"The last {len(series.closes)} closes of {series.symbol} are all the same."
        )
    return series


def _unbroken(symbol: str, frame: Frame) -> Floats:
    """Closes up to the newest without a gap, oldest first."""
    closes = np.array([_price(symbol, close) for close in frame.closes])
    gaps = np.flatnonzero(np.diff(np.array(frame.opened_at)) != frame.minutes * MINUTE_MS)
    since = int(gaps[-1]) + 1 if len(gaps) > 0 else 0
    unbroken = closes[since:]
    if unbroken.max() / unbroken.min() > _MOST_RATIO:
        raise Refused("not_enough_data", f"The closes of {symbol} differ by more than a factor of {_MOST_RATIO:.0f}.")
    return unbroken


def _price(symbol: str, text: str) -> float:
    try:
        price = float(text)
    except ValueError:
        price = float("nan")
    if not isfinite(price) or price <= 0:
        raise Refused("not_enough_data", f"A close of {symbol} is no price: {text[:40]!r}.")
    return price
