"""
Lag-Llama (Rasul et al. 2023, "Lag-Llama: Towards Foundation Models for Probabilistic Time Series Forecasting").

The architecture is the published one, from the package sktime; the hyper-parameters are those of the published checkpoint, written out
here, so that a file of weights either fits them or is refused. The weights are not part of this project.
"""

import warnings
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from typing import Any, Final

import numpy as np
import pandas as pd
import torch
from gluonts.time_feature import get_lags_for_frequency, time_features_from_frequency_str
from gluonts.torch.distributions import StudentTOutput
from scipy.special import stdtrit
from sktime.libs.lag_llama.model.module import LagLlamaModel

from forecasting.distribution import Distribution, Floats
from forecasting.models.checkpoint import Checkpoint
from forecasting.models.limits import CONTEXT, MOST_STEPS, PAST_BARS
from forecasting.refusal import Refused
from forecasting.series import INDEX, MINUTE_MS, Series

SAMPLES: Final = 100
PARAMETERS: Final = 2_449_299
SETTINGS: Final[Mapping[str, Any]] = {
    "input_size": 1,
    "n_layer": 8,
    "n_embd_per_head": 16,
    "n_head": 9,
    "scaling": "robust",
    "time_feat": True,
}
_FREQUENCIES: Final = ("Q", "M", "W", "D", "H", "T", "S")
_STEPS_OF_CLOCK: Final = "S"
"""Lag-Llama describes each bar by second, minute, hour, weekday, day and day of the year, whatever the length of a bar."""


