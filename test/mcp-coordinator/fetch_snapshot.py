"""Fetches the snapshot that the question on stdin refers to, as a forecaster's worker does. Prints what came of it as one JSON object."""

import asyncio
import json
import sys

from forecasting.config import coordinator_access
from forecasting.refusal import Refused
from forecasting.request import InvalidInput, read_request
from forecasting.snapshots import Snapshots, reference_in


async def main() -> dict[str, object]:
    question = json.load(sys.stdin)
    try:
        reference = reference_in(question)
        if reference is None:
            return {"inline": True}
        snapshot = await Snapshots(coordinator_access()).fetch(reference, 10)
        request = read_request({**question, "snapshot": snapshot})
    except Refused as refused:
        return {"reason": refused.reason, "detail": refused.detail}
    except InvalidInput as fault:
        return {"invalid": str(fault)}
    return {
        "snapshotId": request.snapshot_id,
        "takenAt": request.taken_at,
        "symbols": [market.symbol for market in request.markets],
        "frames": [
            [(frame.minutes, frame.opened_at[-1], frame.closes[-1]) for frame in market.frames] for market in request.markets
        ],
        "pasts": [
            market.past and (market.past.minutes, market.past.opened_at[-1], market.past.closes[-1])
            for market in request.markets
        ],
    }


print(json.dumps(asyncio.run(main())))
