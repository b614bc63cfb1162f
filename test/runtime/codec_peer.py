"""
The forecasters' codec without a forecaster. `encode` and `decode` take a JSON array of base64 payloads on stdin and answer with one;
`serve ADDRESS QUEUE` answers `scoreDueSignals` until its stdin ends.
"""

import asyncio
import base64
import json
import sys
from typing import Any

from forecasting.codec import EncryptionCodec, data_converter
from forecasting.config import ConfigurationFault
from forecasting.keys import payload_keys
from temporalio import activity
from temporalio.api.common.v1 import Payload
from temporalio.client import Client
from temporalio.exceptions import ApplicationError
from temporalio.worker import Worker


@activity.defn(name="scoreDueSignals")
async def score_due_signals(account: str) -> dict[str, Any]:
    if account == "bad":
        raise ApplicationError("BTC/USDT has no price", type="Refused", non_retryable=True)
    return {"settled": len(account), "unknown": 0, "waiting": 0, "agents": []}


async def serve(address: str, queue: str) -> None:
    client = await Client.connect(address, data_converter=data_converter(payload_keys()))
    async with Worker(client, task_queue=queue, activities=[score_due_signals]):
        print("ready", flush=True)
        await asyncio.to_thread(sys.stdin.read)


async def convert(direction: str) -> None:
    codec = EncryptionCodec(payload_keys())
    payloads = [Payload.FromString(base64.b64decode(each)) for each in json.load(sys.stdin)]
    done = await (codec.encode(payloads) if direction == "encode" else codec.decode(payloads))
    print(json.dumps([base64.b64encode(each.SerializeToString()).decode() for each in done]))


try:
    asyncio.run(serve(*sys.argv[2:]) if sys.argv[1] == "serve" else convert(sys.argv[1]))
except ConfigurationFault as fault:
    sys.exit(str(fault))
