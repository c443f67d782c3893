"""The description of a run and that of an export."""

from kerasseg.labels import camvid_labels
from kerasseg.runs.description import ModelDescription

RUN = ModelDescription(
    label_set=camvid_labels(void="background"),
    working_size=(128, 256),
    native_size=(256, 512),
    stride=4,
    reach=34,
    tile=512,
    max_pixels=20_000,
)
EXPORT = ModelDescription(
    label_set=camvid_labels(void="ignore"),
    working_size=(128, 256),
    native_size=(256, 512),
    one_size=False,
    scale=0.5,
    stride=32,
    reach=None,
    tile=512,
    max_pixels=20_000,
    unlabelled_above=0.75,
    temperature=1.0,
    kerasseg_version="1.2.3",
    config_hash="0123456789abcdef",
    run="mine",
)
