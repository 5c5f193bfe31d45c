"""VALUES: numbers on the command line, negative ones too."""

from collections.abc import Sequence

import typer

from scorenet_cli.errors import UsageError
from scorenet_cli.text import did_you_mean, is_number, listed, parse_number, quoted


def parse_values(texts: Sequence[str], context: typer.Context) -> list[float]:
    """Read finite numbers; UsageError for anything else.

    The command lets unknown options through, because -1 looks like one: they end here.
    """
    values = []
    for text in texts:
        if text.startswith("-") and text != "-" and not is_number(text):
            options = [option for param in context.command.params for option in param.opts]
            if text.partition("=")[0] in options:
                raise UsageError(f"{text} stands behind --, where only values stand: move it.")
            raise UsageError(
                f"there is no option {quoted(text)}.{did_you_mean(text, options)} "
                f"See: {context.command_path} --help"
            )
        try:
            values.append(parse_number(text))
        except ValueError as reason:
            raise UsageError(
                f"the value {quoted(text)} {reason}. Give one number for each feature."
            ) from reason
    return values


def check_count(values: Sequence[float], features: tuple[str, ...]) -> None:
    """Refuse more or fewer values than the model has features."""
    if len(values) != len(features):
        raise UsageError(
            f"the model takes {len(features)} {'value' if len(features) == 1 else 'values'} "
            f"({listed(features)}), and {len(values)} came."
        )
