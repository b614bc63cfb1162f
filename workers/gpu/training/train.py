"""Fine-tuning of Lag-Llama by the likelihood of what came."""

import copy
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from scipy import stats

from forecasting.models.lag_llama import LagLlama
from forecasting.models.limits import CONTEXT
from training.data import Window

_EVALUATIONS = 8
"""Of the validation part, over a whole training."""
_PATIENCE = 3
"""Evaluations without a better one, after which training ends."""
_RATE = 5e-4
_CLIP = 1.0
_EVALUATION_BATCH = 64


@dataclass(frozen=True)
class Trained:
    """Losses are mean negative log-likelihoods of one step, of closes in the index of 100."""

    steps: int
    best_step: int
    train_loss: float
    validation_loss: float


def train(
    forecaster: LagLlama,
    windows: dict[str, list[Window]],
    *,
    steps: int,
    batch: int,
    seed: int,
    on_progress: Callable[[int, float, float], None],
) -> Trained:
    """Leaves the forecaster with the weights that did best on the validation part; those that it came with count as well."""
    model = forecaster.model
    random = np.random.default_rng(seed)
    torch.manual_seed(seed)
    optimiser = torch.optim.AdamW(model.parameters(), lr=_RATE, weight_decay=0.01)
    every = max(1, steps // _EVALUATIONS)
    best = (loss_of(forecaster, windows["validation"]), 0, copy.deepcopy(model.state_dict()))
    recent: list[float] = []
    told = time.monotonic()
    step = worse = 0
    while step < steps and worse < _PATIENCE:
        step += 1
        chosen = [windows["train"][int(place)] for place in random.integers(0, len(windows["train"]), batch)]
        model.train()
        loss = _nll(forecaster, chosen).mean()
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), _CLIP)
        optimiser.step()
        recent.append(float(loss.detach()))
        if step % every == 0 or step == steps:
            validation = loss_of(forecaster, windows["validation"])
            worse = 0 if validation < best[0] else worse + 1
            if validation < best[0]:
                best = (validation, step, copy.deepcopy(model.state_dict()))
        if step % every == 0 or step == steps or time.monotonic() - told >= 2:
            told = time.monotonic()
            on_progress(step, float(np.mean(recent[-every:])), best[0])
    model.load_state_dict(best[2])
    model.eval()
    return Trained(step, best[1], loss_of(forecaster, windows["train"][:: max(1, len(windows["train"]) // 256)]), best[0])


@torch.no_grad()
def loss_of(forecaster: LagLlama, windows: Sequence[Window]) -> float:
    """Of the steps that are to be forecast, each with those before it known."""
    forecaster.model.eval()
    parts = [
        _nll(forecaster, windows[start : start + _EVALUATION_BATCH]).flatten()
        for start in range(0, len(windows), _EVALUATION_BATCH)
    ]
    return float(torch.cat(parts).double().mean())


def _nll(forecaster: LagLlama, windows: Sequence[Window]) -> torch.Tensor:
    """As [window, step], of the steps to be forecast alone: the last bar before them is 100 in every window, which is nothing to learn."""
    past, observed, past_clock, next_clock = forecaster.inputs([window.series for window in windows])
    future = torch.as_tensor(np.stack([window.future for window in windows]), dtype=past.dtype, device=past.device)
    parameters, location, scale = forecaster.model(
        past_target=past,
        past_observed_values=observed,
        past_time_feat=past_clock,
        future_time_feat=next_clock,
        future_target=future,
    )
    distribution = forecaster.model.distr_output.distribution(parameters, loc=location, scale=scale)
    target = torch.cat((past[:, -(CONTEXT - 1) :], future), dim=1)
    return -distribution.log_prob(target)[:, -future.shape[1] :]


def naive_loss(windows: dict[str, list[Window]]) -> float:
    """Of a random walk whose relative steps are Student-t, fitted to the training part and asked about the test part."""

    def moves(found: list[Window]) -> tuple[np.ndarray, np.ndarray]:
        closes = np.stack([np.concatenate((window.series.closes[-1:], window.future)) for window in found])
        return closes[:, :-1].ravel(), closes[:, 1:].ravel()

    before, after = moves(windows["train"])
    freedom, centre, width = stats.t.fit(after / before - 1)
    before, after = moves(windows["test"])
    return float(-np.mean(stats.t.logpdf(after, freedom, before * (1 + centre), before * width)))
