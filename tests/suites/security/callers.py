"""A server for each way of knowing callers, and what to send there to be anybody."""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import trustme
from msgspec.structs import replace

from berth.ledger import Ledger, credentials, open_ledger
from berth.model.caller import MEMBER, OWNER, ROLES
from berth.model.token import TokenSpec
from tests.suites.security.kept_connections import Connections
from tests.support.identity import keystone_stand_in, openid_provider
from tests.support.servers import configured_server

OWN: Final = "7a5c0000-0000-4000-8000-000000000001"
"""The root of the tree that owners own."""

PROJECTS: Final = ("mine", "theirs")
LIMITS: Final = "\n[limits]\nrefusals_per_address = 0\nrefusal_records = 0\n"


@dataclass(frozen=True, slots=True)
class Who:
    """Somebody to be. role: one of Berth's, or one that it does not know."""

    role: str
    project: str = "mine"


EVERYBODY: Final = tuple(Who(role, project) for role in (*ROLES, "stranger") for project in PROJECTS)


@dataclass(frozen=True, slots=True)
class Sent:
    """What a request is to carry to be somebody's. certificate: what the connection is to be made with."""

    headers: Mapping[str, str] = field(default_factory=dict)
    certificate: str = ""


@dataclass(frozen=True, slots=True)
class Stand:
    """One server, and who can come there. nobody: wrong credentials, by what is wrong with them."""

    name: str
    folder: Path
    connections: Connections
    callers: Mapping[Who, Sent]
    nobody: Mapping[str, Sent]


@contextmanager
def ledger_in(folder: Path) -> Iterator[Ledger]:
    with open_ledger(f"sqlite:///{folder}/ledger.db") as ledger:
        yield ledger


@contextmanager
def dev(folder: Path) -> Iterator[Stand]:
    callers = {
        who: Sent({"x-auth-token": f"u:{who.project}", "x-roles": who.role, "x-project-id": who.project})
        for who in EVERYBODY
    }
    with configured_server(folder, LIMITS) as port:
        yield Stand("dev", folder, Connections(port), callers, {"nothing": Sent()})


def minted(folder: Path, who: Who, **more: Any) -> str:
    """A token's text."""
    wanted = TokenSpec(
        name=f"{who.role} of {who.project} {time.monotonic_ns()}",
        roles=(who.role,),
        project=who.project,
        trees=(OWN,) if who.role == OWNER else (),
    )
    with ledger_in(folder) as ledger:
        return ledger.create_token(replace(wanted, **more)).text


@contextmanager
def token(folder: Path) -> Iterator[Stand]:
    known = [who for who in EVERYBODY if who.role in ROLES]  # no token has a role that there is not
    callers = {who: Sent({"x-auth-token": minted(folder, who)}) for who in known}
    good = callers[Who("admin")].headers["x-auth-token"]
    number = good.split("_")[1]
    wrong = {
        "nothing": {},
        "an empty one": {"x-auth-token": ""},
        "another secret": {"x-auth-token": credentials._text(number)},
        "another id": {"x-auth-token": credentials._text("abcdefghij")},
        "in capitals": {"x-auth-token": good.upper()},
        "one letter more": {"x-auth-token": good + "x"},
        "twice": {"x-auth-token": f"{good},{good}"},
        "expired": {"x-auth-token": minted(folder, Who("admin"), lasts_seconds=1)},
        "from elsewhere": {"x-auth-token": minted(folder, Who("admin"), networks=("192.0.2.0/24",))},
        "basic": {"authorization": f"Basic {good}"},
        "as a cookie": {"cookie": f"token={good}"},
        "a role": {"x-roles": "admin", "x-project-id": "mine", "x-user-id": "admin", "x-is-admin": "true"},
        "dev's": {"x-auth-token": "admin", "x-roles": "admin"},
    }
    with configured_server(folder, f'auth = ["token"]{LIMITS}') as port:
        yield Stand("token", folder, Connections(port), callers, {why: Sent(each) for why, each in wrong.items()})


