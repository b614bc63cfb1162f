"""Joins Sapphire's consensus as a seventh agent, by nothing but the MCP SDK and a token.

Environment: SAPPHIRE_MCP_URL, SAPPHIRE_MCP_TOKEN. Prints one JSON object.
"""

import asyncio
import json
import os

import httpx2
from mcp import Client
from mcp.client.streamable_http import streamable_http_client


async def main() -> None:
    headers = {"Authorization": f"Bearer {os.environ['SAPPHIRE_MCP_TOKEN']}"}
    async with httpx2.AsyncClient(headers=headers) as http:
        transport = streamable_http_client(os.environ["SAPPHIRE_MCP_URL"], http_client=http)
        async with Client(transport) as client:
            listed = await client.call_tool("list_participation", {})
            question = listed.structured_content["question"]
            submission = {
                "requestId": "seventh-1",
                "model": "coin-toss",
                "signals": [
                    {
                        "symbol": symbol,
                        "probabilities": {"up": 0.4, "flat": 0.3, "down": 0.3},
                        "expectedReturn": 0.0005,
                        "uncertainty": 0.01,
                        "conviction": 0.1,
                        "horizonMs": question["horizonMs"],
                    }
                    for symbol in question["symbols"]
                ],
            }
            receipt = await client.call_tool("submit_signal", submission)
            forbidden = await client.call_tool(
                "set_policy",
                {"requestId": "x", "settings": {"minConviction": 0}, "by": "guest", "reason": "greed"},
            )
            print(
                json.dumps(
                    {
                        "tools": sorted(tool.name for tool in (await client.list_tools()).tools),
                        "receipt": receipt.structured_content,
                        "forbidden": forbidden.is_error,
                    }
                )
            )


asyncio.run(main())
