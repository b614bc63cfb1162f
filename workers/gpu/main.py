"""
A Temporal worker that answers for one forecaster: `python workers/gpu/main.py lag-llama`, or `fracast`.

It reads TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE and their kin, SAPPHIRE_PAYLOAD_KEYS, SAPPHIRE_HEALTH_ADDRESS, SAPPHIRE_CONFIG,
SAPPHIRE_CACHE, SAPPHIRE_COORDINATOR_URL and SAPPHIRE_COORDINATOR_TOKEN: docs/forecasters.md. Everything else is in the requests, or in the
snapshot that they refer to.
"""

import asyncio
import logging
import os
import signal
import sys
import threading
import time
import warnings
from typing import TYPE_CHECKING

from forecasting.config import (
    ConfigurationFault,
    coordinator_access,
    health_address,
    lag_llama_settings,
    model_folder,
    temporal_access,
)
from forecasting.health import served_health
from forecasting.keys import payload_keys
from forecasting.log import log
from forecasting.refusal import Refused
from forecasting.snapshots import Snapshots

if TYPE_CHECKING:
    from forecasting.models import Forecaster
    from forecasting.versions import Versions

_FORCED_EXIT_SECONDS = 8
"""As of the other processes (runtime/telemetry/process.ts): a forward pass cannot be interrupted."""
_FORECASTERS = ("lag-llama", "fracast")


def main(arguments: list[str]) -> int:
    """The exit code; what went wrong stands on stderr in one sentence."""
    if len(arguments) != 1 or arguments[0] not in _FORECASTERS:
        print(f"Say which forecaster to run: {' or '.join(_FORECASTERS)}.", file=sys.stderr)
        return 2
    try:
        asyncio.run(_run(arguments[0]))
    except ConfigurationFault as fault:
        print(str(fault), file=sys.stderr)
        return 1
    return 0


async def _run(agent_id: str) -> None:
    """The model is loaded once and before the first poll: no question waits for it. A server that is away is noticed before that."""
    stop = asyncio.Event()
    _listen_for_the_end(asyncio.get_running_loop(), stop)
    access = temporal_access()
    keys = payload_keys()
    snapshots = Snapshots(coordinator_access())

    from forecasting.serving import connect, serve

    client = await connect(access, keys)
    async with served_health(*health_address()) as health:
        model = await asyncio.to_thread(_load, agent_id)
        if not stop.is_set():
            await serve(client, agent_id, model, stop, health, snapshots, _versions(agent_id))


def _versions(agent_id: str) -> "Versions | None":
    """Lag-Llama alone is trained here."""
    if agent_id != "lag-llama":
        return None
    from forecasting.versions import Versions
    from forecasting.weights import trained_version

    return Versions(agent_id, model_folder(agent_id), trained_version)


def _load(agent_id: str) -> "Forecaster | Refused":
    """PyTorch is imported here, in a thread: it takes seconds, in which the process must already hear that it shall end."""
    started = time.monotonic()
    warnings.filterwarnings("ignore", message="Using `json`-module")
    logging.getLogger("torch.utils.flop_counter").setLevel(logging.ERROR)
    if agent_id == "fracast":
        from forecasting.models.fracast import Fracast

        model: Forecaster | Refused = Fracast()
    else:
        from forecasting.weights import lag_llama

        model = lag_llama(lag_llama_settings())
    if isinstance(model, Refused):
        log("warn", "no model: it abstains", agent=agent_id, reason=model.reason, detail=model.detail)
    else:
        log(
            "info",
            "the model is loaded",
            agent=agent_id,
            version=model.version,
            seconds=round(time.monotonic() - started, 1),
        )
    return model


def _listen_for_the_end(loop: asyncio.AbstractEventLoop, stop: asyncio.Event) -> None:
    """SIGTERM, SIGINT, or the end of the supervisor, which a supervised process sees as the end of its stdin."""

    def end() -> None:
        if stop.is_set():
            return
        stop.set()
        force = threading.Timer(_FORCED_EXIT_SECONDS, os._exit, args=(1,))
        force.daemon = True
        force.start()

    def read_to_the_end() -> None:
        while os.read(0, 4096):
            pass
        loop.call_soon_threadsafe(end)

    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, end)
    if os.environ.get("SAPPHIRE_SUPERVISED") == "1":
        threading.Thread(target=read_to_the_end, daemon=True).start()


if __name__ == "__main__":
    exit_code = main(sys.argv[1:])
    sys.stdout.flush()
    sys.stderr.flush()
    # Threads of the SDK and of PyTorch live on, and have aborted the process while the interpreter was taken down.
    os._exit(exit_code)
