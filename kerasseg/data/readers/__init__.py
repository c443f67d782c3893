"""The data sets that can be read: one row each."""

from kerasseg.data.readers.camvid import CAMVID
from kerasseg.data.readers.cityscapes import CITYSCAPES, STREETS
from kerasseg.data.readers.folders import FOLDERS
from kerasseg.data.readers.reader import Reader

# data.name -> how such a data set is read. A folder is taken for the first whose mark is in it.
READERS: dict[str, Reader] = {
    "cityscapes": CITYSCAPES,
    "streets": STREETS,
    "camvid": CAMVID,
    "folders": FOLDERS,
}

__all__ = ["READERS", "Reader"]
