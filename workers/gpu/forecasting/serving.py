"""The Temporal side: one activity on one queue, beating while the model works."""

import asyncio
import contextlib
import json
import os
import secrets
import socket
import time
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from typing import Any

from temporalio import activity
from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest
from temporalio.client import Client
from temporalio.exceptions import ApplicationError
from temporalio.service import RPCError, TLSConfig
from temporalio.worker import Worker

from forecasting.answer import abstention, answer
from forecasting.codec import data_converter
from forecasting.config import ConfigurationFault, TemporalAccess
from forecasting.health import Health
from forecasting.keys import PayloadKey
from forecasting.log import log
from forecasting.models import Forecaster
from forecasting.refusal import Refused
from forecasting.request import InvalidInput, read_request
from forecasting.seat import Seat
from forecasting.snapshots import Reference, Snapshots, reference_in
from forecasting.versions import Versions

_BEAT_SECONDS = 1.0
_REPLY_RESERVE_SECONDS = 0.5
"""Kept free of the start-to-close timeout, so that an abstention still reaches the cycle."""
_GRACE = timedelta(seconds=5)
_READY_SECONDS = 30
_LOOK = timedelta(seconds=1)


async def connect(access: TemporalAccess, keys: Sequence[PayloadKey] = ()) -> Client:
    """:raises ConfigurationFault: when no server answers there, or it refuses us"""
    settings = TLSConfig(
        server_root_ca_cert=access.server_authority,
        domain=access.server_name,
        client_cert=access.client_certificate,
        client_private_key=access.client_key,
    )
    try:
        return await Client.connect(
            access.address,
            namespace=access.namespace,
            data_converter=data_converter(keys),
            api_key=access.api_key,
            tls=settings if access.tls else False,
            # Its own in every life of a process: the server remembers the pollers of the last minutes.
            identity=f"{os.getpid()}@{socket.gethostname()}-{secrets.token_hex(4)}",
            connect_timeout=timedelta(seconds=10),
        )
    except RuntimeError as fault:
        log("error", "the connection failed", address=access.address, error=str(fault))
        raise ConfigurationFault(
            f"No Temporal server takes this worker at {access.address}. Set TEMPORAL_ADDRESS, and for Temporal Cloud the variables that "
            "docs/forecasters.md names."
        ) from fault


async def serve(
    client: Client,
    agent_id: str,
    forecaster: Forecaster | Refused,
    stop: asyncio.Event,
    health: Health,
    snapshots: Snapshots,
    versions: Versions | None = None,
) -> None:
    """
    Answers on the agent's queue until `stop` is set; says on stdout when it polls, and where its health is told.

    :raises ConfigurationFault: when the server does not let it poll
    """

    @activity.defn(name="askAgent")
    async def ask_agent(asked: str, request: Any) -> dict[str, Any]:
        return await _answer(agent_id, seat, versions, snapshots, asked, request)

    async def reached() -> str:
        try:
            await client.service_client.check_health(timeout=_LOOK)
        except RPCError as fault:
            return f"the server does not answer: {str(fault)[:200]}"
        return "ok"

    seat = Seat(agent_id, forecaster)
    health.model = forecaster.detail if isinstance(forecaster, Refused) else "ok"
    health.busy_seconds = lambda: max(seat.busy_seconds, versions.busy_seconds if versions is not None else 0.0)
    queue = f"agents-{agent_id}"
    worker = Worker(
        client, task_queue=queue, activities=[ask_agent], max_concurrent_activities=16, graceful_shutdown_timeout=_GRACE
    )
    model = asyncio.create_task(seat.serve())
    running = asyncio.create_task(worker.run())
    stopping = asyncio.create_task(stop.wait())
    polling = asyncio.create_task(_until_polling(client, queue))
    try:
        await asyncio.wait({running, stopping, polling, model}, return_when=asyncio.FIRST_COMPLETED)
        if polling.done():
            await polling
            health.temporal = reached
            print(json.dumps({"ready": True, "url": health.url}), flush=True)
            log("info", "ready", queue=queue, url=health.url)
        await asyncio.wait({running, stopping, model}, return_when=asyncio.FIRST_COMPLETED)
        if not running.done():
            await worker.shutdown()
        await running
        if model.done():
            await model
    except (RuntimeError, RPCError) as fault:
        raise ConfigurationFault(f"The worker of {queue} cannot poll: {str(fault)[:200]}.") from fault
    finally:
        for task in (model, stopping, polling):
            task.cancel()
        if versions is not None:
            versions.close()


async def _until_polling(client: Client, queue: str) -> None:
    """Resolves once the server knows this process as one that takes work from the queue."""
    request = DescribeTaskQueueRequest(
        namespace=client.namespace,
        task_queue=TaskQueue(name=queue),
        task_queue_type=TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY,
    )
    for _ in range(_READY_SECONDS * 10):
        described = await client.workflow_service.describe_task_queue(request)
        if any(poller.identity == client.identity for poller in described.pollers):
            return
        await asyncio.sleep(0.1)
    raise RuntimeError(f"the server did not see it within {_READY_SECONDS} s")


async def _answer(
    agent_id: str, seat: Seat, versions: Versions | None, snapshots: Snapshots, asked: str, value: Any
) -> dict[str, Any]:
    started = time.perf_counter()
    try:
        reference = reference_in(value)
        if reference is not None:
            try:
                async with _beating():
                    value = {**value, "snapshot": await snapshots.fetch(reference, _seconds_left())}
            except Refused as refused:
                return _without_snapshot(asked, reference, refused, value, time.perf_counter() - started)
        request = read_request(value)
        if request.weights is not None and versions is not None:
            async with _beating():
                seat = await versions.seat(asked, request.weights)
        elif asked != agent_id or request.weights is not None:
            raise InvalidInput(f"this queue belongs to {agent_id}, not to {asked!r:.40}.")
    except InvalidInput as fault:
        raise ApplicationError(
            f"The request to {agent_id} is not valid: {fault}", type="InvalidInput", non_retryable=True
        ) from fault
    async with _beating():
        given = await seat.answer(request, _seconds_left() - (time.perf_counter() - started))
    log(
        "info",
        "agent answered",
        correlationId=request.correlation_id,
        cycleId=request.cycle_id,
        agent=asked,
        attempt=activity.info().attempt,
        model=given["version"],
        latencyMs=given["latencyMs"],
        opinions={opinion["symbol"]: opinion.get("reason", opinion["kind"]) for opinion in given["opinions"]},
        batches=seat.batch_sizes[-2:],
    )
    return given


def _without_snapshot(
    asked: str, reference: Reference, refused: Refused, value: dict[str, Any], seconds: float
) -> dict[str, Any]:
    log("warn", "no snapshot: it abstains", cycleId=value.get("cycleId"), agent=asked, detail=refused.detail)
    opinions = [abstention(asked, symbol, refused) for symbol in reference.symbols]
    return answer(asked, opinions, "none", "none", seconds * 1_000)


def _seconds_left() -> float:
    """From its start, by this machine's clock alone: the server's, which says when the activity started, may be another."""
    limit = activity.info().start_to_close_timeout
    assert limit is not None, "the cycle states one"
    return limit.total_seconds() - _REPLY_RESERVE_SECONDS


@contextlib.asynccontextmanager
async def _beating() -> AsyncIterator[None]:
    """Beats each second, so that the death of this process is noticed within the heartbeat timeout, and a cancellation reaches it."""

    async def beat() -> None:
        while True:
            activity.heartbeat()
            await asyncio.sleep(_BEAT_SECONDS)

    beats = asyncio.create_task(beat())
    try:
        yield
    finally:
        beats.cancel()
