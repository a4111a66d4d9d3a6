"""`aam registry serve`: what the command line says goes before the environment, and both before what is usual."""

from __future__ import annotations

import ipaddress
import os
import sys
from argparse import Namespace
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from packaging_targets.adapters.cli.aam.telling import add_verb
from packaging_targets.errors import Problem, RequestError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from packaging_targets.services.aam.hosting.starting.configuring import Configuration, Listening
    from packaging_targets.services.aam.hosting.starting.opening import Prepared

# The options, each with the variable that it stands for.
_OPTIONS = (
    ("host", "HOST", "ADDRESS", "the address to listen at; default: 127.0.0.1"),
    ("port", "PORT", "NUMBER", "the port; default: 8650"),
    ("data", "DATA", "DIR", "the folder that is the server's own; default: .aam-server in the registry's"),
    ("database", "DATABASE", "URL", "PostgreSQL instead, for any number of servers: postgresql://USER@HOST/NAME"),
    ("bucket", "BUCKET", "BUCKET", "the object store that goes with it: s3://BUCKET/PREFIX"),
    ("workers", "WORKERS", "NUMBER", "how many processes serve; default: 1"),
    ("url", "URL", "URL", "the address that people know the registry by"),
    ("tls-cert", "TLS_CERT", "FILE", "the certificate for https, with those that vouch for it"),
    ("tls-key", "TLS_KEY", "FILE", "the key of the certificate"),
)
_ABOUT = (
    "Every setting has a variable: AAM_REGISTRY_HOST, AAM_REGISTRY_PRIVATE, AAM_REGISTRY_MAX_ARCHIVE … "
    "docs/registry.md lists them."
)


def add_serving(verbs: Any) -> None:
    """Add `serve` to the verbs of `registry`."""
    parser = add_verb(verbs, "serve", "serve a registry over HTTP", _serve)
    parser.epilog = _ABOUT
    parser.add_argument(
        "registry", nargs="?", default="", metavar="REGISTRY", help="the folder; default: registry in ~/.aam"
    )
    for name, _, metavar, does in _OPTIONS:
        parser.add_argument(f"--{name}", default="", metavar=metavar, help=does)
    parser.add_argument(
        "--behind-proxy",
        action="store_true",
        help="a proxy speaks TLS before it; AAM_REGISTRY_TRUSTED_PROXIES names it",
    )


def _serve(options: Namespace) -> int:
    try:
        from packaging_targets.adapters.http.running import address_of, listen, serve
        from packaging_targets.services.aam.hosting.starting.configuring import configuration
        from packaging_targets.services.aam.hosting.starting.opening import prepare
    except ModuleNotFoundError as error:
        what = f"serving a registry needs the package `{error.name}`, which is not installed"
        raise RequestError.one(what, fix="pip install 'packaging-targets[registry]'") from None
    os.environ.update(_given(options))  # workers are processes of their own, and read it there
    try:
        found = configuration(os.environ)
    except RequestError as error:
        raise RequestError(*_as_typed(error.problems, options)) from None
    try:
        listener = listen(found.listening)  # first: what cannot be served is not made either
    except (OSError, UnicodeError) as error:
        raise _unheard(found.listening, error) from error
    with listener:
        _demand_secrecy(found)
        _greet(found, address_of(found.listening), prepare(found.places))
        serve(found.listening, listener)
    return 0


def _unheard(listening: Listening, error: OSError | UnicodeError) -> RequestError:
    """Return why an address cannot be listened at: it is none of this machine, or somebody else does so."""
    if isinstance(error, UnicodeError) or not error.errno or error.errno < 0:  # the numbers of who looks up names
        what = f"`{listening.host[:200]}` is no address or name of this machine"
        return RequestError.one(what, "", "name one with --host, such as 127.0.0.1")
    what = f"`{listening.host}:{listening.port}` cannot be listened at: {os.strerror(error.errno).lower()}"
    return RequestError.one(what, "", "name another with --host and --port")


def _given(options: Namespace) -> dict[str, str]:
    found = {"ROOT": options.registry}
    found |= {variable: getattr(options, name.replace("-", "_")) for name, variable, _, _ in _OPTIONS}
    if options.behind_proxy:
        found["BEHIND_PROXY"] = "true"
    return {f"AAM_REGISTRY_{name}": value for name, value in found.items() if value}


def _as_typed(problems: Iterable[Problem], options: Namespace) -> Iterator[Problem]:
    """Yield problems with settings, of which those that are options of the command line are called so."""
    options_by_variable = {
        f"AAM_REGISTRY_{variable}": f"--{name}"
        for name, variable, _, _ in _OPTIONS
        if getattr(options, name.replace("-", "_"))
    }
    for problem in problems:
        yield replace(problem, where=options_by_variable.get(problem.where, problem.where))


def _demand_secrecy(found: Configuration) -> None:
    """Refuse to let tokens travel where others can read them."""
    listening = found.listening
    if listening.tls_cert or listening.behind_proxy or found.settings.trusted_proxies or _is_loopback(listening):
        return
    what = f"at `{listening.host}` tokens would travel over plain HTTP, where others can read them"
    fix = "give --tls-cert and --tls-key, or --behind-proxy where a proxy speaks TLS before it"
    raise RequestError.one(what, "", fix)


def _is_loopback(listening: Listening) -> bool:
    try:
        return listening.host == "localhost" or ipaddress.ip_address(listening.host).is_loopback
    except ValueError:
        return False


def _greet(found: Configuration, address: str, prepared: Prepared) -> None:
    from packaging_targets.services.aam.hosting.starting.opening import is_distributed, root_of

    lines = [f"serving {found.places.bucket if is_distributed(found.places) else root_of(found.places)} at {address}"]
    if prepared.made:
        lines.insert(0, f"made an empty registry in {root_of(found.places)}")
    if not prepared.has_people:
        place = f" {root_of(found.places)}" if found.places.root else ""
        lines.append("make the first token, in another terminal:")
        lines.append(f"  aam registry token create{place} --person YOU --label first --actions admin")
    sys.stderr.writelines(f"{line}\n" for line in lines)
