"""Cityscapes' own evaluator as a process: a line in, {"seconds", "miou", …} out.

    python benchmarks/official_worker.py ROOT

Needs cityscapesscripts alone, so that it can run in an environment of its own.
"""

import json
import sys
import time
from pathlib import Path

import numpy as np

root = Path(sys.argv[1])
sys.argv = sys.argv[:1]  # the evaluator reads them while it is imported
if not hasattr(np, "in1d"):  # NumPy 2.4 took away the old name, without which it does not run
    setattr(np, "in1d", np.isin)  # noqa: B010
from cityscapesscripts.evaluation import evalPixelLevelSemanticLabeling as evaluator  # noqa: E402

evaluator.args.quiet, evaluator.args.JSONOutput = True, False
evaluator.args.evalInstLevelScore = True
truth = [str(path) for path in sorted((root / "gtFine" / "val").rglob("*_labelIds.png"))]
answers = [str(path) for path in sorted((root / "answers").glob("*.png"))]
answer = sys.stdout
sys.stdout = sys.stderr  # what it prints itself is no answer
for _ in sys.stdin:
    start = time.perf_counter()
    found = evaluator.evaluateImgLists(answers, truth, evaluator.args)
    seconds = time.perf_counter() - start
    result = {
        "seconds": seconds,
        "miou": found["averageScoreClasses"],
        "numpy": np.__version__,
        "counts with": "Cython" if evaluator.CSUPPORT else "NumPy",
    }
    print(json.dumps(result), file=answer, flush=True)
