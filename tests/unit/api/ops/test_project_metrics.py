"""What projects hold, as metrics: exact for those of the page, bounded for all others."""

from __future__ import annotations

from berth.api.ops.fleet_metrics import MOST_CUSTOM, REST
from berth.api.ops.project_metrics import OTHER, ProjectMetrics
from berth.model.consumer import ProjectItem, ProjectPage
from berth.model.overview import ClassOverview, Overview


def _fleet(**used: int) -> Overview:
    classes = [
        ClassOverview(name=name, providers=1, total=99, reserved=0, capacity=99, used=amount, largest_free=1)
        for name, amount in used.items()
    ]
    return Overview(head=1, providers=1, roots=1, traits=0, aggregates=0, classes=classes)


def _samples(page: ProjectPage, fleet: Overview) -> dict[tuple[str, str], float]:
    (family,) = ProjectMetrics(page, fleet).collect()
    return {(each.labels["project"], each.labels["resource_class"]): each.value for each in family.samples}


def test_all_others_are_one() -> None:
    page = ProjectPage([ProjectItem("arts", 1, {"PGPU": 2}, {}), ProjectItem("other", 1, {"PGPU": 1}, {})], "other")
    assert _samples(page, _fleet(PGPU=8, VCPU=3)) == {("arts", "PGPU"): 2, (OTHER, "PGPU"): 6, (OTHER, "VCPU"): 3}
    assert _samples(page, _fleet(PGPU=1))[OTHER, "PGPU"] == 1  # the fleet was read before
    whole = ProjectPage(page.items[:1], None)
    assert _samples(whole, _fleet(PGPU=8)) == {("arts", "PGPU"): 2}


def test_classes_have_the_bound_of_the_fleet() -> None:
    names = [f"CUSTOM_{number}" for number in range(MOST_CUSTOM + 2)]
    page = ProjectPage([ProjectItem("arts", 1, dict.fromkeys(names, 1), {})], None)
    samples = _samples(page, _fleet(**dict.fromkeys(names, 1)))
    assert len(samples) == MOST_CUSTOM + 1
    assert samples["arts", REST] == 2
