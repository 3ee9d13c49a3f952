"""1.20: `POST /resource_providers` answers with the provider."""

from berth.api.placement.responses import Replies, ResponseShape
from berth.api.placement.versions.change import Answer, Asked, VersionChange


def _created(answer: Answer, _asked: Asked) -> None:
    answer.status, answer.payload, answer.modified = 201, None, None


CHANGE = VersionChange(
    minor=20,
    title="`POST /resource_providers` answers with the provider",
    why="Its generation is needed for the next call anyway.",
    outgoing={"providers.create": _created},
    replies={"providers.create": Replies((ResponseShape(201, located=True),), conflicts=True)},
)
