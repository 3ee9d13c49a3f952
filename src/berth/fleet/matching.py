"""Whether everybody can have something of their own."""

from __future__ import annotations

from collections.abc import Sequence


def can_be_apart(domains: Sequence[Sequence[int]]) -> bool:
    """Whether one element can be chosen of each domain so that no two are the same.

    Augmenting paths in a bipartite graph (Kuhn 1955): O(domains x choices).
    """
    owner: dict[int, int] = {}

    def settle(domain: int, tried: set[int]) -> bool:
        for choice in domains[domain]:
            if choice not in owner:
                owner[choice] = domain
                return True
        for choice in domains[domain]:
            if choice not in tried:
                tried.add(choice)
                if settle(owner[choice], tried):
                    owner[choice] = domain
                    return True
        return False

    return all(settle(domain, set()) for domain in range(len(domains)))
