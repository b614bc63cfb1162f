"""Weights as they come in files. What cannot be trusted or does not fit is refused before it reaches a model."""

import hashlib
import pickle
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import torch
from safetensors import SafetensorError, safe_open

from forecasting.refusal import Refused

UNTRAINED = "untrained"
"""Key of a file's metadata that says: random weights, made to test the code that loads them. They never vote."""


@dataclass(frozen=True)
class Checkpoint:
    """Tensors by their name in the model, and what else the file says."""

    path: Path
    sha256: str
    tensors: dict[str, torch.Tensor]
    model_settings: Mapping[str, Any]
    """Hyper-parameters, where the file has them."""
    untrained: bool


def read_checkpoint(path: Path, expected_sha256: str | None) -> Checkpoint:
    """
    A .safetensors or .ckpt file.

    :raises Refused: `not_configured` when it is not there, `wrong_model` when it is not what was stated or cannot be read
    """
    if not path.is_file():
        raise Refused("not_configured", f"There is no file {path}: check agents.lag-llama.checkpoint.")
    digest = sha256_of(path)
    if expected_sha256 is not None and digest != expected_sha256:
        raise Refused(
            "wrong_model",
            f"{path.name} has the sha256 {digest}, and agents.lag-llama.sha256 is another: it was not opened.",
        )
    if path.suffix == ".safetensors":
        return _read_safetensors(path, digest)
    if expected_sha256 is None:
        raise Refused("not_configured", f"{path.name} is a pickle: state its sha256 in agents.lag-llama.sha256 first.")
    return _read_lightning(path, digest)


def sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _read_safetensors(path: Path, digest: str) -> Checkpoint:
    try:
        with safe_open(path, framework="pt", device="cpu") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (it is no dict)
    except SafetensorError as fault:
        raise Refused("wrong_model", f"{path.name} is no safetensors file: {fault}.") from fault
    return Checkpoint(path, digest, _unwrapped(tensors), {}, metadata.get(UNTRAINED) == "true")


def _read_lightning(path: Path, digest: str) -> Checkpoint:
    try:
        content = torch.load(path, map_location="cpu", weights_only=False, pickle_module=_INERT_PICKLE)
        state = content["state_dict"]
        settings = dict(content.get("hyper_parameters", {}).get("model_kwargs", {}))
        tensors = {str(name): tensor for name, tensor in state.items() if isinstance(tensor, torch.Tensor)}
    except Exception as fault:
        raise Refused(
            "wrong_model", f"{path.name} is no checkpoint of PyTorch Lightning: {str(fault)[:120]}."
        ) from fault
    return Checkpoint(path, digest, _unwrapped(tensors), settings, content.get(UNTRAINED) is True)


def _unwrapped(tensors: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Names as the bare model has them: a trainer's module puts `model.` before each."""
    if all(name.startswith("model.") for name in tensors):
        return {name.removeprefix("model."): tensor for name, tensor in tensors.items()}
    return tensors


class _Inert:
    """Stands for whatever a pickle wants to build beside tensors: takes everything, does nothing."""

    def __init__(self, *args: object, **settings: object) -> None: ...

    def __call__(self, *args: object, **settings: object) -> "_Inert":
        return self

    def __setstate__(self, state: object) -> None: ...

    def __setitem__(self, key: object, value: object) -> None: ...

    def append(self, value: object) -> None: ...

    def extend(self, values: object) -> None: ...


_ALLOWED = {
    ("collections", "OrderedDict"),
    ("torch._utils", "_rebuild_tensor_v2"),
    ("torch._utils", "_rebuild_parameter"),
    ("torch", "Size"),
}


class _InertUnpickler(pickle.Unpickler):
    """Builds tensors and plain values. A checkpoint's own classes are not imported, so none of their code runs."""

    def find_class(self, module_name: str, name: str) -> Any:
        if (module_name, name) in _ALLOWED:
            return super().find_class(module_name, name)
        return _Inert


def _inert_pickle() -> ModuleType:
    module = ModuleType("inert_pickle")
    module.Unpickler = _InertUnpickler  # type: ignore[attr-defined]
    module.load = lambda file, **settings: _InertUnpickler(file, **settings).load()  # type: ignore[attr-defined]
    return module


_INERT_PICKLE = _inert_pickle()
