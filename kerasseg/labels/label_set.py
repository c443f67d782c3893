"""Classes of a data set: names, colours, label ids <-> trainIds, and what happens to void.

labelId: the number in a label file. trainId: 0 .. C-1 for the C evaluated classes, VOID for void.
"""

import reprlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import Any, Literal, get_args

import numpy as np

from kerasseg.errors import UserError
from kerasseg.labels.builtin import CAMVID, CAMVID_VOID, CITYSCAPES

VOID = 255  # trainId of an unlabelled pixel, in every uint8 label array
UNKNOWN = 254  # what `table` gives for a label id that nobody declared
MAX_CLASSES = 253  # trainIds 0 .. 252, and 253 is left for the background output
# In the label of a training crop: beyond the image, left out of every term of the objective. No
# truth holds this number: 253 is at most the background, which only a prediction says.
OUTSIDE = 253

Color = tuple[int, int, int]
# What trains the background output: void pixels; none, there is no such output; or nothing but the
# unknown things that `augment.unknown` pastes, apart from the classes, while void is left out.
Void = Literal["background", "ignore", "pasted"]


@dataclass(frozen=True)
class LabelSet:
    """The classes of one data set. Tuples are ordered by trainId.

    dataset: what it is called. names, palette, ids: one entry for each evaluated class; `ids`
    is the label id written for the class, `id_to_train` all ids that are read as it.
    void_ids: label ids of void; the first one is written. void_declared: whether they are read as
    void; if not, the one of them is only written. categories: one for each class, or empty.
    void: "background" trains void as one more output, "ignore" leaves void pixels out, and so does
    "pasted", with one more output for pasted unknown things.
    drawn_as: label files hold "ids", or "colors" that `color_to_train` translates; colours at most
    `color_tolerance` (Euclidean distance in RGB) from one of these are taken for it.
    """

    dataset: str
    names: tuple[str, ...]
    palette: tuple[Color, ...]
    ids: tuple[int, ...]
    void_ids: tuple[int, ...]
    void_name: str
    void_color: Color
    void: Void
    id_to_train: Mapping[int, int]  # the evaluated classes only
    categories: tuple[str, ...] = ()
    drawn_as: Literal["ids", "colors"] = "ids"
    color_to_train: Mapping[Color, int] = field(default_factory=dict)
    void_declared: bool = True
    color_tolerance: int = 0

    def __post_init__(self) -> None:
        """Raises UserError for a set that contradicts itself (say, a damaged labels.json)."""
        self._check_names()
        count = len(self.names)
        problem = None
        if not 1 <= count <= MAX_CLASSES:
            problem = f"{count} classes, allowed are 1 to {MAX_CLASSES}"
        elif len(self.palette) != count or len(self.ids) != count:
            problem = f"{count} names, {len(self.palette)} colours, {len(self.ids)} ids"
        elif self.categories and len(self.categories) != count:
            problem = f"{count} names, {len(self.categories)} categories"
        elif self.void not in get_args(Void):
            problem = f"void is {self.void!r}, allowed are {', '.join(get_args(Void))}"
        elif not self.void_ids:
            problem = "no id to write for void"
        elif any(not 0 <= i <= 255 for i in (*self.id_to_train, *self.void_ids)):
            problem = "label ids outside 0 to 255"
        elif set(self.id_to_train) & set(self.void_ids):
            problem = "a label id is both a class and void"
        elif any(self.id_to_train.get(i) != train for train, i in enumerate(self.ids)):
            problem = "ids and id_to_train disagree"
        elif any(not 0 <= train < count for train in self.id_to_train.values()):
            problem = f"id_to_train names a trainId outside 0 to {count - 1}"
        if problem:
            raise UserError(f"labels of {self.dataset}: {problem}")

    def _check_names(self) -> None:
        """Raises UserError for a name that would steer a terminal, or break a line of a table."""
        for name in (self.dataset, self.void_name, *self.names, *self.categories):
            if not (isinstance(name, str) and name.strip() and name.isprintable()):
                raise UserError(
                    f"labels: the name {reprlib.repr(name)}, expected text without "
                    "control characters"
                )

    @property
    def num_classes(self) -> int:
        """C: the evaluated classes."""
        return len(self.names)

    @property
    def num_outputs(self) -> int:
        """Channels of the model: C, and one for the background if there is one."""
        return self.num_classes + (self.void != "ignore")

    @property
    def background_id(self) -> int | None:
        """The output channel of what fits no class, or None with void="ignore"."""
        return None if self.void == "ignore" else self.num_classes

    @property
    def background_apart(self) -> bool:
        """Whether pasted things alone train the background, on features that they do not train."""
        return self.void == "pasted"

    @cached_property
    def table(self) -> np.ndarray:
        """uint8 (256,): label id -> trainId, declared void -> VOID, undeclared ids -> UNKNOWN."""
        table = np.full(256, UNKNOWN, np.uint8)
        for label_id, train_id in self.id_to_train.items():
            table[label_id] = train_id
        if self.void_declared:
            table[list(self.void_ids)] = VOID
        table.setflags(write=False)
        return table

    @cached_property
    def written_table(self) -> np.ndarray:
        """As `table`, for what `to_ids` wrote: there the id of void is void, declared or not."""
        table = self.table.copy()
        table[list(self.void_ids)] = VOID
        table.setflags(write=False)
        return table

    @cached_property
    def colors(self) -> np.ndarray:
        """uint8 (256, 3): trainId -> RGB; whatever is no class has the colour of void."""
        colors = np.full((256, 3), self.void_color, np.uint8)
        colors[: self.num_classes] = self.palette
        colors.setflags(write=False)
        return colors

    def colorize(self, train_ids: np.ndarray) -> np.ndarray:
        """uint8 trainIds (H, W) -> uint8 RGB (H, W, 3); VOID and background in the void colour."""
        return self.colors[train_ids]

    def to_ids(self, train_ids: np.ndarray) -> np.ndarray:
        """uint8 trainIds (H, W) -> uint8 label ids (H, W); VOID and background as `void_ids[0]`."""
        table = np.full(256, self.void_ids[0], np.uint8)
        table[: self.num_classes] = self.ids
        return table[train_ids]

    def to_json(self) -> dict[str, Any]:
        """Everything, as a dict that `json.dumps` takes and `from_json` reads back."""
        data = asdict(self)
        data["id_to_train"] = {str(i): t for i, t in self.id_to_train.items()}
        data["color_to_train"] = {
            f"{r},{g},{b}": train for (r, g, b), train in self.color_to_train.items()
        }
        for name in ("names", "palette", "ids", "void_ids", "void_color", "categories"):
            data[name] = [list(x) if isinstance(x, tuple) else x for x in data[name]]
        return data

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "LabelSet":
        """The inverse of `to_json`; raises UserError if `data` is not what it writes."""
        try:
            return cls(
                dataset=data["dataset"],
                names=tuple(data["names"]),
                palette=tuple(tuple(color) for color in data["palette"]),
                ids=tuple(data["ids"]),
                void_ids=tuple(data["void_ids"]),
                void_name=data["void_name"],
                void_color=tuple(data["void_color"]),
                void=data["void"],
                id_to_train={int(i): t for i, t in data["id_to_train"].items()},
                categories=tuple(data["categories"]),
                drawn_as=data["drawn_as"],
                color_to_train={
                    _color(color): train for color, train in data["color_to_train"].items()
                },
                void_declared=bool(data.get("void_declared", True)),
                color_tolerance=int(data.get("color_tolerance", 0)),
            )
        except KeyError as error:
            raise UserError(f"labels: the key {error} is missing") from None
        except UserError:
            raise
        except (TypeError, AttributeError, ValueError) as error:
            raise UserError(f"labels: not a label set ({error})") from None


