"""What the environment and trading.yml say, read as contracts/config does."""

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

PROJECT = Path(__file__).resolve().parents[3]
"""The checkout: where package.json stands."""


_WORD = re.compile(r"[\x21-\x7e]+")


class ConfigurationFault(Exception):
    """What is wrong and what to do about it: the process cannot serve, and ends with this sentence."""


@dataclass(frozen=True)
class TemporalAccess:
    address: str
    namespace: str
    api_key: str | None
    tls: bool
    client_certificate: bytes | None
    client_key: bytes | None
    server_authority: bytes | None
    server_name: str | None


def setting(environment: Mapping[str, str], variable: str) -> str | None:
    """
    Without the end of a line; None where it is not set. See runtime/configuration/environment.ts.

    :raises ConfigurationFault: when it is set and empty: the default in its place may be another installation's
    """
    given = environment.get(variable)
    if given is None:
        return None
    if not given.strip():
        raise ConfigurationFault(f"{variable} is set and empty: give it a value, or unset it to have the default.")
    return given.rstrip("\r\n")


def temporal_access(environment: Mapping[str, str] = os.environ) -> TemporalAccess:
    """
    By the environment names of Temporal's own tools; the development server without any. See runtime/configuration/temporal.ts.

    :raises ConfigurationFault: when a file that is named cannot be read
    """
    api_key = setting(environment, "TEMPORAL_API_KEY")
    if api_key is not None and not _WORD.fullmatch(api_key):
        raise ConfigurationFault("TEMPORAL_API_KEY must be printable ASCII without blanks and ends of lines.")
    certificate = _file(environment, "TEMPORAL_TLS_CLIENT_CERT_PATH")
    key = _file(environment, "TEMPORAL_TLS_CLIENT_KEY_PATH")
    if (certificate is None) != (key is None):
        raise ConfigurationFault(
            "TEMPORAL_TLS_CLIENT_CERT_PATH and TEMPORAL_TLS_CLIENT_KEY_PATH come together: set both or none."
        )
    authority = _file(environment, "TEMPORAL_TLS_SERVER_CA_CERT_PATH")
    name = environment.get("TEMPORAL_TLS_SERVER_NAME")
    wish = environment.get("TEMPORAL_TLS")
    wanted = wish == "true" or any(part is not None for part in (api_key, certificate, authority, name))
    return TemporalAccess(
        address=environment.get("TEMPORAL_ADDRESS", "127.0.0.1:7233"),
        namespace=environment.get("TEMPORAL_NAMESPACE", "sapphire"),
        api_key=api_key,
        tls=wanted and wish != "false",
        client_certificate=certificate,
        client_key=key,
        server_authority=authority,
        server_name=name,
    )


def health_address(environment: Mapping[str, str] = os.environ) -> tuple[str, int]:
    """
    Where /healthz and /readyz are served: a free port of this machine's own without SAPPHIRE_HEALTH_ADDRESS.

    :raises ConfigurationFault: when it is no host and port
    """
    named = setting(environment, "SAPPHIRE_HEALTH_ADDRESS") or "127.0.0.1:0"
    host, _, port = named.rpartition(":")
    if not host or not port.isdecimal() or int(port) > 65_535:
        raise ConfigurationFault(f"SAPPHIRE_HEALTH_ADDRESS is {named!r:.60}: give a host and a port, such as 0.0.0.0:9470.")
    # A socket takes an IPv6 address without the brackets that a port needs before it.
    return host.removeprefix("[").removesuffix("]"), int(port)


def _file(environment: Mapping[str, str], variable: str) -> bytes | None:
    path = setting(environment, variable)
    if path is None:
        return None
    try:
        return Path(path).read_bytes()
    except OSError as fault:
        raise ConfigurationFault(f"{variable} names {path}, which cannot be read: {fault.strerror}.") from fault


@dataclass(frozen=True)
class LagLlamaSettings:
    """`agents.lag-llama` of trading.yml: contracts/config/agents.ts has the rules."""

    checkpoint: Path | None
    sha256: str | None
    hub: str | None


def lag_llama_settings(environment: Mapping[str, str] = os.environ) -> LagLlamaSettings:
    """:raises ConfigurationFault: when the file is not there, is no YAML, or has another shape than the contract"""
    file = _trading_file(environment)
    values = _section(_section(_content(file), "agents", file), "lag-llama", file)
    checkpoint = _text(values, "checkpoint", file)
    return LagLlamaSettings(
        checkpoint=None if checkpoint is None else PROJECT / checkpoint,
        sha256=_text(values, "sha256", file),
        hub=_text(values, "hub", file),
    )


@dataclass(frozen=True)
class CoordinatorAccess:
    url: str
    """Without a path: what is fetched lies beside the protocol's endpoint."""
    token: str | None = field(repr=False)


