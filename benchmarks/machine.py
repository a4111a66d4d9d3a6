"""The machine on which something was measured, as far as it decides the numbers."""

from __future__ import annotations

import os
import platform


def describe_machine() -> dict[str, str]:
    """Return processor, cores, memory, kernel, system and Python, each as people write them."""
    return {
        "processor": _field("/proc/cpuinfo", "model name") or platform.processor() or platform.machine(),
        "cores": str(os.cpu_count() or 1),
        "memory": _memory(),
        "kernel": f"{platform.system()} {platform.release()}",
        "system": _field("/etc/os-release", "PRETTY_NAME", "=").strip('"') or platform.platform(),
        "python": f"{platform.python_implementation()} {platform.python_version()}",
    }


def _memory() -> str:
    kilobytes = _field("/proc/meminfo", "MemTotal").split(" ")[0]
    return f"{int(kilobytes) / 2**20:.0f} GiB" if kilobytes else "unknown"


def _field(path: str, name: str, separator: str = ":") -> str:
    try:
        with open(path, encoding="utf-8") as file:
            for line in file:
                key, found, value = line.partition(separator)
                if found and key.strip() == name:
                    return value.strip()
    except OSError:  # another system has no such file
        pass
    return ""
