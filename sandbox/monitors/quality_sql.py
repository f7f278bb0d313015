"""SQL for the quality of a model's predictions, where a monitor knows predictions and labels."""

from __future__ import annotations

from sandbox.catalog import quoted
from sandbox.monitors.plan import Plan

SCORES = ("precision", "recall", "f1_score")
_PAIRS = 1000
_TRACKED = 2000
"""So many different values are counted exactly; of more, the counts are approximations."""
_LABELS = "array_distinct(transform(confusion_matrix, x -> x.label))"


def aggregates(plan: Plan) -> dict[str, str]:
    """Aggregates over the rows that have a label."""
    if not plan.quality:
        return {}
    prediction, label = (quoted(plan.inference[name]) for name in ("prediction_col", "label_col"))
    if "accuracy_score" in plan.quality:
        return _classification(prediction, label)
    return _regression(f"CAST({prediction} AS DOUBLE)", f"CAST({label} AS DOUBLE)")


def scores(plan: Plan) -> dict[str, str]:
    """Scores by class, which follow from the confusion matrix."""
    if "confusion_matrix" not in plan.quality:
        return {}
    hits = _counted("x.label = __l AND x.prediction = __l")
    predicted, actual = _counted("x.prediction = __l"), _counted("x.label = __l")
    return {
        "precision": _score(f"try_divide({hits}, {predicted})"),
        "recall": _score(f"try_divide({hits}, {actual})"),
        "f1_score": _score(f"try_divide(2 * {hits}, {predicted} + {actual})"),
    }


def top_items(value: str, number: int) -> str:
    """SQL for the most frequent values, as structs of `item` and `count`; NULL is none of them."""
    return f"approx_top_k({value}, {number}, {_TRACKED}) FILTER (WHERE {value} IS NOT NULL)"


def _classification(prediction: str, label: str) -> dict[str, str]:
    pair = f"concat(coalesce(CAST({prediction} AS STRING), 'null'), char(1), CAST({label} AS STRING))"
    entry = "'prediction', split_part(x.item, char(1), 1), 'label', split_part(x.item, char(1), 2), 'count', x.count"
    return {
        "accuracy_score": f"avg(CASE WHEN {label} IS NOT NULL THEN IF({prediction} <=> {label}, 1e0, 0e0) END)",
        "confusion_matrix": f"transform({top_items(pair, _PAIRS)}, x -> named_struct({entry}))",
    }


def _regression(prediction: str, label: str) -> dict[str, str]:
    error = f"({prediction} - {label})"
    return {
        "mean_squared_error": f"avg({error} * {error})",
        "root_mean_squared_error": f"sqrt(avg({error} * {error}))",
        "mean_average_error": f"avg(abs{error})",
        "mean_absolute_percentage_error": f"avg(abs(try_divide({error}, {label})))",
        "r2_score": f"1 - try_divide(avg({error} * {error}), var_pop({label}))",
    }


def _counted(condition: str) -> str:
    return f"aggregate(filter(confusion_matrix, x -> {condition}), 0e0, (__sum, x) -> __sum + x.count)"


def _score(of_label: str) -> str:
    value = f"coalesce({of_label}, 0e0)"
    each = f"transform({_LABELS}, __l -> {value})"
    total = "aggregate(confusion_matrix, 0e0, (__sum, x) -> __sum + x.count)"
    weight = f"{_counted('x.label = __l')}"
    return (
        f"named_struct('one_vs_all', map_from_arrays({_LABELS}, {each}), "
        f"'macro', try_divide(aggregate({each}, 0e0, (__sum, x) -> __sum + x), size({_LABELS})), "
        f"'weighted', try_divide(aggregate(transform({_LABELS}, __l -> {value} * {weight}), 0e0, "
        f"(__sum, x) -> __sum + x), {total}))"
    )
