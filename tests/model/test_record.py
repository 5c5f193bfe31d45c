from __future__ import annotations

from scorenet_cli.model.record import TrainingRecord, labelled_facts, read_record


def test_whole_numbers_are_numbers() -> None:
    """JSON does not tell 1 from 1.0."""
    record = read_record({"loss": 0, "history": [[0, 2], [1, 0]], "target_range": [[0, 92.5]]})
    expected = TrainingRecord(loss=0, history=((0, 2), (1, 0)), target_range=((0, 92.5),))
    assert record == expected


def test_a_state_is_kept_as_it_is() -> None:
    state = {"steps": 3, "none": None, "done": False, "mean": [0.5, 1], "more": {"of": ["a", [1]]}}
    assert read_record({"state": state}) == TrainingRecord(state=state)


def test_known_facts_have_labels_and_those_of_one_label_share_a_line() -> None:
    record = TrainingRecord(
        data="a.csv",
        rows=1234,
        seed=23,
        init="normal",
        learning_rate=0.5,
        epochs=100_000,
        loss=1.94136958194e-18,
        state={"steps": 3},
        history=((0, 0.5),),
        restarts=5,
        validation=0.25,
        versions={"scorenet": "1", "numpy": "2"},
    )
    assert labelled_facts(record) == [
        ("data", "a.csv"),
        ("rows", "1,234"),
        ("starting weights", "seed 23, normal"),
        ("learning rate", "0.5"),
        ("epochs", "100,000"),
        ("loss", "1.94137e-18"),
        ("validation rows", "0.25 of the rows"),
        ("starts", "best of 5"),
        ("made with", "scorenet 1, numpy 2"),
    ]


def test_of_a_record_that_knows_nothing_the_epochs_are_shown() -> None:
    assert labelled_facts(TrainingRecord()) == [("epochs", "0")]
