"""SQL of the drift table: each row of the profile is compared with the one before it and with the baseline.

The tests work on what the profile keeps: 101 quantiles of a number, the most frequent items of everything else. The
p-values are approximations: the limiting distribution of the Kolmogorov-Smirnov statistic (its first term), and the one
of Wilson and Hilferty for chi squared.
"""

from __future__ import annotations

from sandbox.catalog import literal, quoted
from sandbox.monitors.plan import Plan, identifier

_CURRENT, _BASE = "current_df", "base_df"
_TINY = "1e-4"


def drift_rows(plan: Plan) -> dict[str, str]:
    """The rows of the drift table: expressions by the name of their column, and under `FROM` their source."""
    same = [_same(name) for name in ("slice_key", "slice_value", "column_name")]
    same += [_same(plan.model)] if plan.model else []
    profile = identifier(plan.profile_table)
    current = f"(SELECT *, {_place()} AS __place FROM {profile} WHERE log_type = 'INPUT')"
    # A baseline is profiled at each refresh; the last one counts.
    last = f"(SELECT max(window.start) FROM {profile} WHERE log_type = 'BASELINE')"
    base = f"(SELECT *, NULL AS __place FROM {profile} WHERE log_type = 'BASELINE' AND window.start = {last})"
    following = (
        f"{_same('granularity')} AND base_df.window.end = current_df.window.start"
        if plan.timestamp
        else "base_df.__place = current_df.__place - 1"
    )
    kinds = {"CONSECUTIVE": (current, [following]), "BASELINE": (base, [])}
    pairs = [
        f"SELECT {literal(kind)} AS __kind, struct({_CURRENT}.*) AS {_CURRENT}, struct({_BASE}.*) AS {_BASE} "
        f"FROM {current} AS {_CURRENT} JOIN {other} AS {_BASE} ON {' AND '.join([*same, *conditions])}"
        for kind, (other, conditions) in kinds.items()
    ]
    # Computed once, used by several tests.
    shared = {
        "__now": _shares(_CURRENT),
        "__before": _shares(_BASE),
        "__p": _frequencies(_CURRENT),
        "__q": _frequencies(_BASE),
    }
    parts = ", ".join(f"{sql} AS {name}" for name, sql in shared.items())
    return {"FROM": f"(SELECT *, {parts} FROM ({' UNION ALL '.join(pairs)}))", **_outer(plan)}


def _place() -> str:
    """Snapshots in the order in which they were taken."""
    return "dense_rank() OVER (ORDER BY window.start)"


def _same(name: str) -> str:
    return f"base_df.{quoted(name)} <=> current_df.{quoted(name)}"


def _outer(plan: Plan) -> dict[str, str]:
    kept = ["window", "granularity", "slice_key", "slice_value", "column_name", "data_type"]
    kept += [plan.model] if plan.model else []
    deltas = ("count", "avg", "percent_null", "percent_zeros", "percent_distinct")
    custom = {
        metric.name: f"CASE WHEN current_df.column_name IN ({', '.join(map(literal, metric.columns))}) "
        f"THEN {metric.sql('', plan.names)} END"
        for metric in plan.of_kind("DRIFT")
    }
    return {
        **{name: f"current_df.{quoted(name)}" for name in kept},
        "monitor_version": str(plan.version),
        "window_cmp": "IF(__kind = 'CONSECUTIVE', base_df.window, NULL)",
        "drift_type": "__kind",
        **{f"{name}_delta": f"current_df.{quoted(name)} - base_df.{quoted(name)}" for name in deltas},
        "non_null_columns_delta": _non_null_columns(),
        **_tests(),
        **custom,
    }


def _non_null_columns() -> str:
    now, before = "current_df.non_null_columns", "base_df.non_null_columns"
    return (
        f"CASE WHEN {now} IS NOT NULL AND {before} IS NOT NULL THEN named_struct('added', "
        f"size(array_except({now}, {before})), 'missing', size(array_except({before}, {now}))) END"
    )


def _tests() -> dict[str, str]:
    of_numbers = {
        "ks_test": _kolmogorov_smirnov(),
        "wasserstein_distance": "aggregate(zip_with(current_df.quantiles, base_df.quantiles, (x, y) -> abs(x - y)), "
        "0e0, (s, x) -> s + x) / size(base_df.quantiles)",
        "population_stability_index": _sum(_bins(_psi())),
    }
    of_items = {
        "chi_squared_test": _chi_squared(),
        "tv_distance": f"0.5e0 * {_sum(_items('abs(x - y)'))}",
        "l_infinity_distance": f"array_max({_items('abs(x - y)')})",
    }
    return (
        {name: f"CASE WHEN __now IS NOT NULL THEN {sql} END" for name, sql in of_numbers.items()}
        | {name: f"CASE WHEN size(__p) > 0 THEN {sql} END" for name, sql in of_items.items()}
        | {
            "js_distance": f"CASE WHEN __now IS NOT NULL THEN {_jensen_shannon(_bins(_js_term()))} "
            f"WHEN size(__p) > 0 THEN {_jensen_shannon(_items(_js_term()))} END"
        }
    )


