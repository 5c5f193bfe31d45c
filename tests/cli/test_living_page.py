"""The page of inspect --save page.html, in a real browser."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import browser
import numpy as np
import pytest
from browser import Tab
from support import Invoke

import scorenet_cli as scorenet
from scorenet_cli.model.model import Model, interval_text, intervals
from scorenet_cli.model.model import predict as predict_rows
from scorenet_cli.text import number

pytestmark = pytest.mark.skipif(
    browser.PROGRAM is None, reason="no Chromium is installed (apt-get install chromium)"
)


@pytest.fixture(scope="module")
def tab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tab]:
    with browser.browser(tmp_path_factory.mktemp("profile")) as opened:
        yield opened


def open_page(tab: Tab, invoke: Invoke, model: Model, *words: object) -> None:
    """Save a model and its page, and open that on a wide screen."""
    model.save("m.json")
    result = invoke("inspect", "--model", "m.json", "--save", "page.html", *words)
    assert result.exit_code == 0, result.stderr
    tab.show(1280, 800)
    tab.open(Path("page.html").absolute())


def text(tab: Tab, selector: str) -> str:
    return str(tab.evaluate(f"document.querySelector({json.dumps(selector)}).textContent"))


def set_value(tab: Tab, selector: str, value: float | str) -> None:
    """Set a field as typing, dragging or choosing does."""
    tab.evaluate(
        f"(element => {{ element.value = {json.dumps(value)};"
        "element.dispatchEvent(new Event('input')); element.dispatchEvent(new Event('change')); })"
        f"(document.querySelector({json.dumps(selector)}))"
    )


def trained_as_the_document(epochs: int = 3000, snapshots: int | None = None) -> Model:
    return scorenet.train(epochs=epochs, snapshots=snapshots).model


def test_sliders_and_fields_move_the_score_the_sums_and_the_arithmetic(
    tab: Tab, invoke: Invoke
) -> None:
    model = trained_as_the_document()
    open_page(tab, invoke, model)
    assert text(tab, "#scores b") == number(model.predict([[2, 7]])[0, 0], 4)
    tab.evaluate("document.querySelector('input[type=range]').focus()")
    tab.press("ArrowRight")
    assert text(tab, "#scores b") == number(model.predict([[2.05, 7]])[0, 0], 4)
    set_value(tab, "#value1", 9.5)
    trace = scorenet.forward_trace(model, [2.05, 9.5])
    assert text(tab, "#scores b") == number(trace.scores[0], 4)
    assert "outside the training range 5 to 9" in text(tab, "#fields")
    neurons = [neuron for layer in trace.layers for neuron in layer.neurons]
    shown = tab.evaluate("[...document.querySelectorAll('.large')].map((each) => each.textContent)")
    assert shown[2:] == [number(neuron.output, 4) for neuron in neurons]
    for term in neurons[-1].terms:
        row = "".join(number(value) for value in (term.value, term.weight, term.product))
        assert f"{term.from_}{row}" in text(tab, "#steps")
    assert f"sum{number(neurons[-1].sum)}sigmoid{number(neurons[-1].output)}" in text(tab, "#steps")
    assert tab.problems == []


def test_pointing_and_arrow_keys_choose_whose_arithmetic_is_shown(tab: Tab, invoke: Invoke) -> None:
    model = trained_as_the_document(50)
    open_page(tab, invoke, model)
    first = scorenet.forward_trace(model, [2, 7]).layers[0].neurons[0]
    tab.evaluate("document.querySelector('.cell[tabindex=\"0\"]').focus()")
    tab.press("ArrowLeft")  # a line to the output
    assert "Arithmetic of score" in text(tab, "#neuron")
    assert text(tab, "#steps tr.of").startswith("h1")
    tab.press("ArrowLeft")
    assert text(tab, "#neuron") == "Arithmetic of h1 (hidden layer)"
    assert f"sigmoid{number(first.output)}" in text(tab, "#steps")
    box = tab.evaluate(
        "(({ x, y, width }) => [x + width / 2, y + 5])"
        "(document.querySelector('.cell circle').getBoundingClientRect())"
    )
    tab.call("Input.dispatchMouseEvent", type="mouseMoved", x=box[0], y=box[1])
    assert text(tab, "#neuron") == "Arithmetic of hours_studied (input)"
    assert "22 / 30.666667" in text(tab, "#steps")
    assert tab.problems == []


def test_the_learning_is_replayed(tab: Tab, invoke: Invoke) -> None:
    model = trained_as_the_document(100, snapshots=6)
    Path("rows.csv").write_text("hours_studied,hours_slept,score\n2,7,90\n", encoding="utf-8")
    open_page(tab, invoke, model, "--data", "rows.csv")
    epoch, network = model.snapshots[1]
    before = tab.evaluate("document.querySelector('#chart g').innerHTML")
    set_value(tab, "#epoch", 1)
    score = replace(model, network=network).predict([[2, 7]])[0, 0]
    assert text(tab, "#at").startswith(f"epoch {epoch}, loss ")
    assert text(tab, "#scores b") == number(score, 4)
    assert number(score, 4) in text(tab, "#rows table")
    assert f": {number(90 - score, 4)}." in text(tab, "#error")
    assert f"weight from h1 to score: {number(network.layers[1].weights[0, 0], 4)}" in tab.evaluate(
        "[...document.querySelectorAll('.wire')].map((each) => each.ariaLabel)"
    )
    assert tab.evaluate("document.querySelector('#chart g').innerHTML") != before
    tab.evaluate("document.querySelector('#play').focus()")
    tab.press("Enter")
    assert text(tab, "#play") == "Pause"
    waited = tab.evaluate(
        "new Promise((done) => { const look = () => document.querySelector('#epoch').value > 1"
        " ? done(true) : setTimeout(look, 20); look(); })"
    )
    tab.press("Enter")
    assert waited
    assert text(tab, "#play") == "Play"
    assert tab.problems == []


def test_texts_are_choices_and_the_score_has_its_interval(tab: Tab, invoke: Invoke) -> None:
    rng = np.random.default_rng(1)
    hours, tutor = rng.uniform(0, 10, 60), rng.choice(["no", "yes"], 60)
    score = 30 + 5 * hours + 4 * (tutor == "yes") + rng.normal(0, 2, 60)
    model = scorenet.train(
        {"hours": hours, "tutor": tutor, "score": score}, optimizer="lm", weight_decay="auto"
    ).model
    open_page(tab, invoke, model)
    set_value(tab, "#value0", 12)
    set_value(tab, "#value1", "yes")
    answer = predict_rows(model, [[12, "yes"]])
    low, high = intervals(model, answer, 0.9)[0, 0]
    assert text(tab, "#scores b") == number(answer.scores[0, 0], 4)
    assert text(tab, "#scores span") == interval_text(low, high)
    assert text(tab, "#of") == "Response of score"
    assert tab.problems == []


def test_a_thousand_answers_are_those_of_predict(tab: Tab, invoke: Invoke) -> None:
    model = trained_as_the_document()
    rows = np.random.default_rng(0).uniform(-2, 12, (1000, 2))
    open_page(tab, invoke, model)
    page = Path("page.html").read_text(encoding="utf-8")
    module = page.partition('<script type="module">')[2].partition("</script>")[0]
    module = module.partition("// The page around")[0]
    address = f"data:text/javascript;base64,{base64.b64encode(module.encode()).decode()}"
    values = [dict(zip(model.features, row, strict=True)) for row in rows.tolist()]
    tab.call("Page.navigate", url="about:blank")  # where no policy forbids to load the module
    answers = tab.evaluate(
        f"import({json.dumps(address)}).then(({{ predict }}) =>"
        f"{json.dumps(values)}.map((each) => predict(each).scores))"
    )
    np.testing.assert_allclose(answers, model.predict(rows), rtol=1e-12)


HOSTILE = ("</script><script>window.evil = 1</script>", "<img src=x onerror=window.evil=1>")


def test_hostile_names_do_not_run_and_nothing_is_asked_for(tab: Tab, invoke: Invoke) -> None:
    rng = np.random.default_rng(2)
    columns = {
        "__proto__": rng.uniform(0, 1, 30),
        HOSTILE[0]: rng.choice([*HOSTILE], 30),
        HOSTILE[1]: rng.choice(["{{", '"><b>', "&lt;"], 30),
    }
    model = scorenet.train(columns, target=[HOSTILE[1]], epochs=5).model
    open_page(tab, invoke, model)
    set_value(tab, "#value0", 0.25)
    assert tab.evaluate("window.evil") is None
    assert tab.requests == [Path("page.html").absolute().as_uri()]
    assert HOSTILE[0] in text(tab, "h1")
    values = [0.25, model.categories[HOSTILE[0]][0]]
    first = predict_rows(model, [values]).outputs[0, 0]
    assert f" {number(first, 3)}" in text(tab, "#scores span")
    assert tab.problems == []


def test_the_page_is_no_wider_than_the_screen(tab: Tab, invoke: Invoke) -> None:
    open_page(tab, invoke, trained_as_the_document(50, snapshots=4))
    for width, scheme in ((1280, "light"), (820, "light"), (390, "dark")):
        tab.show(width, 800, scheme)
        tab.evaluate("new Promise(requestAnimationFrame)")
        assert tab.evaluate("document.documentElement.scrollWidth") <= width
    ground = tab.evaluate("getComputedStyle(document.body).backgroundColor")
    assert max(map(int, re.findall(r"\d+", ground))) < 64
    assert tab.problems == []
