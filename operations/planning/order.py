"""One order for all resources: what is needed comes first, and layer by layer as far as needs allow."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Mapping

from operations.planning.needs import Need
from operations.planning.words import rank
from workspace.models import Layer


def without_circles(needs: Iterable[Need]) -> tuple[tuple[Need, ...], tuple[str, ...]]:
    """Return the needs with every circle broken at its weakest place, and a line for each circle."""
    kept = list(needs)
    told: list[str] = []
    while (circle := _circle(kept)) is not None:
        weakest = min(circle, key=lambda need: (need.ground, need.key, need.of))
        kept.remove(weakest)
        path = " -> ".join([circle[0].key, *(need.of for need in circle)])
        told.append(f"circle: {path}; left out is that {weakest.key} needs {weakest.of} ({weakest.why})")
    return tuple(kept), tuple(told)


def _circle(needs: Iterable[Need]) -> list[Need] | None:
    """Return the needs along one circle, None when there is none."""
    below: dict[str, list[Need]] = {}
    for need in needs:
        below.setdefault(need.key, []).append(need)
    done: set[str] = set()
    for start in sorted(below):
        path: list[Need] = []
        left = [iter(below[start])]
        on_path = [start]
        while left:
            step = next(left[-1], None)
            if step is None:
                left.pop()
                done.add(on_path.pop())
                if path:
                    path.pop()
            elif step.of in on_path:
                return [*path, step][on_path.index(step.of) :]
            elif step.of not in done:
                path.append(step)
                on_path.append(step.of)
                left.append(iter(below.get(step.of, ())))
    return None


def ordered(layers: Mapping[str, Layer], needs: Mapping[str, set[str]], groups: Mapping[str, int]) -> list[str]:
    """Return the keys in their order.

    Args:
        layers: the layer of each key.
        needs: what each key needs; without circles.
        groups: within a layer lower numbers come first, where needs do not say otherwise.
    """
    ranks = {key: rank(layer) for key, layer in layers.items()}
    needed_by: dict[str, set[str]] = {key: set() for key in layers}
    for key, others in needs.items():
        for other in others:
            needed_by[other].add(key)
    _pull_forward(ranks, needs)
    waiting = {key: len(needs.get(key, ())) for key in layers}
    heap = [(ranks[key], groups[key], key) for key in layers if not waiting[key]]
    heapq.heapify(heap)
    found: list[str] = []
    while heap:
        _, _, key = heapq.heappop(heap)
        found.append(key)
        for other in needed_by[key]:
            waiting[other] -= 1
            if not waiting[other]:
                heapq.heappush(heap, (ranks[other], groups[other], other))
    return found


def _pull_forward(ranks: dict[str, int], needs: Mapping[str, set[str]]) -> None:
    """Give what is needed the rank of the first that needs it, directly or through others."""
    left = sorted(ranks, key=lambda key: (ranks[key], key))
    for key in left:
        below = [other for other in needs.get(key, ()) if ranks[other] > ranks[key]]
        while below:
            other = below.pop()
            ranks[other] = ranks[key]
            below += [one for one in needs.get(other, ()) if ranks[one] > ranks[other]]
