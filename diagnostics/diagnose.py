"""Say what failed: evidence in, ranked diagnoses out.

Confidence is a plain number with three sources: 0.95 when a page's own error class stands in the text, 0.85 when its
expression matches, 0.5 when only the family is known, 0.3 for nothing but a wrapper, 0.0 for `unknown-error`.
Evidence that could not be collected whole lowers it by a fifth.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from diagnostics.cause_line import cause_line, exception_name
from diagnostics.conditions import sqlstate_line
from diagnostics.context import explain_missing
from diagnostics.matcher import Hit, matcher_for
from diagnostics.models import BundleSnapshot, Diagnosis, Signal
from knowledge.conditions import sqlstates
from knowledge.page import Rank
from knowledge.registry import UNKNOWN_CODE, Registry
from workspace.models import Evidence, Failure, Layer, RunResult, Surface

EXACT_CLASS = 0.95
PATTERN = 0.85
FAMILY = 0.5
WRAPPER = 0.3
UNKNOWN = 0.0
INCOMPLETE_FACTOR = 0.8

MAX_SIGNAL_CHARACTERS = 300
MAX_ERROR_LINES = 12

_SAYS_SURFACE = frozenset((Surface.GENIE, Surface.MONITOR, Surface.ALERT))
"""Surfaces whose errors often leave out what they are about; the matcher reads the surface as one more line."""

_ORDER = {rank: position for position, rank in enumerate(Rank)}


def diagnose(evidence: Evidence, snapshot: BundleSnapshot | None, registry: Registry) -> tuple[Diagnosis, ...]:
    """Return what the evidence tells, the most telling diagnosis first; never empty.

    Args:
        evidence: everything that was collected about the failure.
        snapshot: the bundle, when it is known: it tells who writes a missing table.
        registry: the error patterns.
    """
    found = [_diagnose_failure(failure, evidence, registry) for failure in _causes(evidence.failures)]
    if not found:
        found = [(Rank.WRAPPER, _unknown(Failure(surface=evidence.surface, error=""), evidence, registry))]
    informed = [(rank, explain_missing(diagnosis, snapshot, registry)) for rank, diagnosis in found]
    return _merged(_without_wrappers(informed))


def diagnose_text(text: str, surface: Surface, registry: Registry) -> tuple[Diagnosis, ...]:
    """Return what a bare error text tells, without a bundle and without a run."""
    failure = Failure(surface=surface, error=text)
    evidence = Evidence(operation="", target="", resource=None, surface=surface, failures=(failure,))
    return diagnose(evidence, None, registry)


def surface_of(name: str) -> Surface:
    """Return the surface that a message names; `bundle` stands for any step of validate, plan and deploy.

    Raises:
        ValueError: there is no such surface.
    """
    return Surface.DEPLOY if name == "bundle" else Surface(name)


def _causes(failures: tuple[Failure, ...]) -> tuple[Failure, ...]:
    """Leave out tasks and flows that only failed because of another one, unless nothing else is left."""
    own = tuple(failure for failure in failures if not _is_effect(failure))
    return own or failures


def _is_effect(failure: Failure) -> bool:
    first = failure.error.strip().lower().replace(" ", "_")
    return first.startswith((RunResult.UPSTREAM_FAILED.value, "upstream_canceled"))


def _diagnose_failure(failure: Failure, evidence: Evidence, registry: Registry) -> tuple[Rank, Diagnosis]:
    hit = _best_hit(failure, registry)
    if hit is None:
        return Rank.WRAPPER, _unknown(failure, evidence, registry)
    return hit.rank, _diagnosis(hit, failure, evidence)


def _best_hit(failure: Failure, registry: Registry) -> Hit | None:
    """Search the short error first, then trace and exit value, which quote source code and so mislead more often."""
    matcher = matcher_for(registry)
    best: Hit | None = None
    for text in _texts(failure):
        hits = matcher.hits(f"{text}{_unspoken(failure, text)}")
        if hits and (best is None or _ORDER[hits[0].rank] < _ORDER[best.rank]):
            best = hits[0]
        if best is not None and best.rank in (Rank.PARTICULAR, Rank.EXACT):
            break
    return best


def _unspoken(failure: Failure, text: str) -> str:
    """Return what is known of a text without standing in it, in lines that patterns can match."""
    surface = f"surface: {failure.surface}" if failure.surface in _SAYS_SURFACE else ""
    return "".join(f"\n{line}" for line in (surface, sqlstate_line(text, sqlstates())) if line)


def _texts(failure: Failure) -> Iterable[str]:
    yield failure.error
    if failure.text != failure.error:
        yield failure.text
    errors = (failure.exit_json or {}).get("errors")
    if errors:
        values = errors.values() if isinstance(errors, Mapping) else [errors]
        yield "\n".join(str(value) for value in values)


def _diagnosis(hit: Hit, failure: Failure, evidence: Evidence) -> Diagnosis:
    pattern = hit.pattern
    signals = [_signal("pattern matched", hit.span, failure)]
    has_class = bool(pattern.error_class and pattern.error_class in failure.text)
    if has_class:
        signals.append(_signal("error class", str(pattern.error_class), failure))
    return Diagnosis(
        code=pattern.code,
        category=pattern.category,
        title=pattern.title,
        explanation=pattern.explanation,
        confidence=_confidence(hit.rank, failure, has_class=has_class),
        signals=tuple(signals),
        objects={name: _plain(value) for name, value in hit.groups.items()},
        fix_kind=pattern.fix_kind,
        fixer=pattern.fixer,
        applicability=pattern.applicability,
        transient=pattern.transient,
        repeats=pattern.repeats,
        resource=evidence.resource,
        layer=evidence.layer if evidence.layer is not Layer.NONE else _layer(pattern.layer),
        task_key=failure.task_key or failure.flow_name,
        location=failure.location,
        error=_excerpt(failure.error),
        page=pattern.page,
    )


def _unknown(failure: Failure, evidence: Evidence, registry: Registry) -> Diagnosis:
    """Return the page for faults without a page; its text is what was collected."""
    pattern = registry[UNKNOWN_CODE]
    hit = Hit(pattern=pattern, rank=Rank.WRAPPER, start=0, span="", groups={})
    diagnosis = _diagnosis(hit, failure, evidence)
    telling = cause_line(failure.text) or failure.incomplete or "no error text"
    exception = exception_name(telling)
    update = {
        "confidence": UNKNOWN,
        "signals": (_signal("no pattern matched", telling, failure),),
        "objects": {"exception": exception} if exception else {},
    }
    return diagnosis.model_copy(update=update)


def _confidence(rank: Rank, failure: Failure, *, has_class: bool) -> float:
    if rank is Rank.WRAPPER:
        base = WRAPPER
    elif rank is Rank.FAMILY:
        base = FAMILY
    else:
        base = EXACT_CLASS if has_class else PATTERN
    return round(base * INCOMPLETE_FACTOR, 2) if failure.incomplete else base


def _signal(what: str, text: str, failure: Failure) -> Signal:
    return Signal(what=what, text=text.strip()[:MAX_SIGNAL_CHARACTERS], task_key=failure.task_key or failure.flow_name)


def _plain(value: str) -> str:
    """Write an object's name without the backticks of Spark's messages."""
    return value.replace("`", "").strip()


def _layer(name: str) -> Layer:
    return Layer(name) if name in set(Layer) else Layer.NONE


def _excerpt(text: str) -> str:
    lines = text.strip().splitlines()
    kept = "\n".join(line[:MAX_SIGNAL_CHARACTERS] for line in lines[:MAX_ERROR_LINES])
    return f"{kept}\n…" if len(lines) > MAX_ERROR_LINES else kept


def _without_wrappers(found: list[tuple[Rank, Diagnosis]]) -> list[tuple[Rank, Diagnosis]]:
    """Drop what only says that something failed, when another text says what."""
    telling: list[tuple[Rank, Diagnosis]] = [(rank, diagnosis) for rank, diagnosis in found if rank is not Rank.WRAPPER]
    return telling or found


def _merged(found: list[tuple[Rank, Diagnosis]]) -> tuple[Diagnosis, ...]:
    """Give one diagnosis for each cause: failures with the same code and objects are one."""
    merged: dict[tuple[str, str], tuple[Rank, Diagnosis]] = {}
    for rank, diagnosis in found:
        key = (diagnosis.code, repr(sorted(diagnosis.objects.items())))
        if key in merged:
            first = merged[key][1]
            signals = (*first.signals, *(signal for signal in diagnosis.signals if signal not in first.signals))
            merged[key] = (rank, first.model_copy(update={"signals": signals}))
        else:
            merged[key] = (rank, diagnosis)
    ordered = sorted(merged.values(), key=lambda item: (_ORDER[item[0]], -item[1].confidence))
    return tuple(diagnosis for _, diagnosis in ordered)
