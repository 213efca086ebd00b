"""Painted points: a text that comes back as it was, files, and what must be painted for there to be a data set."""

from __future__ import annotations

import base64

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import bnn_lib as bnn
from bnn_lib.datasets.painted import (
    LARGEST,
    MOST_CLASSES,
    MOST_IN_LINK,
    MOST_POINTS,
    STEPS,
    count_points,
    paint,
    painting_from_csv,
    painting_to_csv,
    read_painting,
    write_painting,
)
from bnn_lib.errors import InvalidData, InvalidExperiment

coordinate = st.floats(-LARGEST / 2, LARGEST / 2)
point = st.tuples(coordinate, coordinate, st.integers(0, MOST_CLASSES - 1))
TWO = [[0, 0, 0], [1, 0, 0], [0, 1, 1], [1, 1, 1]]


@given(st.lists(point, max_size=40))
def test_points_come_back_to_a_step_of_the_window_and_then_exactly(points: list[tuple[float, float, int]]) -> None:
    text = paint(points)
    painting = read_painting(text)
    assert write_painting(painting) == text
    assert count_points(text) == len(points)
    assert painting.classes.tolist() == [code for _, _, code in points]
    width = np.diff(painting.window, axis=1)[:, 0]
    wanted = np.array([place[:2] for place in points]).reshape(-1, 2)
    assert (np.abs(painting.places - wanted) <= width * 0.5001 / STEPS).all()


@given(
    st.text(max_size=60) | st.binary(max_size=60).map(lambda b: base64.urlsafe_b64encode(b).decode().rstrip("="))
)
def test_any_text_is_a_painting_that_would_be_written_so_or_refused(text: str) -> None:
    try:
        painting = read_painting(text)
    except InvalidData:
        return
    assert write_painting(painting) == text
    assert np.isfinite(painting.places).all()


@given(st.data())
def test_a_damaged_text_is_never_half_read(data: st.DataObject) -> None:
    text = paint(TWO)
    at = data.draw(st.integers(0, len(text) - 1))
    damaged = text[:at] + data.draw(st.sampled_from("Aa0-_=+/ é\n")) + text[at + 1 :]
    try:
        assert write_painting(read_painting(damaged)) == damaged
    except InvalidData:
        assert damaged != text


def test_the_text_is_as_short_as_promised_and_the_same_on_every_machine() -> None:
    assert len(paint([TWO[0]] * MOST_IN_LINK, window=((-3, 3), (-3, 3)))) == 1090
    assert paint(TWO, window=((-3, 3), (-3, 3))) == "AQAAQMAAAEBAAABAwAAAQEAAIAAIqioACACgqhqqqqoa"


@pytest.mark.parametrize(
    ("points", "window", "says"),
    [
        ([[0, 0, 0]] * (MOST_POINTS + 1), None, "2,001 points; allowed: at most 2,000"),
        ([[0, 0, 5]], None, "class 5; allowed: whole numbers from 0 to 4"),
        ([[0, 0, 0.5]], None, "class 0.5"),
        ([[0, 0, float("nan")]], None, "finite"),
        ([[0, 0, 0, 0]], None, "4 columns; allowed: 3"),
        ([[9, 0, 0]], ((-1, 1), (-1, 1)), r"at \(9, 0\); allowed: inside the window"),
        ([[2e6, 0, 0]], None, "window"),
        ([[0, 0, 0]], ((1, -1), (0, 1)), "window"),
        ([[0, 0, 0]], ((0, 0), (0, 1)), "too close"),
        ([[0, 0, 0]], ((1e5, 1e5 + 1), (0, 1)), "too close"),
        ([[0, 0, 0]], "wide", "'wide'"),
        ([[0, 0, 0]], ((0, float("inf")), (0, 1)), "inf"),
        ([[0, 0, 0]], ((0, 1e300), (0, 1)), "window"),
    ],
)
def test_what_cannot_be_painted_is_refused_in_one_sentence(points: object, window: object, says: str) -> None:
    with pytest.raises(InvalidData, match=says):
        paint(points, window)


