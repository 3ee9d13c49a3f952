"""A fleet as the REST calls that make it. Generations are foretold, so that no reply has to be read."""

from collections.abc import Iterator, Sequence

from bench.crowd import Feed, Rules, Tally, crowd
from bench.fleets import Fleet, Held, Host, Inventory, Provider
from bench.wire import Address, send

Body = dict[str, object]
Call = tuple[str, str, Body]
"""Method, path and JSON body."""

RETRIES = 5


def calls(host: Host) -> Iterator[Call]:
    """The calls that make a host, in the order they must come in."""
    for provider in host.providers:
        yield "POST", "/resource_providers", created(provider)
        yield from described(provider)
    if host.held is not None:
        yield "PUT", f"/allocations/{host.held.consumer}", held(host.held)


def created(provider: Provider) -> Body:
    body: Body = {"name": provider.name, "uuid": provider.uuid}
    if provider.parent is not None:
        body["parent_provider_uuid"] = provider.parent
    return body


def described(provider: Provider) -> Iterator[Call]:
    """Inventories, traits, aggregates. Each call that is made raises the generation by one (since 1.19)."""
    parts: tuple[tuple[str, object], ...] = (
        ("inventories", {name: inventory(i) for name, i in provider.inventories.items()}),
        ("traits", list(provider.traits)),
        ("aggregates", list(provider.aggregates)),
    )
    given = ((noun, value) for noun, value in parts if value)
    for generation, (noun, value) in enumerate(given):
        yield (
            "PUT",
            f"/resource_providers/{provider.uuid}/{noun}",
            {"resource_provider_generation": generation, noun: value},
        )


def inventory(has: Inventory) -> Body:
    return {
        "total": has.total,
        "reserved": has.reserved,
        "max_unit": has.largest,
        "allocation_ratio": has.allocation_ratio,
    }


def held(claim: Held) -> Body:
    return {
        "allocations": {uuid: {"resources": amounts} for uuid, amounts in claim.resources.items()},
        "project_id": claim.project,
        "user_id": claim.user,
        "consumer_generation": None,
        "consumer_type": "INSTANCE",
    }


def load(address: Address, fleet: Fleet, clients: int = 8, limit_s: float = 600.0) -> Tally:
    """Load a fleet over REST with some clients, each making one host at a time. Raises LoadRefused."""
    hosts = iter(fleet)

    def feed() -> Feed:
        for host in hosts:
            for method, path, body in calls(host):
                yield send(method, path, body)

    def feeds(_: int, count: int) -> Sequence[Feed]:
        return [feed() for _ in range(count)]

    tally = crowd(address, clients, feeds, Rules(seconds=None, retries=RETRIES, limit_s=limit_s))
    expected = sum(1 for host in fleet for _ in calls(host))
    if tally.done != expected:
        raise LoadRefused(f"{tally.done} of {expected} calls were taken: {dict(tally.statuses)}, {tally.refusals[:1]}")
    return tally


class LoadRefused(Exception):
    """A server did not take every call of a fleet."""