def coordinator_access(environment: Mapping[str, str] = os.environ) -> CoordinatorAccess:
    """
    Where large snapshots are: by SAPPHIRE_COORDINATOR_URL, or `coordinator` of trading.yml beside the stack, where its token is kept, too.

    :raises ConfigurationFault: when the file is no YAML or has another shape than the contract, or a secret cannot be read
    """
    token = secret(environment, "SAPPHIRE_COORDINATOR_TOKEN", "coordinatorToken")
    if token is not None and not _WORD.fullmatch(token):
        raise ConfigurationFault("SAPPHIRE_COORDINATOR_TOKEN must be printable ASCII without blanks and ends of lines.")
    named = setting(environment, "SAPPHIRE_COORDINATOR_URL")
    if named is not None:
        if not re.fullmatch(r"https?://[^/\s?#@]+/?", named):
            raise ConfigurationFault(
                f"SAPPHIRE_COORDINATOR_URL is {named!r:.80}: give http or https, a host and a port, such as https://trading.internal:8081."
            )
        return CoordinatorAccess(named.rstrip("/"), token)
    return CoordinatorAccess(_own_coordinator(environment), token)


def _own_coordinator(environment: Mapping[str, str]) -> str:
    file = _trading_file(environment)
    values = _section(_content(file), "coordinator", file) if file.exists() else {}
    host, port = values.get("host", "127.0.0.1"), values.get("port", 8081)
    if not isinstance(host, str) or not isinstance(port, int):
        raise ConfigurationFault(f"{file} is not valid: coordinator.host must be text and coordinator.port a number.")
    # One that listens everywhere is here as well.
    reached = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    return f"http://[{reached}]:{port}" if ":" in reached else f"http://{reached}:{port}"


def secret(environment: Mapping[str, str], variable: str, kept_as: str) -> str | None:
    """
    By its variable, by the one that names a file which holds it, or as the stack keeps it where this process runs beside it; see
    runtime/configuration/secrets.ts.

    :raises ConfigurationFault: without a word of the secret
    """
    file = setting(environment, f"{variable}_FILE")
    if file is None:
        return environment.get(variable) or _kept(environment, variable, kept_as)
    try:
        return Path(file).read_text("utf-8").strip() or None
    except OSError as fault:
        raise ConfigurationFault(f"{variable}_FILE names {file}, which cannot be read: {fault.strerror}.") from fault


def _kept(environment: Mapping[str, str], variable: str, kept_as: str) -> str | None:
    file = data_folder(environment) / "secrets.json"
    try:
        content: Any = json.loads(file.read_text("utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as fault:
        raise ConfigurationFault(f"{file} cannot be read: restore it, or set {variable}.") from fault
    kept = content.get(kept_as) if isinstance(content, dict) else None
    return kept if isinstance(kept, str) else None


def model_folder(agent_id: str, environment: Mapping[str, str] = os.environ) -> Path:
    """Weights that were trained here: runtime/configuration/folders.ts."""
    named = setting(environment, "SAPPHIRE_MODELS")
    return Path(named) if named else data_folder(environment) / "models" / agent_id


def data_folder(environment: Mapping[str, str] = os.environ) -> Path:
    """Where books, market and secrets lie: runtime/configuration/folders.ts."""
    return Path(setting(environment, "SAPPHIRE_DATA") or PROJECT / ".sapphire")


def cache_folder(environment: Mapping[str, str] = os.environ) -> Path:
    """What can be fetched again: runtime/configuration/folders.ts."""
    return Path(setting(environment, "SAPPHIRE_CACHE") or PROJECT / ".cache")


def _trading_file(environment: Mapping[str, str]) -> Path:
    return PROJECT / (setting(environment, "SAPPHIRE_CONFIG") or "trading.yml")


def _content(file: Path) -> Any:
    try:
        return yaml.safe_load(file.read_text("utf-8"))
    except (OSError, yaml.YAMLError) as fault:
        raise ConfigurationFault(
            f"{file} cannot be read: {str(fault)[:160]}. Name another file in SAPPHIRE_CONFIG."
        ) from fault


def _section(content: Any, key: str, file: Path) -> Mapping[str, Any]:
    section = (content or {}).get(key, {}) if isinstance(content, Mapping) or content is None else None
    if not isinstance(section, Mapping):
        raise ConfigurationFault(f"{file} is not valid: {key} must be a section of keys and values.")
    return section


def _text(section: Mapping[str, Any], key: str, file: Path) -> str | None:
    value = section.get(key)
    if value is not None and not isinstance(value, str):
        raise ConfigurationFault(f"{file} is not valid: agents.lag-llama.{key} must be text, and is {value!r:.60}.")
    return value
