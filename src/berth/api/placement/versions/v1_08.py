"""1.8: Project and user are part of a claim."""

from berth.api.placement.schemas import EXTERNAL_ID, Schema, with_property
from berth.api.placement.versions.change import Body, VersionChange
from berth.model.names import INCOMPLETE_CONSUMER


def _incomplete(body: Body) -> Body:
    return {**body, "project_id": INCOMPLETE_CONSUMER, "user_id": INCOMPLETE_CONSUMER}


def _with_owner(schema: Schema) -> Schema:
    with_project = with_property(schema, "project_id", EXTERNAL_ID, required=True)
    return with_property(with_project, "user_id", EXTERNAL_ID, required=True)


CHANGE = VersionChange(
    minor=8,
    title="Project and user are part of a claim",
    why="Usage can be asked for by project only if claims say whose they are.",
    schemas={"allocations.put": _with_owner},
    incoming={"allocations.put": _incomplete},
)
