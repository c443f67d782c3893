"""The class tables of the data sets with a fixed label format: plain data, no logic."""

# Cityscapes: (name, labelId, category, evaluated, colour), in the order of labelIds.
# trainIds number the evaluated rows from 0, top to bottom. The licence plate (labelId -1) is
# missing on purpose: it is never drawn into a labelIds file.
# Source: cityscapesscripts/helpers/labels.py, which the tests compare this with.
CITYSCAPES = (
    ("unlabeled", 0, "void", False, (0, 0, 0)),
    ("ego vehicle", 1, "void", False, (0, 0, 0)),
    ("rectification border", 2, "void", False, (0, 0, 0)),
    ("out of roi", 3, "void", False, (0, 0, 0)),
    ("static", 4, "void", False, (0, 0, 0)),
    ("dynamic", 5, "void", False, (111, 74, 0)),
    ("ground", 6, "void", False, (81, 0, 81)),
    ("road", 7, "flat", True, (128, 64, 128)),
    ("sidewalk", 8, "flat", True, (244, 35, 232)),
    ("parking", 9, "flat", False, (250, 170, 160)),
    ("rail track", 10, "flat", False, (230, 150, 140)),
    ("building", 11, "construction", True, (70, 70, 70)),
    ("wall", 12, "construction", True, (102, 102, 156)),
    ("fence", 13, "construction", True, (190, 153, 153)),
    ("guard rail", 14, "construction", False, (180, 165, 180)),
    ("bridge", 15, "construction", False, (150, 100, 100)),
    ("tunnel", 16, "construction", False, (150, 120, 90)),
    ("pole", 17, "object", True, (153, 153, 153)),
    ("polegroup", 18, "object", False, (153, 153, 153)),
    ("traffic light", 19, "object", True, (250, 170, 30)),
    ("traffic sign", 20, "object", True, (220, 220, 0)),
    ("vegetation", 21, "nature", True, (107, 142, 35)),
    ("terrain", 22, "nature", True, (152, 251, 152)),
    ("sky", 23, "sky", True, (70, 130, 180)),
    ("person", 24, "human", True, (220, 20, 60)),
    ("rider", 25, "human", True, (255, 0, 0)),
    ("car", 26, "vehicle", True, (0, 0, 142)),
    ("truck", 27, "vehicle", True, (0, 0, 70)),
    ("bus", 28, "vehicle", True, (0, 60, 100)),
    ("caravan", 29, "vehicle", False, (0, 0, 90)),
    ("trailer", 30, "vehicle", False, (0, 0, 110)),
    ("train", 31, "vehicle", True, (0, 80, 100)),
    ("motorcycle", 32, "vehicle", True, (0, 0, 230)),
    ("bicycle", 33, "vehicle", True, (119, 11, 32)),
)

# CamVid as the SegNet project published it: the row number is both label id and trainId; 11 = void.
CAMVID = (
    ("Sky", (128, 128, 128)),
    ("Building", (128, 0, 0)),
    ("Pole", (192, 192, 128)),
    ("Road", (128, 64, 128)),
    ("Pavement", (60, 40, 222)),
    ("Tree", (128, 128, 0)),
    ("SignSymbol", (192, 128, 128)),
    ("Fence", (64, 64, 128)),
    ("Car", (64, 0, 128)),
    ("Pedestrian", (64, 64, 0)),
    ("Bicyclist", (0, 128, 192)),
)
CAMVID_VOID = ("Unlabelled", 11, (0, 0, 0))