def _sum(values: str) -> str:
    return f"aggregate({values}, 0e0, (s, x) -> s + x)"


def _kolmogorov_smirnov() -> str:
    """The largest distance of the two distribution functions, at the quantiles of both."""
    below = "size(filter({side}.quantiles, v -> v <= x)) / CAST(size({side}.quantiles) AS DOUBLE)"
    now, before = below.format(side=_CURRENT), below.format(side=_BASE)
    points = "array_distinct(concat(current_df.quantiles, base_df.quantiles))"
    largest = f"array_max(transform({points}, x -> abs({now} - {before})))"
    size = "(current_df.count * base_df.count / CAST(current_df.count + base_df.count AS DOUBLE))"
    return (
        f"transform(array({largest}), d -> named_struct('statistic', d, "
        f"'pvalue', least(1e0, 2e0 * exp(-2e0 * {size} * d * d))))[0]"
    )


def _shares(side: str) -> str:
    """The distribution function of one side at 0, the deciles of the base, and 1; NULL unless both have numbers."""
    edges = "transform(sequence(1, 9), i -> element_at(base_df.quantiles, i * 10 + 1))"
    upto = f"size(filter({side}.quantiles, v -> v <= e)) / CAST(size({side}.quantiles) AS DOUBLE)"
    return (
        "CASE WHEN current_df.quantiles IS NOT NULL AND base_df.quantiles IS NOT NULL "
        f"THEN concat(array(0e0), transform({edges}, e -> {upto}), array(1e0)) END"
    )


def _bins(term: str) -> str:
    """A term for each bin between the deciles of the base; x and y are the current side's share and the base's."""
    now, before = (
        f"zip_with(slice({name}, 2, 10), slice({name}, 1, 10), (a, b) -> a - b)" for name in ("__now", "__before")
    )
    return f"zip_with({now}, {before}, (x, y) -> {term})"


def _frequencies(side: str) -> str:
    """Shares of the items of both sides on one side; NULL unless both have items."""
    keys = (
        "array_union(transform(current_df.frequent_items, x -> x.item), transform(base_df.frequent_items, x -> x.item))"
    )
    count = f"aggregate(filter({side}.frequent_items, x -> x.item <=> k), 0e0, (s, x) -> s + x.count)"
    total = f"greatest(1e0, aggregate({side}.frequent_items, 0e0, (s, x) -> s + x.count))"
    return f"transform({keys}, k -> {count} / {total})"


def _items(term: str) -> str:
    """A term for each item; x and y are the current side's share and the base's."""
    return f"zip_with(__p, __q, (x, y) -> {term})"


def _psi() -> str:
    now, before = f"greatest(x, {_TINY})", f"greatest(y, {_TINY})"
    return f"({now} - {before}) * ln({now} / {before})"


def _js_term() -> str:
    """What one bin or item adds to the Jensen-Shannon divergence."""
    parts = [f"IF({side} > 0, 0.5e0 * {side} * ln({side} / ((x + y) / 2e0)), 0e0)" for side in ("x", "y")]
    return f"({parts[0]} + {parts[1]})"


def _jensen_shannon(terms: str) -> str:
    return f"sqrt(greatest(0e0, {_sum(terms)}))"


def _chi_squared() -> str:
    """Counts of the current side against those that the shares of the base let expect."""
    terms = _items(f"pow(x - greatest(y, {_TINY}), 2) / greatest(y, {_TINY})")
    statistic = f"current_df.count * {_sum(terms)}"
    freedom = "greatest(1, size(__p) - 1)"
    # Wilson and Hilferty: the cube root of chi squared is nearly normal; the logistic curve stands in for the normal.
    deviation = "(cbrt(t.x / t.k) - (1 - 2e0 / (9 * t.k))) / sqrt(2e0 / (9 * t.k))"
    tail = f"1 / (1 + exp(1.5976e0 * {deviation} + 0.07056e0 * pow({deviation}, 3)))"
    return (
        f"transform(array(named_struct('x', {statistic}, 'k', {freedom})), "
        f"t -> named_struct('statistic', t.x, 'pvalue', {tail}))[0]"
    )
