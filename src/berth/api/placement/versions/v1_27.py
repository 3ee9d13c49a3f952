"""1.27: Summaries hold every class of a provider."""

from berth.api.placement.versions.change import Answer, Asked, VersionChange


def _only_asked(answer: Answer, asked: Asked) -> None:
    for summary in answer.payload["provider_summaries"].values():
        rooms = summary["resources"]
        summary["resources"] = {name: room for name, room in rooms.items() if name in asked.resources}


CHANGE = VersionChange(
    minor=27,
    title="Summaries hold every class of a provider",
    why="To weigh candidates by what else they have.",
    outgoing={"candidates.list": _only_asked},
)
