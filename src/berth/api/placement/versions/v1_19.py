"""1.19: Aggregates are guarded by the provider's generation."""

from berth.api.placement.responses import Replies, ResponseShape
from berth.api.placement.schemas import SET_AGGREGATES_1_19, without
from berth.api.placement.versions.change import Answer, Asked, Body, VersionChange
from berth.model.commands import UNCHECKED


def _unguarded(body: Body) -> Body:
    return {"aggregates": body, "resource_provider_generation": UNCHECKED}


def _without_generation(answer: Answer, _asked: Asked) -> None:
    del answer.payload["resource_provider_generation"]


CHANGE = VersionChange(
    minor=19,
    title="Aggregates are guarded by the provider's generation",
    why="Two writers of aggregates overwrote each other unseen.",
    schemas={"aggregates.set": lambda _schema: SET_AGGREGATES_1_19},
    incoming={"aggregates.set": _unguarded},
    outgoing={"aggregates.show": _without_generation, "aggregates.set": _without_generation},
    parts={"ProviderAggregates": without("resource_provider_generation")},
    replies={"aggregates.set": Replies((ResponseShape(200, "ProviderAggregates", dated=True),))},
)