class TestDataset:
    def test_the_points_are_the_rows_and_the_window_is_what_is_shown(self) -> None:
        points = [[i / 10, -i / 10, i % 3] for i in range(30)]
        spec = bnn.DataSpec(name="painted", points=points, test_fraction=0.2)
        dataset = bnn.load_dataset(spec)
        X = np.concatenate([dataset.X_train, dataset.X_test])
        np.testing.assert_allclose(np.sort(X[:, 0]), np.arange(30) / 10, atol=1e-3)
        assert dataset.class_names == ("class 0", "class 1", "class 2")
        assert (dataset.n_features, len(dataset.X_test)) == (2, 6)
        np.testing.assert_array_equal(np.column_stack(dataset.view(0.25)), read_painting(spec.points).window)

    @pytest.mark.parametrize("classes", range(2, MOST_CLASSES + 1))
    @pytest.mark.parametrize("test_fraction", [0.05, 0.5, 0.95])
    def test_with_two_points_each_every_class_is_on_both_sides(self, classes: int, test_fraction: float) -> None:
        points = [[code, i, code] for code in range(classes) for i in range(2)]
        dataset = bnn.load_dataset(bnn.DataSpec(name="painted", points=points, test_fraction=test_fraction))
        assert sorted(dataset.y_train) == sorted(dataset.y_test) == list(range(classes))

    def test_a_curve_has_one_feature(self) -> None:
        dataset = bnn.load_dataset(bnn.DataSpec(name="painted_curve", points=[[i, i * i] for i in range(6)]))
        assert (dataset.task, dataset.n_features) == ("regression", 1)
        order = np.argsort(X := np.concatenate([dataset.X_train, dataset.X_test])[:, 0])
        np.testing.assert_allclose(X[order], range(6), atol=1e-3)
        np.testing.assert_allclose(
            np.concatenate([dataset.y_train, dataset.y_test])[order], np.arange(6) ** 2, atol=2e-3
        )

    @pytest.mark.parametrize(
        ("points", "says"),
        [
            (None, "Nothing is painted yet: paint at least two points of each of two classes"),
            ([], "Nothing is painted yet"),
            ([[0, 0, 0]], "Class 0 has 1 point: paint at least 2, one to train and one to test"),
            ([[0, 0, 0]] * 5, "Class 1 has no point: paint at least 2"),
            ([*TWO, [2, 2, 3], [2, 3, 3]], r"Class 2 has no point \(there are points of a later class\)"),
        ],
    )
    def test_too_little_says_what_to_paint_next(self, points: object, says: str) -> None:
        with pytest.raises(InvalidData, match=f"^{says}"):
            bnn.load_dataset(bnn.DataSpec(name="painted", points=points))

    def test_a_curve_of_three_points_is_too_little(self) -> None:
        with pytest.raises(InvalidData, match=r"Points so far: 3\. Paint at least 4\."):
            bnn.load_dataset(bnn.DataSpec(name="painted_curve", points=[[0, 0], [1, 1], [2, 2]]))

    def test_label_noise_works_on_painted_points_too(self) -> None:
        points = [[i, i % 2, i % 2] for i in range(40)]
        clean, noisy = (
            bnn.load_dataset(bnn.DataSpec(name="painted", points=points, label_noise=s)) for s in (0, 0.2)
        )
        assert (clean.y_train != noisy.y_train).sum() == 4


