"""Where Lag-Llama's weights come from, and whether they may vote."""

from pathlib import Path

from forecasting.config import LagLlamaSettings, cache_folder
from forecasting.models import Forecaster
from forecasting.models.checkpoint import Checkpoint, read_checkpoint
from forecasting.models.lag_llama import LagLlama
from forecasting.refusal import Refused

_FILE = "model.safetensors"
_REMEDY = (
    "Lag-Llama has no weights: set agents.lag-llama.checkpoint to a file, or agents.lag-llama.hub to "
    "time-series-foundation-models/Lag-Llama, and start its worker again."
)


def lag_llama(settings: LagLlamaSettings) -> Forecaster | Refused:
    """The model with the configured weights, or why it does not vote. Random weights never do."""
    try:
        checkpoint = _checkpoint(settings)
        if checkpoint.untrained:
            raise Refused(
                "wrong_model",
                f"{checkpoint.path.name} says of itself that it is untrained: random weights do not vote.",
            )
        return LagLlama(checkpoint)
    except Refused as refused:
        return refused


def trained_version(path: Path, sha256: str) -> Forecaster | Refused:
    """A version that was trained here, or why it does not vote."""
    if not path.is_file():
        return Refused(
            "wrong_model",
            f"The weights {path.name} are not on this machine: copy them to {path.parent}, or set SAPPHIRE_MODELS to where they are.",
        )
    try:
        checkpoint = read_checkpoint(path, sha256)
        if checkpoint.untrained:
            raise Refused("wrong_model", f"{path.name} says of itself that it is untrained: random weights do not vote.")
        return LagLlama(checkpoint)
    except Refused as refused:
        return refused


def _checkpoint(settings: LagLlamaSettings) -> Checkpoint:
    if settings.checkpoint is not None and settings.hub is not None:
        raise Refused(
            "not_configured", "agents.lag-llama has both checkpoint and hub: the weights come from one place."
        )
    if settings.checkpoint is not None:
        return read_checkpoint(settings.checkpoint, settings.sha256)
    if settings.hub is not None:
        return read_checkpoint(_fetched(settings.hub), settings.sha256)
    raise Refused("not_configured", _REMEDY)


def _fetched(repository: str) -> Path:
    """A repository's weights, from the cache once they are there."""
    from huggingface_hub import hf_hub_download

    try:
        return Path(hf_hub_download(repository, _FILE, cache_dir=cache_folder() / "hub", etag_timeout=5))
    except Exception as fault:
        raise Refused(
            "unavailable",
            f"{_FILE} of {repository} could not be fetched from the Hugging Face Hub ({type(fault).__name__}). Start the worker where the "
            "hub is within reach, or fetch the file yourself and set agents.lag-llama.checkpoint.",
        ) from fault
