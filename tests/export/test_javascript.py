from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from support import named

from scorenet_cli.export import javascript
from scorenet_cli.model import trace


@pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
def test_predict_returns_each_neuron(tmp_path: Path) -> None:
    model = named(("a", "b"), (2, 3, 2))
    (tmp_path / "model.mjs").write_text(javascript.write(model), encoding="utf-8")
    script = """
        const { predict } = await import("./model.mjs");
        console.log(JSON.stringify(predict({ a: 0.5, b: "-2" })));"""
    words = ["node", "--input-type=module", "--eval", script]
    answer = json.loads(subprocess.check_output(words, cwd=tmp_path))
    traced = trace.forward_trace(model, [0.5, -2.0])
    for layer, expected in zip(answer["layers"], traced.layers, strict=True):
        assert layer["sums"] == pytest.approx([neuron.sum for neuron in expected.neurons])
        assert layer["outputs"] == pytest.approx([neuron.output for neuron in expected.neurons])
    assert answer["inputs"] == [0.5, -2]
    assert answer["scores"] == pytest.approx(list(traced.scores))
    assert [*answer["predicted"].values()] == answer["scores"]


def test_names_cannot_end_a_script_element() -> None:
    model = named(("</script><b>", "<!--"), (2, 1))
    text = javascript.write(model)
    assert "</" not in text
    assert "<!" not in text
    assert text.isascii()
