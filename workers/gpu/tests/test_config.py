import unittest
from collections.abc import Callable
from pathlib import Path

from forecasting.config import (
    ConfigurationFault,
    cache_folder,
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
