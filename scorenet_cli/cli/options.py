"""Options that mean the same in every command, and how VALUES are read."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from scorenet_cli.cli.usage import no_option, option_names
from scorenet_cli.errors import OptionError
from scorenet_cli.text import (
    did_you_mean,
    is_finite_number,
    is_number,
    listed,
    parse_number,
    quoted,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from scorenet_cli.model.model import Model

DEFAULT_MODEL = "scorenet.json"
MAX_DIGITS = 17


def setting(
    metavar: str,
    help_text: str,
    default: "str | bool" = True,
    *,
    parser: "Callable[[str], Any] | None" = None,
    names: Sequence[str] = (),
) -> Any:  # noqa: ANN401 - as typer.Option
    """Declare an option with a value; default is what the help says where the default is None."""
    return typer.Option(
        *names, metavar=metavar, help=help_text, show_default=default, parser=parser
    )


def whole(smallest: int, largest: int | None = None) -> "Callable[[str], int]":
    """Return a parser of whole numbers in a range: 23, 1e5 or 100_000."""
    most = math.inf if largest is None else largest
    limits = f"of at least {smallest}" if largest is None else f"from {smallest} to {largest}"

    def parse(text: str) -> int:
        plain = str(text).replace("_", "")
        value: float
        try:
            value = int(plain)
        except ValueError:
            value = parse_number(plain) if is_finite_number(plain) else math.nan
        if not (smallest <= value <= most and value == value // 1):
            raise typer.BadParameter(f"expects a whole number {limits}; got {quoted(str(text))}.")
        return int(value)

    return parse


def decimal(text: str) -> float:
    """Parse a finite number."""
    try:
        return parse_number(str(text))
    except ValueError as reason:
        raise typer.BadParameter(f"expects a number, but {quoted(str(text))} {reason}.") from reason


ModelOption = Annotated[
    str,
    typer.Option(
        "--model",
        metavar="PATH",
        envvar="SCORENET_MODEL",
        help="Model file, or a folder with w1.txt, w2.txt, ...",
    ),
]
JsonOption = Annotated[
    bool, typer.Option("--json", help="Print one JSON object, with numbers at full precision.")
]
OutputOption = Annotated[
    str | None,
    setting("FILE", "Write to this file instead of standard output.", names=["--output", "-o"]),
]
QuietOption = Annotated[
    bool, typer.Option("--quiet", help="Print nothing but results, warnings and errors.")
]
HeaderOption = Annotated[
    bool | None,
    typer.Option(
        "--header/--no-header",
        show_default="guessed",
        help="Whether the first row of the CSV holds column names.",
    ),
]
ScalingOption = Annotated[
    Literal["training", "own", "none"],
    typer.Option(
        help="training: scale values as in training. own: divide them by their own largest value, "
        "as the document does. none: do not scale them."
    ),
]
ValuesArgument = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[VALUES]...", help="A value for each feature, in order, or name=value."
    ),
]
WorkedExampleOption = Annotated[
    bool, typer.Option("--worked-example", help="Use the document's example weights.")
]
PrecisionOption = Annotated[
    int | None,
    setting(
        "N",
        "Digits after the decimal point.",
        "10, fewer on a narrow terminal",
        parser=whole(0, MAX_DIGITS),
    ),
]
SaveOption = Annotated[
    str | None, setting("FILE", "Also save a picture (.svg), or the printed output (.html, .txt).")
]
ExplainOption = Annotated[bool, typer.Option("--explain", help="Explain why each step is taken.")]
BlankOption = Annotated[
    bool, typer.Option("--blank", help="Leave the results blank, as an exercise.")
]


def check_values(texts: Sequence[str], context: typer.Context) -> None:
    """Reject unknown options among VALUES.

    Typer passes them on because -1 looks like an option. After --, a name=value may begin with a
    dash.
    """
    for text in texts:
        if text.startswith("-") and text != "-" and not is_number(text):
            options = option_names(context)
            if text.partition("=")[0] in options:
                raise OptionError(
                    f"{text} comes after --, where only values are allowed. Move it before --."
                )
            if "=" in text and text in context.meta["behind"]:
                continue
            raise OptionError(f"{no_option(text, options)} See: {context.command_path} --help")


def parse_values(
    texts: Sequence[str], context: typer.Context, model: "Model | None" = None
) -> list[float | str]:
    """Read one value for each of the model's features, or finite numbers where there is no model.

    Values come in the features' order, or as name=value in any order. A category stays text, and
    a missing value that the model fills is "". OptionError for anything else.
    """
    check_values(texts, context)
    if files := [text for text in texts if text.lower().endswith(".csv")]:
        takes_csv = "--csv" in option_names(context)
        hint = f" To read the rows of a CSV, use --csv {files[0]}" if takes_csv else ""
        raise OptionError(f"{quoted(files[0])} is a file, not a value.{hint}")
    if model is None:
        return [_parse_value(text) for text in texts]
    given = _in_order(texts, model)
    if (count := len(model.features)) != len(given):
        raise OptionError(
            f"expected {count} {'value' if count == 1 else 'values'} "
            f"({listed(model.features)}), got {len(given)}."
        )
    return [
        _parse_feature(text, feature, model)
        for text, feature in zip(given, model.features, strict=True)
    ]


def _parse_value(text: str) -> float:
    try:
        return parse_number(text)
    except ValueError as reason:
        raise OptionError(
            f"the value {quoted(text)} {reason}. Give one number for each feature."
        ) from reason


def _parse_feature(text: str, feature: str, model: "Model") -> float | str:
    """Read a number or a category; return "" for a missing value."""
    from scorenet_cli.data.columns import MAX_CATEGORIES, is_missing, is_missing_text

    categories = model.categories.get(feature)
    if categories is not None and text.strip() in categories:
        return text.strip()
    if feature in model.fill and (is_missing if categories is None else is_missing_text)(text):
        return ""
    if categories is None:
        return _parse_value(text)
    raise OptionError(
        f"{quoted(text)} is not a category of {quoted(feature)}.{did_you_mean(text, categories)} "
        f"The categories are {listed(categories, MAX_CATEGORIES)}."
    )


def _in_order(texts: Sequence[str], model: "Model") -> list[str]:
    """Put name=value pairs in the features' order; other values stay as they are."""
    pairs = [_pair(text, model.features) for text in texts]
    known = [text for texts_of in model.categories.values() for text in texts_of]
    if not any(pairs) and (not all("=" in text for text in texts) or {*texts} & {*known}):
        return list(texts)
    found: dict[str, str] = {}
    for text, pair in zip(texts, pairs, strict=True):
        if pair is None:
            name = text.partition("=")[0]
            raise OptionError(
                f"{quoted(text)} does not name a feature.{did_you_mean(name, model.features)} Give "
                f"every value as name=value; the features are {listed(model.features)}."
            )
        if pair[0] in found:
            raise OptionError(f"{quoted(pair[0])} is given twice.")
        found[pair[0]] = pair[1]
    if missing := [name for name in model.features if name not in found]:
        raise OptionError(f"no value is given for {listed(missing)}.")
    return [found[name] for name in model.features]


