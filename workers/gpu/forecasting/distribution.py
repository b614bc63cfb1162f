"""What a model says of one return, as quantiles: sample paths and quantile forecasts become the same thing here."""

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

FLAT_BAND = 0.002
"""A smaller move is called flat by every agent alike: domain/statistics/statistics.ts."""

_NORMAL = NormalDist()
_DECILES = np.arange(1, 10) / 10
_Z90 = _NORMAL.inv_cdf(0.9)
_LEAST_SPREAD = 1e-4
"""A market that stood still may move nevertheless: 1 basis point, as in domain/statistics/statistics.ts."""


@dataclass(frozen=True)
class Distribution:
    """Quantiles of a return: `values[i]` is the quantile at `levels[i]`; levels within (0, 1), both ascending."""

    levels: Floats
    values: Floats

    @staticmethod
    def of_quantiles(levels: Floats, values: Floats) -> "Distribution":
        """Crossed quantiles are put in order (Chernozhukov, Fernandez-Val, Galichon 2010): no less exact, and a distribution."""
        return Distribution(np.asarray(levels, dtype=np.float64), np.sort(np.asarray(values, dtype=np.float64)))

    @staticmethod
    def of_samples(samples: Floats) -> "Distribution":
        """n samples are n quantiles: the i-th smallest stands at (i - 1/2) / n."""
        count = len(samples)
        return Distribution.of_quantiles((np.arange(count) + 0.5) / count, samples)

    def is_usable(self) -> bool:
        """Whether the middle of it is a return that a market can have: finite, and within half of the price."""
        return bool(np.isfinite(self.values).all() and np.abs(self._deciles()).max() < 0.5)

    def quantile(self, level: float) -> float:
        """Value at a level that lies within the given ones."""
        return float(np.interp(level, self.levels, self.values))

    def mean(self) -> float:
        """Mean of the nine deciles: a tail that one sample path made does not move it."""
        return float(self._deciles().mean())

    def deviation(self) -> float:
        """Standard deviation of the normal distribution with the same distance from q10 to q90; 1 basis point or more."""
        return max(_LEAST_SPREAD, (self.quantile(0.9) - self.quantile(0.1)) / (2 * _Z90))

    def below(self, value: float) -> float:
        """
        Chance of a return below the value. Between quantiles the normal score of the level is linear in the value, which is exact for a
        normal distribution; beyond the outermost it goes on with the slope of the whole, so that nothing is held to be impossible.
        """
        scores = np.array([_NORMAL.inv_cdf(level) for level in self.levels])
        if value <= self.values[0]:
            score = scores[0] + (value - self.values[0]) / self.deviation()
        elif value >= self.values[-1]:
            score = scores[-1] + (value - self.values[-1]) / self.deviation()
        else:
            score = float(np.interp(value, self.values, scores))
        return _NORMAL.cdf(score)

    def outcomes(self, band: float = FLAT_BAND) -> dict[str, float]:
        """Chances of a return above, within and below +-band; they add up to 1."""
        down, not_up = self.below(-band), self.below(band)
        return {"up": 1 - not_up, "flat": max(0.0, not_up - down), "down": down}

    def _deciles(self) -> Floats:
        return np.interp(_DECILES, self.levels, self.values)
