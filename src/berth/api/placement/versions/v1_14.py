"""1.14: Trees of providers."""

from berth.api.placement.schemas import PARENT, UUID, Schema, with_property, without
from berth.api.placement.versions.change import Answer, Asked, VersionChange
from berth.api.placement.versions.links import PROVIDER_OPERATIONS, providers_of


def _without_tree(answer: Answer, _asked: Asked) -> None:
    for provider in providers_of(answer):
        del provider["parent_provider_uuid"], provider["root_provider_uuid"]


def _with_parent(schema: Schema) -> Schema:
    return with_property(schema, "parent_provider_uuid", PARENT)


CHANGE = VersionChange(
    minor=14,
    title="Trees of providers",
    why="A machine has parts with resources of their own.",
    schemas={
        "providers.list": lambda schema: with_property(schema, "in_tree", UUID),
        "providers.create": _with_parent,
        "providers.update": _with_parent,
    },
    outgoing=dict.fromkeys(PROVIDER_OPERATIONS, _without_tree),
    parts={"Provider": without("parent_provider_uuid", "root_provider_uuid")},
)
