"""The files of a run: what is in `runs/<name>/`, and whether a run may resume there."""

import shutil
import subprocess
import zipfile
import zlib
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from kerasseg.config import Config, differing_settings, dump_config, load_config
from kerasseg.errors import UserError
from kerasseg.files import clear_leftovers, is_temporary, write_json, write_text, writing
from kerasseg.metrics.split_scores import SplitScores
from kerasseg.runs.description import ModelDescription
from kerasseg.runs.history import history_text
from kerasseg.version import __version__


class RunDirectory:
    """Paths and small files of one run."""

    def __init__(self, path: Path):
        self.path = Path(path)
        self.config = self.path / "config.yaml"
        self.labels = self.path / "labels.json"
        self.best = self.path / "best.keras"
        self.state = self.path / "state"
        self.history = self.path / "history.csv"
        self.metrics = self.path / "metrics.json"
        self.report = self.path / "report.html"
        self.panels = self.path / "panels"
        self.tensorboard = self.path / "tensorboard"
        self.mlflow = self.path / "mlflow.json"
        self.resources = self.path / "resources.json"

    def anomalies(self, key: str) -> Path:
        """Scores on photos with unknown things. key: names the photos and the weights."""
        return self.path / f"anomalies-{key}.json"

    def check(self, config: Config, *, fresh: bool) -> bool:
        """Whether there is a run to continue, without touching anything.

        Raises UserError if the directory holds a run of another configuration, or other files.
        """
        if self.config.exists():
            if fresh:
                return False
            different = differing_settings(load_config(self.config, []), config)
            if different:
                raise UserError(
                    f"{self.path}: holds a run of another configuration; these settings differ: "
                    f"{', '.join(different)}; use another run_dir or name, or --fresh to start over"
                )
            return True
        if self.path.exists() and (
            not self.path.is_dir() or not all(map(is_temporary, self.path.iterdir()))
        ):
            raise UserError(
                f"{self.path}: exists and is not a run directory (no config.yaml in it); "
                "name another with run_dir"
            )
        return False

    def check_trained(self) -> None:
        """Raises UserError if this is no run directory, or has no weights yet."""
        if not self.path.is_dir():
            raise UserError(f"{self.path}: no such directory, expected a run such as runs/streets")
        if not self.config.is_file():
            raise UserError(f"{self.path}: not a run directory (no {self.config.name} in it)")
        if not self.best.is_file():
            raise UserError(
                f"{self.path}: no {self.best.name} in it; it was stopped before its first "
                "validation, continue it with train.py"
            )

    def best_problem(self) -> str | None:
        """What is wrong with `best.keras`, by the checksums in it; None: nothing."""
        try:
            with zipfile.ZipFile(self.best) as archive:
                damaged = archive.testzip()
        except FileNotFoundError:
            return "is missing"
        except (OSError, ValueError, EOFError, zipfile.BadZipFile, zlib.error) as error:
            return f"is damaged ({error})"
        return None if damaged is None else f"is damaged ({damaged})"

    def open(self, config: Config, *, fresh: bool) -> bool:
        """Makes or continues the run; otherwise like `check`."""
        continuing = self.check(config, fresh=fresh)
        for folder in (self.path, self.state):
            clear_leftovers(folder)
        if not continuing:
            # Only what a run makes: the user may have named a folder that holds other things too.
            for made in self._everything():
                shutil.rmtree(made) if made.is_dir() else made.unlink(missing_ok=True)
            self.path.mkdir(parents=True, exist_ok=True)
            self.write_config(config)
        return continuing

    def _everything(self) -> tuple[Path, ...]:
        """All that a run writes; `config.yaml` last, so that a half-emptied run is still one."""
        files = (self.labels, self.best, self.history, self.metrics, self.report, self.resources)
        scores = self.path.glob(self.anomalies("*").name)
        folders = (self.state, self.panels, self.tensorboard)
        return (*folders, *files, self.mlflow, *scores, self.config)

    def write_config(self, config: Config) -> None:
        """The resolved settings, below versions and commit as comments."""
        write_text(self.config, f"{_provenance()}{dump_config(config)}")

    def write_description(self, description: ModelDescription) -> None:
        """`labels.json`."""
        write_json(self.labels, description.to_json())

    def write_history(self, rows: list[dict[str, str]], *, terms: Sequence[str]) -> None:
        """The whole table anew, cut back to what the state holds. terms: of the objective."""
        write_text(self.history, history_text(rows, terms=terms))

    def write_scores(self, scores: SplitScores) -> None:
        """`metrics.json`."""
        write_json(self.metrics, scores.to_json())

    def save_best(self, net: Any) -> None:
        """The weights that scored best so far, as a Keras model in float32."""
        with writing(self.best, durable=True, ending=self.best.suffix) as temporary:
            net.save(temporary)


def _provenance() -> str:
    """Comment lines with the versions and the commit that made the run."""
    versions = [f"kerasseg {__version__}"]
    versions += [f"{name} {version(name)}" for name in ("tensorflow", "keras", "numpy")]
    project = Path(__file__).parents[2]
    command = ["git", "-C", str(project), "describe", "--always", "--dirty"]
    try:
        git = subprocess.run(command, capture_output=True, text=True, check=False)
        commit = git.stdout.strip() if git.returncode == 0 else "unknown"
    except OSError:  # no git, as in most containers
        commit = "unknown"
    return f"# made with {', '.join(versions)}\n# git commit {commit}\n"
