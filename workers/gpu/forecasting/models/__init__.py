"""The port that every forecasting model stands behind."""

from collections.abc import Sequence
from typing import Protocol

from forecasting.distribution import Distribution
from forecasting.series import Series


class Forecaster(Protocol):
    """A model that is loaded. It is used by one thread at a time."""

    name: str
    version: str
    """Of the code and the weights, at most 60 characters."""
    most_steps: int
    least_bars: int
    looks_far: bool
    """Whether it takes the long past, where a snapshot has one."""
    most_conviction: float

    def forecast(self, batch: Sequence[Series], seeds: Sequence[int]) -> list[Distribution]:
        """
        Return over the horizon for each series of a batch of equal shape. A series and its seed give the same answer alone and at any
        place of a batch, up to the rounding of floats.
        """
        ...

    def seen(self, series: Series) -> float:
        """Share of the model's inputs that the series gives; the rest is padded."""
        ...

    def notes(self, series: Series) -> list[str]:
        """Evidence of this model's own, each at most 120 characters."""
        ...
