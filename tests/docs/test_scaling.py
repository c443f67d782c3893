"""docs/scaling.md and the files beside it: commands that are understood, a table that adds up."""

import json
import os
import re
import subprocess
from pathlib import Path

import pytest
import yaml

from benchmarks.scaling import LINKS, speed_up
from kerasseg.commands.main import build_parsers
from kerasseg.config import load_config
from kerasseg.training.cluster import read_cluster

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "scaling.md").read_text(encoding="utf-8")
SLURM = ROOT / "docs" / "scaling" / "slurm.sh"
KUBERNETES = (ROOT / "docs" / "scaling" / "kubernetes.yaml").read_text(encoding="utf-8")
VERTEX = (ROOT / "docs" / "scaling" / "vertex.yaml").read_text(encoding="utf-8")


def understood(words: list[str]):
    args = build_parsers("kerasseg")[1]["train"].parse(words)
    return load_config(ROOT / args.config, args.settings)


def seen_by_train(script: str, folder: Path, **environment: str) -> tuple[dict, list[str]]:
    """(TF_CONFIG, arguments) that train.py would see."""
    for name in ("python", "python3"):
        stand_in = folder / name
        stand_in.write_text(
            '#!/bin/bash\n[ "$1" = -c ] && exec /usr/bin/env -S PATH="$REAL" python3 "$@"\n'
            'printf "%s\\n" "$TF_CONFIG" > seen\nprintf "%s\\0" "$@" >> seen.words\n'
        )
        stand_in.chmod(0o755)
    real = os.environ["PATH"]
    subprocess.run(
        ["bash", "-euc", script],
        cwd=folder,
        env={**os.environ, "PATH": f"{folder}:{real}", "REAL": real, **environment},
        check=True,
    )
    words = (folder / "seen.words").read_text().split("\0")[:-1]
    return json.loads((folder / "seen").read_text()), words


@pytest.mark.parametrize("text", [SLURM.read_text(), KUBERNETES, VERTEX])
def test_each_file_says_that_it_was_not_run(text):
    assert "Not run by us" in text


def test_slurm_gives_each_task_its_number(tmp_path):
    for name, answer in (("scontrol", "printf 'n1\\nn2\\n'"), ("srun", 'shift; exec "$@"')):
        (tmp_path / name).write_text(f"#!/bin/bash\n{answer}\n")
        (tmp_path / name).chmod(0o755)
    config, words = seen_by_train(
        SLURM.read_text(), tmp_path, SLURM_PROCID="1", SLURM_JOB_NODELIST="n[1-2]"
    )
    cluster = read_cluster("multi_worker", {"TF_CONFIG": json.dumps(config)})
    assert (cluster.worker, cluster.workers, cluster.chief_address) == (1, 2, "n1:5000")
    assert words[0] == "train.py"
    assert understood(words[1:]).train.distribute == "multi_worker"


def test_kubernetes_names_its_pods(tmp_path):
    service, job = yaml.safe_load_all(KUBERNETES)
    pod = job["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    config, words = seen_by_train(container["args"][0], tmp_path, JOB_COMPLETION_INDEX="1")
    cluster = read_cluster("multi_worker", {"TF_CONFIG": json.dumps(config)})
    assert cluster.worker == 1
    assert cluster.workers == job["spec"]["completions"] == job["spec"]["parallelism"]
    name = job["metadata"]["name"]
    assert service["spec"]["selector"] == {"job-name": name}
    assert pod["subdomain"] == service["metadata"]["name"]
    for index, address in enumerate(config["cluster"]["worker"]):
        assert address == f"{name}-{index}.{pod['subdomain']}:5000"
    assert understood(words[1:]).train.distribute == "multi_worker"


def test_vertex_starts_the_same_command_in_both_pools():
    pools = yaml.safe_load(VERTEX)["workerPoolSpecs"]
    assert pools[0]["replicaCount"] == 1  # the chief
    assert pools[0]["containerSpec"] == pools[1]["containerSpec"]
    config = understood(pools[0]["containerSpec"]["args"])
    assert config.train.distribute == "multi_worker"
    assert str(config.run_path).startswith("/mnt/nfs/shared/")


def test_the_example_is_a_cluster():
    (text,) = re.findall(r"TF_CONFIG='(.*?)'", PAGE, re.S)
    assert read_cluster("auto", {"TF_CONFIG": text}).workers == 2


def test_the_table_follows_from_the_formula():
    rows = re.findall(r"^\| [^|]+\| ([\d.]+) s, [^|]+\| ([\d,]+) bytes \| (.+) \|$", PAGE, re.M)
    assert len(rows) == 3
    for seconds, size, numbers in rows:
        for text, link in zip(numbers.split(" | "), LINKS.values(), strict=True):
            found = speed_up(
                float(seconds),
                gradient_bytes=int(size.replace(",", "")),
                normalizations=18,
                machines=8,
                link=link,
            )
            assert float(text) == pytest.approx(found, abs=0.051)
