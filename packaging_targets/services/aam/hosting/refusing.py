"""What verbs refuse, and how that is told: with a code, and nothing of where the registry lies on the server.

Who may not see a package is told that there is none, whatever they asked for; who sees it, but may not do what they
asked for, is told so, or asked who they are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar

from packaging_targets.errors import IntegrityError, PackagingError, Problem, RequestError
from packaging_targets.formats.aam.names import PackageName
from packaging_targets.formats.aam.refusals import RefusalError
from packaging_targets.registry.aam.database.transactions import faults_told
from packaging_targets.registry.aam.desk.access import Action, Identity
from packaging_targets.services.aam.hosting.host import Desk, Host

_Parameters = ParamSpec("_Parameters")
_Desk = TypeVar("_Desk", bound=Desk)
_Result = TypeVar("_Result")
_LOG_IN = "send a token: aam login"
_ASK = "aam whoami tells what these credentials allow; else ask who administers the registry"
_DOES: dict[Action, str] = {
    "read": "read",
    "publish": "publish, or change tags and deprecations of,",
    "yank": "yank or unyank",
    "admin": "administer",
}


def verb(
    act: Callable[Concatenate[_Desk, _Parameters], _Result],
) -> Callable[Concatenate[_Desk, _Parameters], _Result]:
    """Let all that keeps a verb from being done be a RefusalError, with nothing in it of where the registry lies."""

    @wraps(act)
    def told(desk: _Desk, /, *given: _Parameters.args, **named: _Parameters.kwargs) -> _Result:
        with refusals_told(desk):
            return act(desk, *given, **named)

    return told


@contextmanager
def refusals_told(desk: Desk) -> Iterator[None]:
    """Do for a block what `verb` does for a function."""
    try:
        with faults_told():
            yield
    except RefusalError as error:
        raise RefusalError(*without_address(desk, error.problems), code=error.code) from error
    except RequestError as error:
        raise RefusalError(*without_address(desk, error.problems), code="BAD_REQUEST") from error
    except IntegrityError as error:
        raise RefusalError.of("INTERNAL_ERROR", "what the registry holds is damaged; its log says where") from error
    except PackagingError as error:
        raise RefusalError.of("REGISTRY_UNAVAILABLE", "the registry cannot do this now; its log says why") from error


def demand(host: Host, who: Identity, action: Action, name: PackageName) -> None:
    """Raise RefusalError where somebody may not do something with a package."""
    demand_sight(host, who, name)
    if not who.may(action, str(name)):
        raise forbidden(who, f"may not {_DOES[action]} {name}")


def demand_sight(host: Host, who: Identity, name: PackageName) -> None:
    """Raise RefusalError where somebody may not see packages of a name, whether there is one or not."""
    if not who.sees(host.settings.private).shows(str(name)):
        raise no_package(name)


def demand_admin(who: Identity, what: str) -> None:
    """Raise RefusalError where somebody has not the whole registry in their care; `what` is what they want to do."""
    if not who.may("admin"):
        raise forbidden(who, f"may not {what}: that needs `admin` on `*`")


def forbidden(who: Identity, what: str) -> RefusalError:
    """Return the refusal for somebody who may not do something; who said nothing is asked who they are."""
    if who.is_anonymous:
        return RefusalError.of("UNAUTHORIZED", f"whoever is not signed in {what}", "", _LOG_IN)
    return RefusalError.of("FORBIDDEN", f"{who.person} {what}", "", _ASK)


def no_package(name: PackageName) -> RefusalError:
    """Return the refusal for a package that is not there, or hidden: there is one text for both."""
    return RefusalError.of("PACKAGE_NOT_FOUND", f"there is no package {name} in the registry")


def without_address(desk: Desk, problems: tuple[Problem, ...]) -> list[Problem]:
    """Return problems as whoever asks may be told them; a fix that is about a folder of the server is none for them."""
    address = desk.holdings.url if isinstance(desk, Host) else ""
    if not address:
        return list(problems)
    return [
        replace(
            one,
            where="" if address in one.where else one.where,
            what=one.what.replace(address, "the registry"),
            fix="" if address in one.fix else one.fix,
        )
        for one in problems
    ]
