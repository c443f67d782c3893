"""One training in a process of its own: python -m kerasseg.ablation.one_run CONFIG.

A process of its own, so that its peak memory can be told, and nothing is left of it after it.
"""

import resource
import sys
import time
from pathlib import Path

from kerasseg.backend import load_tensorflow
from kerasseg.config import load_config
from kerasseg.data.catalog import open_catalog
from kerasseg.errors import interrupted_by_sigterm, run_command
from kerasseg.files import write_json
from kerasseg.runs.directory import RunDirectory


def main() -> None:
    """Trains what CONFIG says; with a second argument FILE only writes how many steps its
    `train.minutes` are worth there."""
    started = time.monotonic()
    config = load_config(Path(sys.argv[1]))
    catalog = open_catalog(config)
    load_tensorflow()
    if len(sys.argv) > 2:
        from kerasseg.training.plan import count_steps

        Path(sys.argv[2]).write_text(str(count_steps(config, catalog, started=started)))
        return
    from kerasseg.report.run_report import write_report
    from kerasseg.training.loop import train

    run = RunDirectory(config.run_path)
    if run.metrics.is_file():
        return
    train(config, catalog, boundaries=True)
    with interrupted_by_sigterm():
        write_report(run.path, catalog=catalog)
    # Linux counts in KiB, macOS in bytes.
    unit = 1 if sys.platform == "darwin" else 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
    write_json(run.resources, {"peak_memory_bytes": peak}, indent=None)


if __name__ == "__main__":
    sys.exit(run_command(main))