def _pair(text: str, features: tuple[str, ...]) -> tuple[str, str] | None:
    """Split name=value at the longest name that is a feature, in any case."""
    known = {feature.strip().casefold(): feature for feature in features}
    for position in reversed([n for n, sign in enumerate(text) if sign == "="]):
        feature = known.get(text[:position].strip().casefold())
        if feature is not None:
            return feature, text[position + 1 :]
    return None


def check_output(path: str, option: str, reads: "Mapping[str, str | None]") -> None:
    """Fail early if the output file cannot be written or is also an input."""
    from scorenet_cli import files

    for what, other in reads.items():
        if other is not None and files.same(other, path):
            raise OptionError(
                f"would overwrite {what}: {quoted(path)}. Choose another name.", option=option
            )
    files.check_writable(path)


def check_header(csv: str | None, source: str = "`csv`", *, header: bool | None) -> None:
    """Raise OptionError if an option describes the header of a CSV, and none is read."""
    if header is not None and csv is None:
        raise OptionError(
            f"has no effect without {source}. Leave it out.", option=f"header={header}"
        )


def check_save(path: str | None, model: str, endings: Sequence[str], option: str = "save") -> None:
    """Refuse, before any work, what could not be saved."""
    if path is None:
        return
    if not path.lower().endswith(tuple(endings)):
        *others, last = endings
        names = f"{', '.join(others)} or {last}" if others else last
        raise OptionError(f"needs a name ending in {names}; got {quoted(path)}.", option=option)
    check_output(path, option, {"the model": model})