def lags() -> list[int]:
    """How far back each of the 84 lag features looks, in bars; 0 is the bar itself."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        found = {lag for name in _FREQUENCIES for lag in get_lags_for_frequency(name, num_default_lags=1)}
    return [lag - 1 for lag in sorted(found)]


def published_architecture() -> LagLlamaModel:
    """The module without trained weights: for `with_weights`, and for tests."""
    return LagLlamaModel(
        **SETTINGS,
        context_length=CONTEXT,
        max_context_length=2048,
        lags_seq=lags(),
        distr_output=StudentTOutput(),
        num_parallel_samples=SAMPLES,
    ).eval()


def with_weights(checkpoint: Checkpoint) -> LagLlamaModel:
    """
    The published architecture with exactly the tensors of a checkpoint.

    :raises Refused: `wrong_model` when a tensor is missing, unknown, of another shape or not finite, or a hyper-parameter differs
    """
    name = checkpoint.path.name
    for setting, expected in {**SETTINGS, "lags_seq": lags(), "rope_scaling": None}.items():
        found = checkpoint.model_settings.get(setting, expected)
        if found != expected:
            raise Refused("wrong_model", f"{name} has {setting} {found!r}, and Lag-Llama as published {expected!r}.")
    model = published_architecture()
    wanted, given = model.state_dict(), checkpoint.tensors
    faults = [
        *(f"{key} is missing" for key in wanted if key not in given),
        *(f"{key} is unknown" for key in given if key not in wanted),
        *(
            f"{key} has the shape {tuple(given[key].shape)} instead of {tuple(tensor.shape)}"
            for key, tensor in wanted.items()
            if key in given and given[key].shape != tensor.shape
        ),
        *(
            f"{key} holds values that are not finite"
            for key, tensor in given.items()
            if not torch.isfinite(tensor).all()
        ),
    ]
    if faults:
        more = f", and {len(faults) - 2} more faults" if len(faults) > 2 else ""
        raise Refused("wrong_model", f"{name} does not fit Lag-Llama as published: {'; '.join(faults[:2])}{more}.")
    model.load_state_dict(given, strict=True)
    return model


class LagLlama:
    """
    Sample paths by the model's own Student-t steps, each fed back as the next input.

    Of an exchange that lists 1,124 bars nothing is padded. Where there are fewer, every lag beyond the first bar is padded with the first close, and
    not with zero as GluonTS pads: a missing past then says "no change" and not "price zero". Padded bars take no part in the scaling; their share
    lowers the conviction.
    """

    name = "lag-llama"
    most_steps = MOST_STEPS
    least_bars = CONTEXT
    looks_far = True
    most_conviction = 0.5

    def __init__(self, checkpoint: Checkpoint) -> None:
        self._device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self.model = with_weights(checkpoint).to(self._device)
        self._lags = lags()
        self._past = PAST_BARS
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)
            self._clock = time_features_from_frequency_str(_STEPS_OF_CLOCK)
        self.version = f"sktime {version('sktime')}, sha256 {checkpoint.sha256[:12]}"

    def forecast(self, batch: Sequence[Series], seeds: Sequence[int]) -> list[Distribution]:
        paths = self.sample_paths(batch, seeds)
        return [Distribution.of_samples(ends / INDEX - 1) for ends in paths[:, :, -1]]

    def seen(self, series: Series) -> float:
        return sum(lag < len(series.closes) for lag in self._lags) / len(self._lags)

    def notes(self, series: Series) -> list[str]:
        seen = sum(lag < len(series.closes) for lag in self._lags)
        return [
            f"{SAMPLES} sample paths, context {CONTEXT} bars, on {self._device.type}",
            f"{seen} of {len(self._lags)} lags lie within the snapshot"
            + ("" if seen == len(self._lags) else ", the others are padded with its first close"),
        ]

    @torch.inference_mode()
    def sample_paths(self, batch: Sequence[Series], seeds: Sequence[int]) -> Floats:
        """
        Closes of each step, as [series, sample, step].

        Each step is the Student-t quantile of a uniform number that depends on the seed, the sample and the step alone. A generator shared
        by the batch would give a series other paths at another place in it.
        """
        steps = batch[0].steps
        uniforms = np.concatenate(
            [np.random.default_rng(seed).uniform(1e-9, 1 - 1e-9, (SAMPLES, steps)) for seed in seeds]
        )
        past, observed, past_clock, next_clock = (part.repeat_interleave(SAMPLES, 0) for part in self.inputs(batch))
        taken: list[torch.Tensor] = []
        try:
            for step in range(steps):
                parameters, location, scale = self.model(
                    past_target=past,
                    past_observed_values=observed,
                    past_time_feat=past_clock,
                    future_time_feat=next_clock[:, : step + 1],
                    use_kv_cache=True,
                )
                freedom, centre, width = (parameter[:, -1:] for parameter in parameters)
                deviates = stdtrit(freedom.double().cpu().numpy(), uniforms[:, step : step + 1])
                drawn = centre + width * torch.as_tensor(deviates, dtype=past.dtype, device=self._device)
                taken.append(drawn * scale + location)
                past = torch.cat((past, taken[-1]), dim=1)
                observed = torch.cat((observed, torch.ones_like(taken[-1])), dim=1)
        finally:
            self.model.reset_cache()
        return torch.cat(taken, dim=1).reshape(len(batch), SAMPLES, steps).double().cpu().numpy()

    def inputs(self, batch: Sequence[Series]) -> tuple[torch.Tensor, ...]:
        """Targets and which of them are observed as [series, past]; the clock of past and next bars as [series, bars, 6]."""
        pasts = [series.closes[-self._past :] for series in batch]
        paddings = [self._past - len(past) for past in pasts]
        target = np.stack([np.pad(past, (missing, 0), "edge") for past, missing in zip(pasts, paddings, strict=True)])
        observed = np.stack([np.arange(self._past) >= missing for missing in paddings]).astype(float)
        clocks = np.stack([self._clock_of(series) for series in batch])
        parts = (target, observed, clocks[:, : self._past], clocks[:, self._past :])
        return tuple(torch.as_tensor(part, dtype=torch.float32, device=self._device) for part in parts)

    def _clock_of(self, series: Series) -> Floats:
        """Of every bar from the oldest that a lag reaches to the last that is forecast, as [bars, 6]: each by its start, as GluonTS has it."""
        bar_ms = series.bar_minutes * MINUTE_MS
        starts = series.ends_at + bar_ms * np.arange(-self._past, series.steps)
        index = pd.DatetimeIndex(pd.to_datetime(starts, unit="ms", utc=True))
        return np.stack([np.asarray(feature(index)) for feature in self._clock], axis=-1)
