"""scorenet train: parses options, calls api.train and prints the report."""

import dataclasses
import io
import os
import select
import stat
import sys
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING, Annotated, TextIO

import typer

from scorenet_cli.cli.interrupts import InterruptFlag, catch_signals, nothing_saved_yet
from scorenet_cli.cli.messages import as_flags, echo_error, note, shell_command, warn
from scorenet_cli.cli.options import (
    DEFAULT_MODEL,
    HeaderOption,
    JsonOption,
    check_header,
    check_output,
    decimal,
    setting,
    whole,
)
from scorenet_cli.errors import FileError, OptionError, TrainingError
from scorenet_cli.text import count, quoted
from scorenet_cli.training.settings import (
    DEFAULT_EPOCHS,
    DEFAULT_HIDDEN,
    DEFAULT_MAX_SCORE,
    DEFAULT_OPTIMIZER,
    DEFAULT_SEED,
    MAX_RESTARTS,
    Settings,
    make_settings,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from scorenet_cli.core import Array
    from scorenet_cli.model.model import Model
    from scorenet_cli.training.fit import FitResult
    from scorenet_cli.training.history import LossLog
    from scorenet_cli.training.loop import Callbacks
    from scorenet_cli.training.plan import TrainingPlan

AUTOSAVE_SECONDS = 30.0
# Settings that a resumed model does not store.
NOT_RESUMED = ("missing", "tolerance", "validation", "patience")
# More values than these are not suggested for typing.
MAX_VALUES = 8


def train(
    csv: Annotated[
        str | None,
        typer.Argument(
            metavar="[CSV]",
            help="CSV file ('-': standard input). Default: the document's three rows.",
        ),
    ] = None,
    csv_option: Annotated[  # hidden alias, as in the other commands
        str | None, typer.Option("--csv", "--data", hidden=True)
    ] = None,
    target: Annotated[
        list[str] | None, setting("NAME", "Column to predict; repeatable.", "the last usable one")
    ] = None,
    features: Annotated[
        list[str] | None,
        setting("A,B", "Columns to learn from; repeatable.", "all other usable ones"),
    ] = None,
    ignore: Annotated[list[str] | None, setting("A,B", "Columns to leave out; repeatable.")] = None,
    missing: Annotated[
        str | None,
        setting(
            "NAME",
            "What to do with missing cells: skip the row, fill in the column's mean, or refuse the "
            "CSV.",
            "skip",
        ),
    ] = None,
    header: HeaderOption = None,
    max_score: Annotated[
        list[float] | None,
        setting(
            "SCORE",
            "Highest possible score; scores are divided by it. Repeatable, one per target.",
            f"{DEFAULT_MAX_SCORE:g}",
            parser=decimal,
        ),
    ] = None,
    standardize: Annotated[
        bool,
        typer.Option(
            "--standardize",
            help="Subtract each feature's mean and divide by its standard deviation "
            "(--optimizer auto always does).",
        ),
    ] = False,
    hidden: Annotated[
        str | None,
        setting(
            "N[,N]",
            "Neurons per hidden layer: 3 (one layer), 16,8 (two layers) or none.",
            f"{DEFAULT_HIDDEN[0]}; with --optimizer auto: none, 3 or 8",
        ),
    ] = None,
    bias: Annotated[
        bool,
        typer.Option("--bias", help="Give every neuron a bias (--optimizer auto always does)."),
    ] = False,
    activation: Annotated[
        str | None,
        setting(
            "NAME", "Activation of the hidden layers: sigmoid, tanh, relu or linear.", "sigmoid"
        ),
    ] = None,
    output_activation: Annotated[
        str | None,
        setting(
            "NAME",
            "sigmoid: scores from 0 to --max-score. linear: scores of any size.",
            "sigmoid; with --optimizer auto: chosen from the scores",
        ),
    ] = None,
    init: Annotated[
        str | None,
        setting(
            "NAME",
            "Distribution of the starting weights: normal, uniform, or scaled "
            "(normal, divided by the square root of the number of inputs).",
            "normal; with --optimizer auto: scaled",
        ),
    ] = None,
    seed: Annotated[
        int | None,
        setting("N", "Random seed for the starting weights.", f"{DEFAULT_SEED}", parser=whole(0)),
    ] = None,
    optimizer: Annotated[
        str | None,
        setting(
            "NAME",
            "auto: choose the hidden layers by cross-validation and train with lm (large "
            "networks: adam). "
            "gd: full-batch gradient descent, as in the document. adam: for large networks or "
            "many rows. lm: Levenberg-Marquardt, by far the fastest for small networks.",
            f"auto; {DEFAULT_OPTIMIZER} with --epochs, --learning-rate or --batch-size",
        ),
    ] = None,
    learning_rate: Annotated[
        float | None,
        setting(
            "RATE",
            "Step size, divided by the number of rows (gd).",
            "gd 3 (0.2 with a linear output), adam 0.001",
            parser=decimal,
        ),
    ] = None,
    batch_size: Annotated[
        int | None,
        setting(
            "N",
            "Rows per step, in the file's order (gd) or shuffled (adam). "
            "1: a step after every row.",
            "gd all, adam 32",
            parser=whole(1),
        ),
    ] = None,
    weight_decay: Annotated[
        str | None,
        setting(
            "NUMBER|auto",
            "Weight decay: NUMBER times the sum of squared weights is added to the sum of squared "
            "errors. auto (lm): estimated from the rows, for each layer.",
            "0; with --optimizer auto: auto, or 1e-06 for a linear model of many rows",
        ),
    ] = None,
    epochs: Annotated[
        int | None,
        setting(
            "N",
            "Passes over all rows.",
            f"{DEFAULT_EPOCHS}; with --optimizer auto: at most 300",
            parser=whole(0),
        ),
    ] = None,
    tolerance: Annotated[
        float | None, setting("LOSS", "Stop when the loss is at or below LOSS.", parser=decimal)
    ] = None,
    restarts: Annotated[
        int,
        setting(
            "N",
            "Train from N seeds (seed, seed + 1, ...) and keep the best.",
            "1; with --optimizer auto: up to 4",
            parser=whole(1, MAX_RESTARTS),
        ),
    ] = 1,
    validation: Annotated[
        float | None,
        setting(
            "FRACTION",
            "Hold out this fraction of the rows; keep the epoch with the lowest loss on them.",
            parser=decimal,
        ),
    ] = None,
    patience: Annotated[
        int | None,
        setting(
            "N", "Stop after N epochs without improvement on the validation rows.", parser=whole(1)
        ),
    ] = None,
    folds: Annotated[
        int | None,
        setting(
            "K",
            "Also report the fit by K-fold cross-validation, on rows not used for training.",
            parser=whole(2),
        ),
    ] = None,
    snapshots: Annotated[
        int | None,
        setting(
            "N",
            "Save the weights of N epochs, evenly spaced on a log scale, for the replay in "
            "inspect --save page.html. Small networks only.",
            parser=whole(2),
        ),
    ] = None,
    resume: Annotated[
        str | None,
        setting(
            "MODEL", "Continue training this model for --epochs more epochs; save to --output."
        ),
    ] = None,
    output: Annotated[
        str, setting("FILE", "Where to save the model.", names=["--output", "-o"])
    ] = DEFAULT_MODEL,
    history: Annotated[
        str | None, setting("FILE.csv", "Save every epoch's loss to this file.")
    ] = None,
    log_every: Annotated[
        int | None, setting("N", "Print the loss every N epochs.", parser=whole(1))
    ] = None,
    quiet: Annotated[
        bool, typer.Option("--quiet", help="Print nothing but warnings and errors.")
    ] = False,
    json: JsonOption = False,
) -> None:
    """Train a network on a CSV and save it.

    \b
    scorenet train
    scorenet train data.csv --epochs 100000
    scorenet train data.csv --resume scorenet.json
    """  # noqa: D301 - \b is Typer's sign to leave lines as they are
    if csv is not None and csv_option is not None:
        raise OptionError(
            f"two CSVs are given: {quoted(csv)} and {quoted(csv_option)}. Leave one out."
        )
    csv = csv_option if csv is None else csv
    options = dict(locals())
    options["features"] = ",".join(features) if features else None
    options["ignore"] = ",".join(ignore) if ignore else None
    options["bias"] = bias or None
    options["standardize"] = standardize or None
    names = (field.name for field in dataclasses.fields(Settings))
    run = _Run(
        settings=make_settings(**{name: options[name] for name in names}),
        **{name: options[name] for name in _Run.__dataclass_fields__ if name in options},
    )
    if run.log_every is not None and run.quiet:
        raise OptionError("has no effect with --quiet. Leave one out.", option="log_every")
    if csv == "":
        raise OptionError("the CSV's name is empty: a shell variable may be unset.")
    check_header(csv, "a CSV", header=header)
    if csv is None and _has_text(sys.stdin):
        raise OptionError(
            "no CSV given, but there is text on standard input. To read it: scorenet train -"
        )
    _check_places(run)
    _train(run)


@dataclasses.dataclass
class _Run:
    """One run of the command: where its rows come from, where its results go, what it prints."""

    settings: Settings
    csv: str | None
    header: bool | None
    resume: str | None
    output: str
    history: str | None
    log_every: int | None
    quiet: bool
    json: bool

    @property
    def is_verbose(self) -> bool:
        """Whether notes, progress and the next command are printed."""
        return not (self.quiet or self.json)


def _has_text(stream: TextIO | None) -> bool:
    """Return whether a stream is a file or pipe with unread text."""
    if stream is None:
        return False
    try:
        status = os.fstat(stream.fileno())
        if stat.S_ISREG(status.st_mode):
            return status.st_size > 0
        if not stat.S_ISFIFO(status.st_mode) or sys.platform == "win32":
            return False
        ready, _, _ = select.select([stream], [], [], 0.05)
        return bool(ready) and bool(os.read(stream.fileno(), 1))
    except (OSError, ValueError):  # no descriptor, or closed
        return False


def _check_places(run: _Run) -> None:
    """Fail early if an output file cannot be written."""
    from scorenet_cli import files
    from scorenet_cli.model import json_file
    from scorenet_cli.training.history import read_history

    for option, place in (("output", run.output), ("history", run.history)):
        if place == "-":
            raise OptionError(
                "cannot be standard output, where the results go. Give a file name.", option=option
            )
    json_file.check_output(run.output)
    if run.history is None:
        return
    reads = {"the CSV": run.csv, "the `output` file": run.output, "the `resume` model": run.resume}
    check_output(run.history, "history", reads)
    if os.path.isfile(run.history) and not read_history(run.history):
        raise FileError(
            f"{files.display_path(run.history)} exists and is not a loss history, "
            "so it was not overwritten. Choose another name, or move it away."
        )


def _train(run: _Run) -> None:
    """Train, save and report."""
    from scorenet_cli import api, files
    from scorenet_cli.training.history import LossLog

    replaces = os.path.isfile(run.output) and run.output != run.resume
    flag = InterruptFlag()
    with LossLog() as log, ExitStack() as guard:
        with ExitStack() as display:
            saves = _Autosave(run.output)
            callbacks = _callbacks(run, log, saves, flag, guard, display)
            try:
                fit = api.train(
                    run.csv,
                    settings=run.settings,
                    header=run.header,
                    resume=run.resume,
                    callbacks=callbacks,
                )
            except TrainingError as error:
                raise TrainingError(f"{error} {saves.explain()}") from error
        api.save(fit.model, run.output)
        if run.history is not None:
            _save_history(run, run.history, log, fit)
    _report(run, fit)
    if fit.result.stopped == "interrupted":
        _explain_interrupt(run, fit)
        raise typer.Exit(flag.exit_status)
    if run.is_verbose:
        instead = ", replacing the previous model" if replaces else ""
        echo_error(
            f"Saved {files.display_path(run.output)}{instead}. Next: {_next_command(run, fit)}"
        )
    if flag.is_set:  # it came while a finished run was saved
        echo_error("Interrupted after training had ended; the model is saved.")
        raise typer.Exit(flag.exit_status)


class _Autosave:
    """Saves the model of a long run every AUTOSAVE_SECONDS."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._saved_at = time.monotonic()
        self._epoch: int | None = None

    def tick(self, snapshot: "Callable[[], Model]") -> None:
        """Save the best model so far, where it is time."""
        if time.monotonic() < self._saved_at + AUTOSAVE_SECONDS:
            return
        self._saved_at = time.monotonic()
        model = snapshot()
        try:
            model.save(self._path)
        except FileError as error:  # the disk may have space again at the final save
            warn(f"could not autosave: {error}")
        else:
            self._epoch = None if model.training is None else model.training.epochs

    def explain(self) -> str:
        """Say what the file holds after training failed."""
        from scorenet_cli.files import display_path

        if self._epoch is None:
            return "The model was not saved."
        return f"{display_path(self._path)} holds the model of epoch {self._epoch:,}."


def _callbacks(
    run: _Run,
    log: "LossLog",
    saves: "_Autosave",
    flag: InterruptFlag,
    guard: ExitStack,
    display: ExitStack,
) -> "Callbacks[Model]":
    """Make the callbacks for notes, history, log, progress on a terminal, and autosave."""
    from scorenet_cli.training.loop import Callbacks

    log_every = run.log_every
    progress: Callable[[int, float], None] | None = None
    compared: Callable[[str, int, int], None] | None = None
    choosing = display.enter_context(ExitStack())
    choosing.enter_context(nothing_saved_yet())
    shows_progress = sys.stderr.isatty() and run.is_verbose and log_every is None
    if shows_progress:
        from scorenet_cli.show.progress import choosing_progress

        compared = choosing.enter_context(choosing_progress())

    def begin(plan: "TrainingPlan") -> None:
        nonlocal progress
        choosing.close()
        if run.csv is None:  # printed even with --quiet: a shell variable may be unset
            echo_error(f"No CSV given: training on {plan.data.source}.")
        for text in plan.notes if run.is_verbose else ():
            note(text)
        for warning in plan.warnings:
            warn(warning)
        guard.enter_context(catch_signals(flag))  # from here on, an interrupt saves the model
        if shows_progress:
            from scorenet_cli.show.progress import training_progress

            progress = display.enter_context(training_progress(plan.record.epochs, plan.epochs))

    def each_epoch(epoch: int, losses: "Array", validation_loss: float | None) -> None:
        if run.history is not None:
            log.append(epoch, losses, validation_loss)
        if log_every is not None and epoch % log_every == 0:
            beside = "" if validation_loss is None else f"  validation {validation_loss:.10g}"
            echo_error(f"epoch {epoch}  loss {min(losses.tolist()):.10g}{beside}")

    def tick(epoch: int, loss: float, snapshot: "Callable[[], Model]") -> None:
        if progress is not None:
            progress(epoch, loss)
        saves.tick(snapshot)

    return Callbacks(
        choosing=compared,
        begin=begin,
        each_epoch=each_epoch if run.history is not None or log_every else None,
        every=1 if run.history is not None else log_every or 1,
        tick=tick,
        should_stop=lambda: flag.is_set,
    )


def _save_history(run: _Run, path: str, log: "LossLog", fit: "FitResult") -> None:
    """Write the loss of every epoch; a resumed run appends to its earlier history."""
    from scorenet_cli.training.history import lines_before, read_history, write_history

    before: list[str] = []
    if run.resume is not None and os.path.isfile(path):
        before = lines_before(read_history(path), fit.plan)
        if not before:
            warn(f"{path!r} held the loss history of another run and was replaced.")
    kept = fit.result
    lines = (  # use the loss stored in the model for the saved epoch
        line._replace(loss=kept.loss) if line.epoch == kept.best_epoch else line
        for line in log.lines(kept.start)
    )
    write_history(path, lines, before, fit.plan)


def _report(run: _Run, fit: "FitResult") -> None:
    """Print the result as text or JSON, and its warnings."""
    same = ""  # the command that trains the same as auto chose
    if fit.choice is not None:
        words = ["scorenet", "train", str(run.csv), *_settings_words(fit.choice.settings)]
        same = shell_command(words)
    if run.json:
        from scorenet_cli.show.json_output import to_line, train_answer

        answer = train_answer(fit, run.output, same)
        answer["warnings"] = list(map(as_flags, answer["warnings"]))
        typer.echo(to_line(answer))
    elif not run.quiet:
        from scorenet_cli.show.console import show
        from scorenet_cli.show.pages.train import training_summary

        show(training_summary(fit, same))
    for warning in fit.warnings[len(fit.plan.warnings) :]:
        warn(warning)


def _explain_interrupt(run: _Run, fit: "FitResult") -> None:
    """Print what was saved, and the command for the remaining epochs or starts."""
    plan, result, output = fit.plan, fit.result, run.output
    settings = plan.settings
    words = ["scorenet", "train", *([] if run.csv is None else [run.csv])]
    words += [] if run.header is None else ["--header" if run.header else "--no-header"]
    if len(plan.networks) > 1 and not plan.is_side_by_side:
        left, what = len(plan.networks) - len(result.starts) + 1, "Run all starts again"
        if plan.validation_rows is None:  # another seed would select other validation rows
            first = (plan.record.seed or 0) + len(plan.networks) - left
            settings = dataclasses.replace(settings, seed=first, restarts=left)
            output, what = f"{os.path.splitext(output)[0]}-others.json", "Run the remaining starts"
        saved = "The best model so far is saved."
    else:
        left = plan.record.epochs + plan.epochs - result.epochs
        words += ["--resume", output, "--epochs", str(left)]
        settings = Settings(**{name: getattr(settings, name) for name in NOT_RESUMED})
        saved, what = "The model is saved.", "Continue"
    words += _settings_words(settings)
    if output != DEFAULT_MODEL:
        words += ["--output", output]
    if run.history is not None and output == run.output:
        words += ["--history", run.history]
    again = " this command and the same data on standard input" if run.csv == "-" else ""
    echo_error(
        f"Interrupted after {count(result.epochs, 'epoch')}. {saved}"
        + (f" {what} with{again}:\n{shell_command(words)}" if left else "")
    )


def _settings_words(settings: Settings) -> list[str]:
    """Spell settings as options, those at their defaults left out."""
    import csv

    words = []
    for name, value in vars(settings).items():
        if value == Settings.__dataclass_fields__[name].default:
            continue
        flag = f"--{name.replace('_', '-')}"
        if value is True:
            words.append(flag)
        elif isinstance(value, tuple) and name in {"target", "max_score"}:
            words += [word for each in value for word in (flag, str(each))]
        elif isinstance(value, tuple):
            line = io.StringIO()
            csv.writer(line, lineterminator="").writerow(value)
            words += [flag, line.getvalue() or "none"]
        else:
            words += [flag, str(value)]
    return words


def _next_command(run: _Run, fit: "FitResult") -> str:
    """Suggest a predict command: 4 8 for the document's data, else the values of the first row."""
    from scorenet_cli.data.columns import decode_row
    from scorenet_cli.model import document
    from scorenet_cli.text import number

    data = fit.plan.data
    row = decode_row(data.inputs[0].tolist(), data.features, data.categories)
    row = [*document.QUESTION] if data.features == document.FEATURES else row
    values = [number(value) if isinstance(value, float) else value for value in row]
    if len(values) > MAX_VALUES:
        values = ["--csv", "NEW.csv"]
    words = ["scorenet", "predict", *values]
    if run.output != os.environ.get("SCORENET_MODEL", DEFAULT_MODEL):
        words += ["--model", run.output]
    return shell_command(words)
