"""What scorenet train does: run, watch, save, report."""

from __future__ import annotations

import dataclasses
import os
import shlex
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import typer

from scorenet_cli import files
from scorenet_cli.cli.interrupts import interrupt_flag
from scorenet_cli.cli.messages import echo_error, warn
from scorenet_cli.cli.options import DEFAULT_MODEL
from scorenet_cli.core import metrics
from scorenet_cli.core.network import Network
from scorenet_cli.core.optimizers import OPTIMIZERS
from scorenet_cli.core.optimizers.state import State
from scorenet_cli.data.dataset import Dataset
from scorenet_cli.errors import FileError
from scorenet_cli.model import document, json_file
from scorenet_cli.model.model import Model, predict
from scorenet_cli.text import number
from scorenet_cli.training import diagnosis, loop
from scorenet_cli.training import fit as fitting
from scorenet_cli.training.loop import TrainingResult
from scorenet_cli.training.plan import TrainingPlan, make_plan
from scorenet_cli.training.settings import HISTORY_HEADER, Options, check, read_history

HistoryLine = tuple[int, float, float | None]

AUTOSAVE_SECONDS = 30.0
# More values than these are not suggested for typing.
MAX_VALUES = 8


def run(options: Options) -> None:
    """Train, save and report; raises the error that fits what is in the way."""
    check(options)
    old = None if options.resume is None else json_file.load(options.resume)
    job = make_plan(options, old)
    replaces = os.path.isfile(options.output) and options.output != options.resume

    losses: list[HistoryLine] = []
    with interrupt_flag() as wish:
        result = _train(job, options, losses, should_stop=lambda: wish.signal is not None)
        model = _save(job, result, options.output)
        _save_history(job, options, losses, result)

    _report(job, model, result, options)
    if result.stopped == "interrupted":
        # With validation the weights are those of the best epoch, and so is what goes on.
        left = job.facts.epochs + options.epochs - result.best_epoch
        again = " and the same data on standard input" if options.csv == "-" else ""
        echo_error(
            f"Interrupted after {result.epochs:,} epochs. The weights are saved."
            + (f" Go on with{again}:\n{_command_to_go_on(options, left)}" if left else "")
        )
        raise typer.Exit(wish.exit_status)
    if options.is_verbose:
        instead = ", in place of the model that was there" if replaces else ""
        echo_error(
            f"Saved {files.shown(options.output)}{instead}. "
            f"Next: {_next_command(job.data, options)}"
        )
    if wish.signal is not None:  # it came while a finished run was saved
        raise typer.Exit(wish.exit_status)


def _save_history(
    job: TrainingPlan, options: Options, losses: list[HistoryLine], result: TrainingResult
) -> None:
    """Write every epoch's loss; a resumed run's go behind those that are there already."""
    if options.history is None:
        return
    if losses and losses[-1][0] == result.best_epoch:  # the one figure for what was saved
        losses[-1] = (result.best_epoch, result.loss, losses[-1][2])
    before: list[str] = []
    if options.resume is not None and os.path.isfile(options.history):
        before = [
            line
            for line in read_history(options.history)[1:]
            if int(line.partition(",")[0]) <= job.facts.epochs
        ]
    header = HISTORY_HEADER if job.validation_rows is None else f"{HISTORY_HEADER},validation_loss"
    lines = [
        header,
        *before,
        *(",".join(repr(value) for value in line if value is not None) for line in losses),
    ]
    files.write_atomic(options.history, "\n".join(lines) + "\n")


def _train(  # noqa: C901 - the callbacks stand where what they watch is
    job: TrainingPlan, options: Options, losses: list[HistoryLine], should_stop: Callable[[], bool]
) -> TrainingResult:
    """Train, with progress on a terminal, and save every half minute.

    losses is filled with every epoch's where a history is asked for.
    """
    rows = fitting.scaled_rows(job.start, job.data)
    validation = (
        None if job.validation_rows is None else fitting.scaled_rows(job.start, job.validation_rows)
    )
    goal = loop.StoppingCriteria(options.epochs, options.tolerance, validation, options.patience)
    log_every = options.log_every if options.is_verbose else None
    saved_at = time.monotonic()
    finished: list[TrainingResult] = []
    curves: list[list[HistoryLine]] = []

    def each_epoch(epoch: int, loss: float, validation_loss: float | None) -> None:
        if options.history is not None:
            curves[-1].append((epoch, loss, validation_loss))
        if log_every is not None and epoch % log_every == 0:
            beside = "" if validation_loss is None else f"  validation {validation_loss:.10g}"
            echo_error(f"epoch {epoch}  loss {loss:.10g}{beside}")

    with ExitStack() as stack:
        progress = None
        if sys.stderr.isatty() and options.is_verbose and log_every is None:
            from scorenet_cli.show.progress import training_progress

            progress = stack.enter_context(training_progress(job.facts.epochs, options.epochs))

        def tick(epoch: int, loss: float, snapshot: Callable[[], TrainingResult]) -> None:
            nonlocal saved_at
            if progress is not None:
                progress(epoch, loss)
            if time.monotonic() >= saved_at + AUTOSAVE_SECONDS:
                saved_at = time.monotonic()
                try:
                    _save(job, loop.best_of([*finished, snapshot()]), options.output)
                except FileError as error:  # there may be room again when it matters
                    warn(f"could not save in between: {error}")

        watcher = loop.Callbacks(
            each_epoch=each_epoch if options.history or log_every else None,
            every=1 if options.history else log_every or 1,
            tick=tick,
            should_stop=should_stop,
        )
        # Gradient descents go side by side; each has an eye on validation only by itself.
        together = OPTIMIZERS[job.optimizer].side_by_side and validation is None
        stacks = [job.networks] if together else [(each,) for each in job.networks]
        for number, networks in enumerate(stacks):
            curves.append([])
            finished.append(
                loop.train(
                    _optimizer(job, networks, rows, number),
                    rows,
                    goal,
                    done=job.facts.epochs,
                    history=job.facts.history,
                    watcher=watcher,
                )
            )
            if finished[-1].stopped == "interrupted":
                break
    if together:
        losses[:] = curves[0]
        return finished[0]
    best = loop.best_of(finished)
    losses[:] = curves[best.start]
    if finished[-1].stopped == "interrupted":
        best = dataclasses.replace(best, stopped="interrupted")
        if len(stacks) > 1:
            warn(f"only {len(finished)} of {len(stacks)} starts were tried; the best is kept.")
    return best


