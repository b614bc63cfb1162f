import unittest
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from forecasting.config import (
    ConfigurationFault,
    cache_folder,
    coordinator_access,
    data_folder,
    health_address,
    lag_llama_settings,
    model_folder,
    temporal_access,
)
from forecasting.keys import payload_keys


class ConfigTest(unittest.TestCase):
    def test_a_variable_that_is_set_and_empty_is_refused_by_its_name(self) -> None:
        readers: dict[str, Callable[[dict[str, str]], object]] = {
            "SAPPHIRE_DATA": data_folder,
            "SAPPHIRE_CACHE": cache_folder,
            "SAPPHIRE_MODELS": lambda environment: model_folder("fracast", environment),
            "SAPPHIRE_CONFIG": lag_llama_settings,
            "SAPPHIRE_HEALTH_ADDRESS": health_address,
            "SAPPHIRE_COORDINATOR_URL": coordinator_access,
            "SAPPHIRE_COORDINATOR_TOKEN_FILE": coordinator_access,
            "SAPPHIRE_PAYLOAD_KEYS_FILE": payload_keys,
            "TEMPORAL_API_KEY": temporal_access,
            "TEMPORAL_TLS_SERVER_CA_CERT_PATH": temporal_access,
        }
        for variable, read in readers.items():
            for value in ("", " ", "\n"):
                with self.subTest(variable=variable, value=value):
                    with self.assertRaisesRegex(ConfigurationFault, f"^{variable} is set and empty: "):
                        read({variable: value})

    def test_a_key_loses_the_end_of_its_line_and_holds_no_white_space(self) -> None:
        self.assertEqual(temporal_access({"TEMPORAL_API_KEY": "token\r\n"}).api_key, "token")
        with self.assertRaises(ConfigurationFault) as raised:
            temporal_access({"TEMPORAL_API_KEY": "to ken"})
        self.assertNotIn("to ken", str(raised.exception))

    def test_a_folder_loses_the_end_of_its_line(self) -> None:
        self.assertEqual(data_folder({"SAPPHIRE_DATA": "/data\n"}), Path("/data"))
        self.assertEqual(model_folder("fracast", {"SAPPHIRE_DATA": "/data"}), Path("/data/models/fracast"))

    def test_an_address_of_ipv6_is_listened_on_without_its_brackets(self) -> None:
        self.assertEqual(health_address({"SAPPHIRE_HEALTH_ADDRESS": "[::1]:9470"}), ("::1", 9470))

    def test_the_coordinator_is_the_one_beside_the_stack_unless_another_is_named(self) -> None:
        nowhere = {"SAPPHIRE_DATA": "/nowhere", "SAPPHIRE_CONFIG": "/nowhere/trading.yml"}
        self.assertEqual(coordinator_access(nowhere).url, "http://127.0.0.1:8081")
        self.assertIsNone(coordinator_access(nowhere).token)
        named = coordinator_access(
            {**nowhere, "SAPPHIRE_COORDINATOR_URL": "https://a.internal:1/", "SAPPHIRE_COORDINATOR_TOKEN": "secret-token"}
        )
        self.assertEqual((named.url, named.token), ("https://a.internal:1", "secret-token"))
        self.assertNotIn("secret-token", repr(named))
        for address in ("a.internal:1", "ftp://a", "http://a/mcp", "http://user@a"):
            with self.subTest(address=address), self.assertRaisesRegex(ConfigurationFault, "^SAPPHIRE_COORDINATOR_URL is "):
                coordinator_access({**nowhere, "SAPPHIRE_COORDINATOR_URL": address})

    def test_what_the_stack_keeps_is_found_beside_it(self) -> None:
        with TemporaryDirectory() as folder:
            Path(folder, "secrets.json").write_text('{"coordinatorToken": "kept-token"}', "utf-8")
            Path(folder, "trading.yml").write_text('coordinator: {host: "0.0.0.0", port: 9000}', "utf-8")
            access = coordinator_access({"SAPPHIRE_DATA": folder, "SAPPHIRE_CONFIG": f"{folder}/trading.yml"})
        self.assertEqual((access.url, access.token), ("http://127.0.0.1:9000", "kept-token"))
