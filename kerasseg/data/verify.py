"""Every image and label of a data set is checked before the first training step.

Headers first (kind and size of all files: a few seconds), then every file is decoded fully.
"""

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

from kerasseg.data.facts import Facts, VerifiedCache
from kerasseg.data.pair import decode_pair, header_hint, header_problem
from kerasseg.data.samples import Sample
from kerasseg.errors import UserError
from kerasseg.files import os_errors
from kerasseg.labels import LabelSet
from kerasseg.terminal import progress_bar

MAX_PROBLEMS = 5  # so many are listed
_MANY = 500  # from so many pairs on, progress is shown
_CHUNK = 32  # pairs a thread before problems are looked at


def verify_samples(
    samples: Sequence[Sample],
    *,
    label_set: LabelSet,
    cache: VerifiedCache,
    workers: int | None,
) -> list[Facts]:
    """The facts of every sample, in order; what the cache knows is not opened again.

    workers: threads (Pillow decodes without the GIL); None: as many as cores.
    Raises UserError naming up to MAX_PROBLEMS files and what is wrong with them.
    """
    with os_errors(None, "cannot be read"):
        known = [cache.get(sample) for sample in samples]
    new = [sample for sample, facts in zip(samples, known, strict=True) if facts is None]
    if not new:
        return [facts for facts in known if facts is not None]

    threads = workers or os.cpu_count() or 1
    new_facts: dict[Sample, Facts] = {}
    with ThreadPoolExecutor(threads) as pool:
        verdicts = pool.map(lambda s: header_problem(s, label_set), new)
        refused = [(s, problem) for s, problem in zip(new, verdicts, strict=True) if problem]
        problems = [problem + header_hint(s, label_set) for s, problem in refused[:MAX_PROBLEMS]]
        if problems:
            rest = len(refused) - len(problems)
            raise UserError("\n".join([*problems, f"and {rest} more"] if rest else problems))
        try:
            for chunk in _chunks_with_progress(new, _CHUNK * threads):
                results = pool.map(lambda s: _facts_or_problem(s, label_set), chunk)
                for sample, result in zip(chunk, results, strict=True):
                    if isinstance(result, Facts):
                        new_facts[sample] = result
                        cache.put(sample, result)
                    else:
                        problems.append(result)
                if len(problems) >= MAX_PROBLEMS:
                    break
        finally:
            cache.save()  # also when interrupted: what was verified stays verified
    if problems:
        read = len(new_facts) + len(problems)
        raise UserError(_listing(problems, more=f"and more; stopped after {read} of {len(new)}"))
    return [facts or new_facts[sample] for sample, facts in zip(samples, known, strict=True)]


def _facts_or_problem(sample: Sample, label_set: LabelSet) -> Facts | str:
    try:
        return decode_pair(sample, label_set)
    except UserError as error:
        return str(error)


def _listing(problems: list[str], *, more: str) -> str:
    lines = problems[:MAX_PROBLEMS]
    return "\n".join([*lines, more] if len(problems) > MAX_PROBLEMS else lines)


def _chunks_with_progress(samples: list[Sample], size: int) -> Iterator[list[Sample]]:
    """`samples` in lists of `size`, with a bar on stderr (one line if that is no terminal)."""
    chunks = [samples[start : start + size] for start in range(0, len(samples), size)]
    if len(samples) < _MANY:
        yield from chunks
        return
    line = f"verifying {len(samples)} pairs of image and label, once"
    with progress_bar("verifying images and labels", total=len(samples), otherwise=line) as report:
        for number, chunk in enumerate(chunks):
            yield chunk
            report(number * size + len(chunk))
