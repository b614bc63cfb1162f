"""Files of weights in both published forms. The weights are random, and each file says so."""

import logging
import sys
from pathlib import Path
from typing import Any

import lightning
import torch
from safetensors.torch import save_file
from sktime.libs.lag_llama.gluon.estimator import LagLlamaEstimator

from forecasting.models.checkpoint import UNTRAINED
from forecasting.models.lag_llama import published_architecture

logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)


def random_weights(seed: int) -> dict[str, torch.Tensor]:
    """As PyTorch initialises the published architecture."""
    torch.manual_seed(seed)
    return dict(published_architecture().state_dict())


def write_safetensors(
    path: Path, tensors: dict[str, torch.Tensor], *, untrained: bool = True, prefix: str = ""
) -> Path:
    named = {f"{prefix}{name}": tensor.contiguous() for name, tensor in tensors.items()}
    save_file(named, path, metadata={UNTRAINED: "true"} if untrained else None)
    return path


def published_estimator(prediction_length: int, samples: int) -> LagLlamaEstimator:
    """The published code around the architecture, with the published hyper-parameters."""
    return LagLlamaEstimator(
        prediction_length=prediction_length,
        context_length=32,
        n_layer=8,
        n_embd_per_head=16,
        n_head=9,
        scaling="robust",
        time_feat=True,
        num_parallel_samples=samples,
        batch_size=1,
        device=torch.device("cpu"),
    )


def write_lightning(path: Path, tensors: dict[str, torch.Tensor], **extra: Any) -> Path:
    """The form of lag-llama.ckpt, written by the published code: its module in a real trainer's checkpoint."""
    module = published_estimator(prediction_length=1, samples=100).create_lightning_module()
    module.model.load_state_dict(tensors)
    trainer = lightning.Trainer(logger=False, accelerator="cpu", barebones=True)
    trainer.strategy.connect(module)
    trainer.save_checkpoint(path)
    content = torch.load(path, weights_only=False)
    torch.save({**content, UNTRAINED: True, **extra}, path)
    return path


if __name__ == "__main__":
    write_safetensors(Path(sys.argv[1]), random_weights(1))
