"""Errors on the command line: one style, and suggestions by meaning and by spelling."""

from __future__ import annotations

import pytest
from support import Invoke, one_message


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("train --lr 3", "there is no option '--lr'. Did you mean '--learning-rate'?"),
        ("train --epoch 3", "there is no option '--epoch'. Did you mean '--epochs'?"),
        ("backward-trace --goal 92", "no option '--goal'. Did you mean '--actual'?"),
        ("inspect --precision=3", "there is no option '--precision'."),
        ("predict --scaling x", "--scaling expects one of training, own, none; got 'x'."),
        ("train --seed", "--seed needs a value."),
        ("train a b", "unexpected 'b'"),
        ("traim", "no such command 'traim'. Did you mean 'train'? See: scorenet --help"),
    ],
)
def test_a_usage_error_says_what_is_wrong_and_what_may_be_meant(
    invoke: Invoke, words: str, message: str
) -> None:
    result = invoke(*words.split())
    assert result.exit_code == 2
    assert message in one_message(result)
    assert " See: scorenet" in result.stderr
