import asyncio
import contextlib
import json
import unittest
import urllib.error
import urllib.request
from typing import Any

from forecasting.config import ConfigurationFault, health_address
from forecasting.health import served_health


def _get(url: str) -> tuple[int, dict[str, Any]]:
    try:
        with urllib.request.urlopen(url, timeout=5) as response:
            return response.status, json.load(response)
    except urllib.error.HTTPError as refusal:
        return refusal.code, json.load(refusal)


class HealthTest(unittest.IsolatedAsyncioTestCase):
    async def test_it_works_before_it_votes_and_says_what_it_waits_for(self) -> None:
        async with served_health("127.0.0.1", 0) as health:
            self.assertEqual((await asyncio.to_thread(_get, f"{health.url}/healthz"))[0], 200)
            status, told = await asyncio.to_thread(_get, f"{health.url}/readyz")
            self.assertEqual(status, 503)
            self.assertEqual(told["components"]["temporal"], "it does not poll yet")

            async def reached() -> str:
                return "ok"

            health.model, health.temporal = "ok", reached
            status, told = await asyncio.to_thread(_get, f"{health.url}/readyz")
            self.assertEqual((status, told["status"]), (200, "ok"))
            self.assertEqual((await asyncio.to_thread(_get, f"{health.url}/orders"))[0], 404)

    async def test_its_address_of_ipv6_stands_in_brackets(self) -> None:
        async with served_health("::1", 0) as health:
            self.assertRegex(health.url, r"^http://\[::1\]:\d+$")
            self.assertEqual((await asyncio.to_thread(_get, f"{health.url}/healthz"))[0], 200)

    async def test_a_batch_without_end_is_mended_by_a_restart(self) -> None:
        async with served_health("127.0.0.1", 0) as health:
            health.busy_seconds = lambda: 61.0
            status, told = await asyncio.to_thread(_get, f"{health.url}/healthz")
            self.assertEqual((status, told["components"]), (503, {"batch": "it has been running for 61 s"}))

    async def test_who_sends_no_request_harms_nobody(self) -> None:
        async with served_health("127.0.0.1", 0) as health:
            host, port = health.url.removeprefix("http://").split(":")
            for words in (b"", b"\r\n\r\n", b"GET\r\n\r\n", b"x" * 100_000):
                reader, writer = await asyncio.open_connection(host, int(port))
                writer.write(words)
                writer.write_eof()
                with contextlib.suppress(ConnectionError):
                    self.assertEqual(await reader.read(), b"")
                writer.close()
            self.assertEqual((await asyncio.to_thread(_get, f"{health.url}/healthz"))[0], 200)

    async def test_a_taken_address_is_said_in_one_sentence(self) -> None:
        async with served_health("127.0.0.1", 0) as health:
            port = int(health.url.rsplit(":", 1)[1])
            with self.assertRaisesRegex(ConfigurationFault, f"127.0.0.1:{port} cannot be listened on"):
                async with served_health("127.0.0.1", port):
                    pass

    def test_an_address_is_a_host_and_a_port(self) -> None:
        self.assertEqual(health_address({}), ("127.0.0.1", 0))
        self.assertEqual(health_address({"SAPPHIRE_HEALTH_ADDRESS": "0.0.0.0:9470"}), ("0.0.0.0", 9470))
        for wrong in ("9470", "localhost", ":1", "localhost:x", "localhost:70000"):
            with self.assertRaisesRegex(ConfigurationFault, "give a host and a port"):
                health_address({"SAPPHIRE_HEALTH_ADDRESS": wrong})
