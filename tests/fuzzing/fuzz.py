"""Fuzzes a target with atheris, guided by what each input reaches, from the kept seeds.

    pip install '.[fuzz]'
    python tests/fuzzing/fuzz.py csv -runs=400000

What follows the target's name goes to libFuzzer. An input that takes over 10 seconds or 1 GB is
a finding, too. Put a finding into seeds/<target>/, where tests/test_fuzzing.py runs it for ever.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import atheris

HERE = Path(__file__).parent

with atheris.instrument_imports(include=["scorenet_cli"]):
    sys.path[:0] = [str(HERE.parent)]
    from fuzzing.targets import TARGETS


def main() -> None:
    """Fuzz the target that the command line names."""
    name, *options = sys.argv[1:] or [""]
    if name not in TARGETS:
        sys.exit(f"usage: fuzz.py {'|'.join(TARGETS)} [libFuzzer's options]")
    limits = ["-timeout=10", "-rss_limit_mb=1024", "-max_len=4096", "-len_control=0"]
    dictionary = HERE / f"{name}.dict"
    limits += [f"-dict={dictionary}"] if dictionary.exists() else []
    with tempfile.TemporaryDirectory() as found:
        seeds = str(HERE / "seeds" / name)
        atheris.Setup([sys.argv[0], *limits, *options, found, seeds], TARGETS[name])
        atheris.Fuzz()


if __name__ == "__main__":
    main()
