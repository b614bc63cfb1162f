"""
Trains a forecaster on exported history: `python workers/gpu/fine_tune.py lag-llama --data DIR --out FILE.safetensors`.

The last line of stdout is one JSON object with the losses and the hash of the weights (contracts/models.ts); progress goes to stderr.
"""

import argparse
import json
import logging
import os
import signal
import sys
import time
import warnings
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

from forecasting.log import log
from forecasting.refusal import Refused

if TYPE_CHECKING:
    from forecasting.models.checkpoint import Checkpoint

_MOST_WINDOWS = 20_000


def main() -> int:
    """The exit code; what went wrong stands on stderr in one sentence."""
    order = _arguments()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, _end)
    warnings.filterwarnings("ignore")
    logging.getLogger("torch.utils.flop_counter").setLevel(logging.ERROR)
    from training.data import DataFault

    try:
        print(json.dumps(_run(order)), flush=True)
    except (DataFault, Refused) as fault:
        print(str(getattr(fault, "detail", fault)), file=sys.stderr)
        return 1
    return 0


def _end(_signal: int, _frame: FrameType | None) -> None:
    print("The training was called off; nothing was written.", file=sys.stderr)
    sys.stderr.flush()
    os._exit(130)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="fine_tune.py", description=__doc__)
    parser.add_argument("agent", choices=["lag-llama"])
    parser.add_argument("--data", type=Path, required=True, help='made by "./sapphire export training"')
    parser.add_argument("--out", type=Path, required=True, help="a .safetensors file")
    parser.add_argument("--base", type=Path, help="weights to begin with")
    parser.add_argument("--base-sha256", help="of these weights")
    parser.add_argument("--from-scratch", action="store_true", help="begin with random weights")
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--seed", type=int, default=1)
    order = parser.parse_args()
    if (order.base is None) != order.from_scratch or (order.base is None) != (order.base_sha256 is None):
        parser.error("say what to begin with: --base FILE --base-sha256 HASH, or --from-scratch")
    if order.steps < 1 or order.batch < 1 or order.seed < 0 or order.out.suffix != ".safetensors":
        parser.error("--steps and --batch must be at least 1, --seed at least 0, --out a .safetensors file")
    return order


def _run(order: argparse.Namespace) -> dict[str, Any]:
    from forecasting.models.limits import CONTEXT, MOST_STEPS
    from training.data import DataFault, read_data

    started = time.monotonic()
    data = read_data(order.data, most_steps=MOST_STEPS, least_bars=CONTEXT, most_windows=_MOST_WINDOWS)
    windows = data.windows
    counts = {split: len(found) for split, found in windows.items()}
    log("info", "the data is read", windows=counts, dataHash=data.data_hash)

    # What is wrong with the data is said before PyTorch is loaded, which takes seconds.
    import torch

    from forecasting.models.checkpoint import read_checkpoint, sha256_of
    from forecasting.models.lag_llama import LagLlama
    from training.train import loss_of, naive_loss, train

    checkpoint = _scratch(order.seed) if order.base is None else read_checkpoint(order.base, order.base_sha256)
    base = "scratch" if order.base is None else f"sha256 {checkpoint.sha256[:12]}"
    forecaster = LagLlama(checkpoint)
    base_loss = loss_of(forecaster, windows["test"])

    def tell(step: int, training: float, validation: float) -> None:
        log("info", "training", step=step, of=order.steps, trainLoss=round(training, 4), validationLoss=round(validation, 4))

    trained = train(
        forecaster, windows, steps=order.steps, batch=order.batch, seed=order.seed, on_progress=tell
    )
    if trained.best_step == 0:
        raise DataFault(
            f"Nothing was learned in {trained.steps} steps: no weights did better on the validation part than those it began with. "
            "Give it more --steps or more history."
        )
    held_out = loss_of(forecaster, windows["test"])
    metadata = {
        "trained_on": data.data_hash,
        "base": base,
        "steps": str(trained.steps),
        "seed": str(order.seed),
        "held_out_loss": repr(held_out),
    }
    _write(order.out, forecaster.model.state_dict(), metadata)
    digest = sha256_of(order.out)
    return {
        "agent": order.agent,
        "version": f"sha256 {digest[:12]}",
        "file": str(order.out),
        "sha256": digest,
        "dataHash": data.data_hash,
        "base": base,
        "steps": trained.steps,
        "bestStep": trained.best_step,
        "trainLoss": trained.train_loss,
        "validationLoss": trained.validation_loss,
        "heldOutLoss": held_out,
        "baseLoss": base_loss,
        "naiveLoss": naive_loss(windows),
        "windows": counts,
        "seconds": round(time.monotonic() - started, 1),
        "device": "cuda" if torch.cuda.is_available() else "cpu",
    }


def _scratch(seed: int) -> "Checkpoint":
    import torch

    from forecasting.models.checkpoint import Checkpoint
    from forecasting.models.lag_llama import published_architecture

    torch.manual_seed(seed)
    return Checkpoint(Path("scratch"), "0" * 64, dict(published_architecture().state_dict()), {}, untrained=True)


def _write(place: Path, tensors: dict[str, Any], metadata: dict[str, str]) -> None:
    """Beside its place first: what interrupts it leaves no half file under the name."""
    from safetensors.torch import save_file

    draft = place.with_name(f".{place.name}.part")
    place.parent.mkdir(parents=True, exist_ok=True)
    save_file({name: tensor.cpu().contiguous() for name, tensor in tensors.items()}, draft, metadata=metadata)
    with draft.open("rb") as file:
        os.fsync(file.fileno())
    draft.rename(place)


if __name__ == "__main__":
    exit_code = main()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(exit_code)
