"""What the values of settings are made of; see `kerasseg.config.schema`."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, AllowInfNan, BaseModel, ConfigDict, Field, Strict


@dataclass(frozen=True)
class Allowed:
    """Words for what a setting takes, where its type and bounds do not say it by themselves."""

    text: str


def _clean_path(text: str) -> str:
    """`~` becomes the home folder; `data/` and `./data` are `data`. An address (gs://…) is kept."""
    if "\0" in text:
        raise ValueError("a path holds no NUL")
    return text if "://" in text else str(Path(os.path.expanduser(text)))


Integer = Annotated[int, Strict()]
Number = Annotated[float, Strict(), AllowInfNan(False)]
Switch = Annotated[bool, Strict()]
Text = Annotated[str, Strict()]
PathText = Annotated[str, Strict(), Field(min_length=1), AfterValidator(_clean_path)]
AnyPath = Annotated[PathText, Allowed("path")]

MAX_SEED = 2**31 - 1


class Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)
