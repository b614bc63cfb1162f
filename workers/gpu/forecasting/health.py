"""`/healthz` and `/readyz`, answered by the event loop that does the work: one that is stuck answers nothing, and is ended by who watches it."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from http import HTTPStatus

from forecasting.config import ConfigurationFault

_MOST_BATCH_SECONDS = 60.0
"""No cycle waits as long for a forecast: a thread that is not done by then will not be, and a restart mends it."""
_READ_SECONDS = 5.0


async def _not_polling() -> str:
    return "it does not poll yet"


class Health:
    """What this process says of itself at its address; each component is `ok` or what is wrong with it."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.model = "it is being loaded"
        self.temporal: Callable[[], Awaitable[str]] = _not_polling
        self.busy_seconds: Callable[[], float] = lambda: 0.0
        """For how long the batch that is running has been running."""

    async def answer(self, path: str) -> tuple[HTTPStatus, dict[str, object]]:
        """`/healthz`: whether a restart would mend it; `/readyz`: whether it votes."""
        busy = self.busy_seconds()
        alive = {"batch": "ok" if busy < _MOST_BATCH_SECONDS else f"it has been running for {busy:.0f} s"}
        if path == "/healthz":
            return _told(alive)
        if path == "/readyz":
            return _told(alive | {"model": self.model, "temporal": await self.temporal()})
        return HTTPStatus.NOT_FOUND, {"error": "only /healthz and /readyz"}


def _told(components: dict[str, str]) -> tuple[HTTPStatus, dict[str, object]]:
    well = all(words == "ok" for words in components.values())
    status = HTTPStatus.OK if well else HTTPStatus.SERVICE_UNAVAILABLE
    return status, {"status": "ok" if well else "unhealthy", "components": components}


@contextlib.asynccontextmanager
async def served_health(host: str, port: int) -> AsyncIterator[Health]:
    """
    Serves until it is left; port 0 is a free one.

    :raises ConfigurationFault: when the address cannot be listened on
    """

    async def respond(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(_READ_SECONDS):
                request = await reader.readuntil(b"\r\n\r\n")
                status, told = await health.answer(request.split(b" ", 2)[1].decode("ascii", "replace"))
                body = json.dumps(told).encode()
                head = f"HTTP/1.1 {status.value} {status.phrase}\r\nContent-Type: application/json\r\n"
                writer.write(f"{head}Content-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode() + body)
                await writer.drain()
        except (TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, IndexError, ConnectionError):
            # Whoever sends no request gets no answer.
            pass
        finally:
            writer.close()

    try:
        server = await asyncio.start_server(respond, host, port)
    except OSError as fault:
        raise ConfigurationFault(
            f"SAPPHIRE_HEALTH_ADDRESS: {host}:{port} cannot be listened on: {fault.strerror}. Name another, or none for a free port."
        ) from fault
    bound_host, bound_port = server.sockets[0].getsockname()[:2]
    named = f"[{bound_host}]" if ":" in bound_host else bound_host
    health = Health(f"http://{named}:{bound_port}")
    try:
        yield health
    finally:
        server.close()
