"""fracast: a small convolutional forecaster whose trained weights come in its package, so that a real model runs offline."""

from collections.abc import Sequence
from importlib.metadata import version
from importlib.resources import as_file, files

import numpy as np
import torch
from fracast import FracastModel

from forecasting.distribution import Distribution
from forecasting.models.checkpoint import sha256_of
from forecasting.series import INDEX, Series


class Fracast:
    """Nine quantiles of each step, up to 48 steps ahead; a context shorter than its 2048 bars is masked."""

    name = "fracast"
    most_steps = 48
    least_bars = 32
    looks_far = False
    most_conviction = 0.4

    def __init__(self) -> None:
        self._device = "cuda" if torch.cuda.is_available() else "cpu"
        with as_file(files("fracast") / "weights" / "model.safetensors") as weights:
            self.version = f"{version('fracast')}, sha256 {sha256_of(weights)[:12]}"
        self._model = FracastModel.from_pretrained(weights="fp32", device=self._device)

    def forecast(self, batch: Sequence[Series], seeds: Sequence[int]) -> list[Distribution]:
        """It draws nothing: the seeds change nothing."""
        rows = np.stack([series.closes for series in batch])
        quantiles = self._model.forecast_batch(rows, horizon=batch[0].steps)[:, -1, :]
        levels = np.asarray(self._model.quantiles)
        return [Distribution.of_quantiles(levels, row / INDEX - 1) for row in quantiles]

    def seen(self, series: Series) -> float:
        """A shorter context is masked and not made up."""
        return 1.0

    def notes(self, series: Series) -> list[str]:
        return [f"9 quantiles, nothing drawn, on {self._device}"]
