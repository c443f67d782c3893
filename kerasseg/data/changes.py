"""Files of a data set that were removed or changed after they had been verified."""

from pathlib import Path

from kerasseg.config import Config
from kerasseg.data.catalog import Catalog, open_catalog
from kerasseg.data.facts import VerifiedCache, cache_folder
from kerasseg.data.packed.format import find_index
from kerasseg.data.verify import verify_samples
from kerasseg.errors import UserError


def refuse_changed_files(config: Config, catalog: Catalog) -> None:
    """Raises UserError that names the files of `catalog` which are not what they were.

    For when reading them has failed: TensorFlow's decoders do not say of which file they speak.
    What has not been touched since it was verified is not opened again.
    """
    if find_index(config.data.root) is not None:
        open_catalog(config, splits=tuple(catalog.splits))
        return
    root, label_set = Path(config.data.root), catalog.label_set
    cache = VerifiedCache(cache_folder(config.data.cache_dir), root=root, label_set=label_set)
    for split, samples in catalog.splits.items():
        now = verify_samples(samples, label_set=label_set, cache=cache, workers=config.data.workers)
        for sample, facts, before in zip(samples, now, catalog.facts[split], strict=True):
            if facts != before:
                raise UserError(f"{sample.image}: it or its label was changed while it was used")
