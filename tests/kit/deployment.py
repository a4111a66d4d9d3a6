"""`deploy/registry/compose.yaml` as compose reads it, and its proxy's configuration for services of this machine."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from registry_process import ROOT

FOLDER = ROOT / "deploy" / "registry"
VARIABLE = re.compile(r"\$\{(\w+)(:[?-])?([^}]*)\}")


def example() -> dict[str, str]:
    """Return the variables of `.env.example`."""
    lines = (FOLDER / ".env.example").read_text("utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if line and line[0] != "#")


def compose(values: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Return the file, with variables in place of their names where values are given."""
    found: dict[str, Any] = yaml.safe_load((FOLDER / "compose.yaml").read_text("utf-8"))
    return found if values is None else _filled(found, values)


def _filled(value: Any, values: Mapping[str, str]) -> Any:
    if isinstance(value, dict):
        return {key: _filled(item, values) for key, item in value.items()}
    if isinstance(value, list):
        return [_filled(item, values) for item in value]
    if not isinstance(value, str):
        return value
    return VARIABLE.sub(lambda match: values.get(match[1], "") or (match[3] if match[2] == ":-" else ""), value)


def proxy_configuration(caddy: str, port: int, upstreams: Sequence[str]) -> dict[str, Any]:
    """Return what the Caddyfile says, for a port of ours before servers at fixed addresses, with no other effects."""
    command = [caddy, "adapt", "--adapter", "caddyfile", "--config", str(FOLDER / "Caddyfile")]
    adapted = subprocess.run(command, env={**os.environ, "REGISTRY_HOST": "localhost"}, capture_output=True, check=True)
    found: dict[str, Any] = json.loads(adapted.stdout)
    (server,) = found["apps"]["http"]["servers"].values()
    server |= {"listen": [f"127.0.0.1:{port}"], "automatic_https": {"disable_redirects": True}}
    before, proxy = server["routes"][0]["handle"][0]["routes"]
    assert before["match"] == [{"path": ["/metrics"]}]
    assert proxy["handle"][0].pop("dynamic_upstreams")["name"] == "registry"
    proxy["handle"][0]["upstreams"] = [{"dial": address} for address in upstreams]
    found["admin"] = {"disabled": True}
    found["apps"]["pki"] = {"certificate_authorities": {"local": {"install_trust": False}}}
    return found


def authority(data: Path) -> Path:
    """Return the certificate of the authority that Caddy makes for itself, below its folder for data."""
    return data / "caddy" / "pki" / "authorities" / "local" / "root.crt"
