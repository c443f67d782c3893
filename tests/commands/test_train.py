"""What the command does once a training has ended."""

import os
import signal

import pytest

from kerasseg.commands.main import start
from kerasseg.commands.train import print_result, train_and_report
from kerasseg.config import load_config
from kerasseg.errors import run_command
from kerasseg.runs.directory import RunDirectory
from tests.data.made_folders import make_folders
from tests.metrics.made_scores import made_scores

SCORES = made_scores(
    {"road": (0.5, 30), "car": (None, 0)}, miou=0.25, pixel_accuracy=0.75, image_accuracy=0.5
)


@pytest.fixture
def trained(monkeypatch, tmp_path):
    """Callable: the command, with a training that only leaves its scores.

    is_chief: of the process. write_report: stands in for the page's writer.
    """
    config = load_config(None, [f"run_dir={tmp_path}"])
    run = RunDirectory(tmp_path)
    run.write_scores(SCORES)

    def command(*, is_chief=True, write_report):
        monkeypatch.setattr("kerasseg.training.loop.train", lambda *_, **__: is_chief)
        monkeypatch.setattr("kerasseg.report.run_report.write_report", write_report)
        return run_command(lambda: train_and_report(config, catalog="catalog", fresh=False))

    return command


def test_the_page_is_written_and_the_scores_are_printed(trained, tmp_path, capsys):
    def write(path, *, catalog):
        assert (path, catalog) == (tmp_path, "catalog")
        (path / "report.html").write_text("page")

    assert trained(write_report=write) == 0
    out = capsys.readouterr().out
    rows = [line.strip("│ ").split("│") for line in out.splitlines() if "│" in line]
    cells = {row[0].strip(): [cell.strip() for cell in row[1:]] for row in rows}
    assert cells["road"] == ["0.5000", "100.00%"]
    assert cells["car"] == ["-", "0.00%"]
    assert cells["mIoU"][0] == "0.2500"
    assert cells["image accuracy"][0] == "0.5000"
    assert out.endswith(f"report       {tmp_path / 'report.html'}\n")


def test_a_page_that_is_there_is_left_alone(trained, tmp_path):
    (tmp_path / "report.html").write_text("page")
    assert trained(write_report=None) == 0


def test_only_the_chief_reports(trained, capsys):
    assert trained(is_chief=False, write_report=None) == 0
    assert capsys.readouterr().out == ""


def test_sigterm_while_the_page_is_written_is_an_interruption(trained, capsys):
    before = signal.getsignal(signal.SIGTERM)

    def terminated(path, *, catalog):
        os.kill(os.getpid(), signal.SIGTERM)
        pytest.fail("the signal has not interrupted")

    assert trained(write_report=terminated) == 3
    assert capsys.readouterr().err == "interrupted; run the same command again to continue\n"
    assert signal.getsignal(signal.SIGTERM) == before


@pytest.mark.parametrize("command", ["train", "check"])
def test_what_a_person_should_know_of_the_data_is_said_first(
    tmp_path, monkeypatch, capsys, command
):
    make_folders(tmp_path / "data")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("kerasseg.commands.train.load_tensorflow", lambda: None)
    monkeypatch.setattr("kerasseg.commands.train.train_and_report", lambda *_, **__: None)
    settings = ["data.name=folders", "data.root=data", f"data.cache_dir={tmp_path}/cache"]
    start([command, "--config", "folders", *settings])
    assert "note: never in train: tram\n" in capsys.readouterr().out


def test_square_brackets_in_names_of_classes_are_shown_as_they_stand(tmp_path, capsys):
    scores = made_scores({"lane [/solid]": (0.5, 30), "lane [solid]": (0.25, 10)})
    run = RunDirectory(tmp_path / "a [b] run [c]")
    run.path.mkdir()
    run.write_scores(scores)
    print_result(run)
    out = capsys.readouterr().out
    assert "lane [/solid]" in out
    assert "lane [solid]" in out
    assert f"scores       {run.metrics}" in out