def _optimizer(
    job: TrainingPlan, networks: tuple[Network, ...], rows: loop.ScaledData, number: int
) -> Iterator[State]:
    """Start the job's optimizer on some of its networks, the first of which is start `number`."""
    optimizer = OPTIMIZERS[job.optimizer]
    return optimizer.start(
        networks,
        *rows,
        seed=(job.facts.seed or 0) + number,
        state=job.facts.state,
        **{name: getattr(job.facts, name) or usual for name, usual in optimizer.options.items()},
    )


def _save(job: TrainingPlan, result: TrainingResult, output: str) -> Model:
    """Save the model that a run came to."""
    facts = job.facts
    if facts.seed is not None:
        facts = dataclasses.replace(facts, seed=facts.seed + result.start)
    model = fitting.trained_model(job.start, result, job.data, facts)
    json_file.save(model, output)
    return model


def _report(job: TrainingPlan, model: Model, result: TrainingResult, options: Options) -> None:
    """Print what the run came to, for people or for scripts, and what is wrong with it."""
    known = (job.data.inputs, job.data.scores)
    predicted = predict(model, job.data.inputs).scores
    baselines = metrics.fit_baselines(*known)
    fit = metrics.compare(predicted, *known, baselines)
    validation = None
    if job.validation_rows is not None:
        there = predict(model, job.validation_rows.inputs).scores
        validation = metrics.compare(
            there, job.validation_rows.inputs, job.validation_rows.scores, baselines
        )
    spread = fitting.restart_stats(job.start, job.data, result)
    if options.json:
        from scorenet_cli.show.json_output import as_json, to_line

        answer = {
            "model": options.output,
            "rows": len(job.data.inputs)
            + len(job.validation_rows.inputs if job.validation_rows else ()),
            "epochs": result.epochs,
            "optimizer": job.optimizer,
            "seed": None if model.training is None else model.training.seed,
            "loss": result.loss,
            "stopped": result.stopped,
            "seconds": result.seconds,
            "metrics": as_json(fit),
        }
        if validation is not None:
            answer["best_epoch"] = result.best_epoch
            answer["metrics"]["validation"] = as_json(validation)
        if spread is not None:
            answer["restarts"] = as_json(spread)
        typer.echo(to_line(answer))
    elif not options.quiet:
        from scorenet_cli.show.console import show
        from scorenet_cli.show.pages.train import training_summary

        show(
            training_summary(
                job.data, predicted, result, fit=fit, validation=validation, spread=spread
            )
        )
    if result.stopped == "interrupted":
        return
    size = {"rows": len(job.data.inputs), "features": len(job.data.features)}
    words = None
    if validation is not None and job.validation_rows is not None:
        words = metrics.baseline_warning(validation, job.validation_rows.scores, **size)
        words = words and f"on the rows held back, {words}"
    if words := (
        words
        or diagnosis.diagnose(result, fitting.scaled_rows(job.start, job.data))
        or metrics.baseline_warning(fit, job.data.scores, **size)
    ):
        warn(words)


def _command_to_go_on(options: Options, epochs: int) -> str:
    """Spell out the command that takes the epochs that an interrupted run did not."""
    words = ["scorenet", "train", *([] if options.csv is None else [options.csv])]
    words += ["--resume", options.output, "--epochs", str(epochs)]
    if options.output != DEFAULT_MODEL:
        words += ["--output", options.output]
    if options.tolerance is not None:
        words += ["--tolerance", repr(options.tolerance)]
    if options.history is not None:
        words += ["--history", options.history]
    if options.validation is not None:
        words += ["--validation", repr(options.validation)]
    if options.patience is not None:
        words += ["--patience", str(options.patience)]
    return shlex.join(words)


def _next_command(data: Dataset, options: Options) -> str:
    """Suggest a prediction: the document's question, or the first row's values."""
    if data.features == document.FEATURES:
        values = [number(value) for value in document.QUESTION]
    else:
        values = [number(value) for value in data.inputs[0].tolist()]
    if len(values) > MAX_VALUES:
        values = ["--csv", "NEW.csv"]
    words = ["scorenet", "predict", *values]
    if options.output != os.environ.get("SCORENET_MODEL", DEFAULT_MODEL):
        words += ["--model", options.output]
    return shlex.join(words)
