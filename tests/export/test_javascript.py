from __future__ import annotations

import json
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from support import named

from scorenet_cli.core.network import random_network
from scorenet_cli.core.optimizers.least_squares import pack
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


@pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
def test_weights_can_be_an_argument(tmp_path: Path) -> None:
    model, other = named(("a", "b"), (2, 3, 2)), random_network((2, 3, 2), seed=9, bias=True)
    assert "export function predict(inputs) {" in javascript.write(model)
    text = javascript.write(model, takes_weights=True)
    (tmp_path / "model.mjs").write_text(text, encoding="utf-8")
    script = f"""
        const {{ predict }} = await import("./model.mjs");
        const answer = predict({{ a: 0.5, b: -2 }}, {pack(other).tolist()});
        console.log(JSON.stringify(answer.scores));"""
    words = ["node", "--input-type=module", "--eval", script]
    scores = json.loads(subprocess.check_output(words, cwd=tmp_path))
    expected = replace(model, network=other).predict([[0.5, -2.0]])[0]
    assert scores == pytest.approx(expected.tolist(), rel=1e-14)