@contextmanager
def oidc(folder: Path) -> Iterator[Stand]:
    with openid_provider.running() as provider:

        def bearer(**claims: Any) -> dict[str, str]:
            return {"authorization": f"Bearer {provider.token(**{'exp': time.time() + 3600, **claims})}"}

        callers = {who: Sent(bearer(roles=[who.role], project=who.project)) for who in EVERYBODY}
        wrong = {
            "nothing": {},
            "expired": bearer(exp=time.time() - 3600),
            "not yet": bearer(nbf=time.time() + 1800),
            "for another": bearer(aud="nova"),
            "dev's": {"x-auth-token": "admin", "x-roles": "admin"},
        }
        settings = f'auth = ["oidc"]{LIMITS}[oidc]\nissuer = "{provider.url}"\naudience = "berth"\n'
        with configured_server(folder, settings) as port:
            yield Stand("oidc", folder, Connections(port), callers, {why: Sent(each) for why, each in wrong.items()})


@contextmanager
def keystone(folder: Path) -> Iterator[Stand]:
    with keystone_stand_in.running() as service:
        callers = {}
        service.now = time.time()  # as the server, which has no clock of its own
        from_now = service.now - keystone_stand_in.NOW
        for number, who in enumerate(EVERYBODY):
            project = {"id": who.project, "name": who.project}
            role = "berth-member" if who.role == MEMBER else who.role
            service.add(f"t-{number}", from_now + 86_400, project=project, roles=[{"id": "r", "name": role}])
            callers[who] = Sent({"x-auth-token": f"t-{number}"})
        service.add("over", from_now - 3600)
        (folder / "password").write_text("s3cret")
        settings = f'auth = ["keystone"]{LIMITS}[keystone]\nurl = "{service.url}"\npassword_file = "password"\n'
        wrong = {
            "nothing": {},
            "not known": {"x-auth-token": "t-none"},
            "expired": {"x-auth-token": "over"},
            "dev's": {"x-auth-token": "admin", "x-roles": "admin"},
        }
        with configured_server(folder, settings) as port:
            yield Stand(
                "keystone", folder, Connections(port), callers, {why: Sent(each) for why, each in wrong.items()}
            )


MTLS: Final = """[tls]
cert = "server.pem"
key = "server.key"
client_ca = "ca.pem"
[mtls]
project = "mine"
roles = {ROLES}
"""


@contextmanager
def mtls(folder: Path) -> Iterator[Stand]:
    authority = trustme.CA()
    made = authority.issue_cert("127.0.0.1", "localhost")
    made.private_key_pem.write_to_path(folder / "server.key")
    for each in made.cert_chain_pems:
        each.write_to_path(folder / "server.pem", append=True)
    authority.cert_pem.write_to_path(folder / "ca.pem")
    roles = ", ".join(f'"cn-{role}" = ["{role}"]' for role in ROLES)
    settings = f'auth = ["mtls"]{LIMITS}{MTLS.replace("ROLES", roles)}'

    def context(name: str) -> ssl.SSLContext:
        context = ssl.create_default_context()
        authority.configure_trust(context)
        if name:
            authority.issue_cert(f"{name}.example.com", common_name=name).configure_cert(context)
        return context

    callers = {Who(role): Sent(certificate=f"cn-{role}") for role in ROLES}  # all are of one project
    nobody = {
        "no certificate": Sent(),
        "of a stranger": Sent(certificate="stranger"),
        "another case": Sent(certificate="CN-ADMIN"),
        "told in a header": Sent({"x-ssl-client-cn": "cn-admin", "x-client-cert": "cn-admin", "x-roles": "admin"}),
    }
    with configured_server(folder, settings) as port:
        yield Stand("mtls", folder, Connections(port, context), callers, nobody)


STANDS: Final[Mapping[str, Callable[[Path], AbstractContextManager[Stand]]]] = {
    "dev": dev, "token": token, "oidc": oidc, "keystone": keystone, "mtls": mtls,
}  # fmt: skip