def _color(text: str) -> Color:
    """`128,64,128` as `to_json` writes it; ValueError if it is none."""
    red, green, blue = (int(value) for value in text.split(","))
    return red, green, blue


def cityscapes_labels(*, void: Void, dataset: str = "cityscapes") -> LabelSet:
    """The 19 evaluated classes of Cityscapes; the 15 other drawn labelIds are void."""
    evaluated = [row for row in CITYSCAPES if row[3]]
    return LabelSet(
        dataset=dataset,
        names=tuple(name for name, _, _, _, _ in evaluated),
        palette=tuple(color for _, _, _, _, color in evaluated),
        ids=tuple(label_id for _, label_id, _, _, _ in evaluated),
        void_ids=tuple(
            label_id for _, label_id, _, is_evaluated, _ in CITYSCAPES if not is_evaluated
        ),
        void_name="unlabeled",
        void_color=(0, 0, 0),
        void=void,
        id_to_train={row[1]: train_id for train_id, row in enumerate(evaluated)},
        categories=tuple(category for _, _, category, _, _ in evaluated),
    )


def camvid_labels(*, void: Void) -> LabelSet:
    """The 11 classes of CamVid as SegNet published it; label id 11 is void."""
    void_name, void_id, void_color = CAMVID_VOID
    return LabelSet(
        dataset="camvid",
        names=tuple(name for name, _ in CAMVID),
        palette=tuple(color for _, color in CAMVID),
        ids=tuple(range(len(CAMVID))),
        void_ids=(void_id,),
        void_name=void_name,
        void_color=void_color,
        void=void,
        id_to_train={train_id: train_id for train_id in range(len(CAMVID))},
    )