class TestExperiment:
    def test_it_goes_through_a_link_and_through_json(self) -> None:
        experiment = bnn.Experiment(data=bnn.DataSpec(name="painted", points=TWO * 50))
        assert bnn.Experiment.from_query(experiment.to_query()) == experiment
        assert bnn.Experiment.from_json(experiment.to_json()) == experiment
        assert len(experiment.to_query()["data.points"]) == 1090

    def test_more_than_a_link_takes_is_left_out_of_it(self) -> None:
        experiment = bnn.Experiment(data=bnn.DataSpec(name="painted", points=[TWO[0]] * MOST_POINTS))
        assert experiment.to_query() == {"data.name": "painted"}
        assert bnn.Experiment.from_query(experiment.to_query(whole=True)) == experiment

    @pytest.mark.parametrize(
        ("name", "points", "says"),
        [
            ("moons", paint(TWO), "is set, which is for painted, painted_curve only"),
            ("painted", "AAAA", "cut short"),
            ("painted", "A" * 12_000, "cut short"),
            ("painted", [[0, 0, 9]], "class 9"),
            ("painted", 7, "columns|dimensions"),
            ("painted_curve", paint(TWO), "has classes"),
        ],
    )
    def test_other_points_are_refused(self, name: str, points: object, says: str) -> None:
        with pytest.raises(InvalidExperiment, match=rf"^data\.points .*({says})") as caught:
            bnn.DataSpec(name=name, points=points)
        assert caught.value.problems[0].field == "data.points"
        assert len(str(caught.value)) < 300

    def test_a_bad_link_keeps_its_other_settings(self) -> None:
        query = {"data.name": "painted", "data.points": "x", "network.hidden": "3"}
        experiment, problems = bnn.Experiment.salvage_query(query)
        assert (experiment.data.name, experiment.data.points, experiment.network.hidden) == ("painted", None, (3,))
        assert [problem.field for problem in problems] == ["data.points"]


class TestFile:
    @given(st.lists(point, min_size=1, max_size=30))
    def test_a_painting_comes_back_from_its_file(self, points: list[tuple[float, float, int]]) -> None:
        painting = read_painting(paint(points))
        again = painting_from_csv(painting_to_csv(painting).encode())
        assert again.classes.tolist() == painting.classes.tolist()
        scale = np.maximum(np.diff(again.window, axis=1)[:, 0] / STEPS, 1e-6 * np.abs(painting.places).max(axis=0))
        assert (np.abs(again.places - painting.places) <= 2 * scale).all()

    def test_a_curve_has_two_columns(self) -> None:
        painting = read_painting(paint([[0, 0], [1, 2]], window=((0, 1), (0, 2))))
        assert painting_to_csv(painting, regression=True) == "x,y\n0,0\n1,2\n"
        again = painting_from_csv(b"\xef\xbb\xbfx,y\r\n0,0\r\n1,2\r\n", regression=True)
        np.testing.assert_allclose(again.places, painting.places, atol=1e-3)

    @pytest.mark.parametrize(
        ("content", "says"),
        [
            (b"", "first line of this file is missing; allowed: x1,x2,class"),
            (b"a,b,c\n1,2,0\n", "first line of this file is 'a,b,c'"),
            (b"x1,x2,class\n1,2\n", r"Line 2 of this file is '1,2'; allowed: 3 numbers"),
            (b"x1,x2,class\n1,2,0\n1,nan,0\n", "Line 3"),
            (b"x1,x2,class\n1,=1+1,0\n", "Line 2"),
            (b"x1,x2,class\n1,1e999,0\n", "Line 2"),
            (b"x1,x2,class\n1,2,7\n", "class 7"),
            (b"x1,x2,class\n1,2e7,0\n", "window"),
            (b"x1,x2,class\n1,1_0,0\n", "Line 2"),
            (b"\xff\xfex\x001\x00", "cannot be read as CSV in UTF-8"),
            (b"x1,x2,class\n" + b"1,1,0\n" * 2001, "2,001 points"),
            (b"1" * 200_001, "200,001 bytes; allowed: 200,000"),
            (b'x1,x2,class\n"1,2,0\n', "cannot be read as CSV"),
        ],
    )
    def test_other_files_are_refused_by_line(self, content: bytes, says: str) -> None:
        with pytest.raises(InvalidData, match=says) as caught:
            painting_from_csv(content)
        assert len(str(caught.value)) < 300
