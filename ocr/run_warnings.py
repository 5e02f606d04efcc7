"""What someone who looks at a training run should know without reading its tables."""

from __future__ import annotations

from ocr.run_folder import BROKEN_OFF, FINISHED, Run
from ocr.time_shares import EVALUATING, SAVING, waiting_share

LONG_WAITING = 0.15
"""Share of waiting for data from which the run is told to want more workers."""

LONG_EVALUATING = 0.3
"""Share of the time spent on evaluating and saving that is told."""

WORSE = 1.1
"""The last objective over the best one from which it is told that the run went past its best."""

STILL_FALLING = 0.97
"""Best objective over the best one before the last fifth, under which the run had not yet come to rest."""


def run_warnings(run: Run) -> list[str]:
    """One sentence each, the gravest first."""
    found = [broken_off(run), not_finite(run), worse_than_before(run), forgotten(run), changed_between_sessions(run)]
    found += [
        missing_data(run),
        past_its_best(run),
        still_improving(run),
        waits_for_data(run),
        evaluates_long(run),
        unjudged(run),
    ]
    return [sentence for sentence in found if sentence]


def broken_off(run: Run) -> str:
    if run.state != BROKEN_OFF:
        return ""
    reason = run.session.reason or "killed, or the machine went down"
    command = run.session.command + ("" if "--resume" in run.session.command else " --resume")
    return f"broken off at step {run.step:,} ({reason}); to go on, type: {command}"


def not_finite(run: Run) -> str:
    skipped = sum(int(row.get("skipped") or 0) for row in run.curve)
    return f"{skipped:,} steps had a loss that was not finite; lower loop.learning_rate" if skipped else ""


def forgotten(run: Run) -> str:
    """By the report of the forgetting guard."""
    names = run.report.get("forgotten") or []
    gains = {row.get("name"): row.get("gain", 0.0) for row in run.report.get("scores", [])}
    lost = ", ".join(f"{name} by {-gains.get(name, 0.0):.2f}" for name in names)
    return f"the model forgets: {lost} points worse than before; raise data.replay or train an adapter" if lost else ""


def worse_than_before(run: Run) -> str:
    """Scores of one's own data that training made worse, by more than what the stock set may lose."""
    limit = run.report.get("forget_limit", 0.0)
    rows = [row for row in run.report.get("scores", []) if row.get("gain", 0.0) < -limit]
    lost = [f"{row['name']} by {-row['gain']:.2f}" for row in rows if not str(row.get("name")).endswith("/stock")]
    start = run.session.initial.get("name", "the model it started from")
    return f"worse than {start}: {', '.join(lost)} points; use that model, or lower loop.learning_rate" if lost else ""


def changed_between_sessions(run: Run) -> str:
    """What differs between the sessions of a resumed run."""
    differences: list[str] = []
    for earlier, later in zip(run.sessions, run.sessions[1:], strict=False):
        settings = earlier.changed.keys() | later.changed.keys()
        differences += sorted(name for name in settings if earlier.changed.get(name) != later.changed.get(name))
        differences += ["data"] if earlier.data != later.data else []
        differences += ["versions"] if (earlier.versions, earlier.commit) != (later.versions, later.commit) else []
        differences += ["machine"] if earlier.process.get("host") != later.process.get("host") else []
    what = ", ".join(dict.fromkeys(differences))
    return f"it was resumed with other {what} (run.json holds both)" if what else ""


def missing_data(run: Run) -> str:
    missing = [str(row.get("path")) for row in run.session.data if not row.get("sha256")]
    return f"nothing was found at {', '.join(missing)}" if missing else ""


def past_its_best(run: Run) -> str:
    """Whether the objective rose again well before the end."""
    last = run.evaluations[-1].objective if run.evaluations else None
    if run.best is None or run.best.objective is None or last is None or last <= run.best.objective * WORSE:
        return ""
    return (
        f"it got worse after step {run.best.step:,} (objective {run.best.objective:.4f}, at the end {last:.4f}): "
        "train for fewer steps, at a lower learning rate or on more data"
    )


def still_improving(run: Run) -> str:
    """Whether the last fifth of the evaluations still brought it down."""
    judged = [row.objective for row in run.evaluations if row.objective is not None]
    late = max(1, len(judged) // 5)
    if run.state != FINISHED or len(judged) < 5 or min(judged) > STILL_FALLING * min(judged[:-late]):
        return ""
    return "it was still getting better at its end: more steps would help"


def waits_for_data(run: Run) -> str:
    share = waiting_share(run.time)
    workers = run.settings.get("data.workers")
    return (
        f"its steps wait {share:.0%} of the time for data; raise data.workers ({workers})"
        if share > LONG_WAITING
        else ""
    )


def evaluates_long(run: Run) -> str:
    taken = run.time
    share = (taken.get(EVALUATING, 0.0) + taken.get(SAVING, 0.0)) / max(sum(taken.values()), 1e-9)
    every = run.settings.get("loop.evaluate_every")
    if share <= LONG_EVALUATING:
        return ""
    return f"{share:.0%} of the time went into evaluating and saving; raise loop.evaluate_every ({every})"


def unjudged(run: Run) -> str:
    """Runs without anything to validate on keep their newest weights."""
    if run.best is None or run.best.objective is not None:
        return ""
    return "there was nothing to validate on (data.val): the newest weights were kept, whether they are good or not"
