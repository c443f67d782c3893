"""One scene as every tool would export it: small, drawn by hand, the same pixels from each.

12 x 8 pixels. A road covers rows 4 to 7; a car stands on it, rows 3 to 5, columns 2 to 6, drawn
after it; the rest is unlabelled: background, or void where the data set has no such class.
"""

import base64
import io
import json
import zlib

import numpy as np
from PIL import Image

from kerasseg.importing.class_map import voc_color
from kerasseg.labels import cityscapes_labels

WIDTH, HEIGHT = 12, 8
TRAIN, VAL = ("drive_0001", "drive_0002"), ("town_0001",)
ROAD, CAR, REST = 1, 2, 0
SCENE = np.zeros((HEIGHT, WIDTH), np.uint8)
SCENE[4:] = ROAD
SCENE[3:6, 2:7] = CAR
# By Pillow's rule, where both ends belong to a shape, and by COCO's, where pixels are squares.
PILLOW = {"road": [[0, 4], [11, 4], [11, 7], [0, 7]], "car": [[2, 3], [6, 3], [6, 5], [2, 5]]}
SQUARES = {"road": [[0, 4], [12, 4], [12, 8], [0, 8]], "car": [[2, 3], [7, 3], [7, 6], [2, 6]]}
# What Label Studio's own converter (label_studio_sdk 2.1.2, brush.mask2rle) makes of the car.
CAR_BRUSH = [
    0,
    0,
    1,
    128,
    57,
    27,
    254,
    151,
    0,
    194,
    127,
    248,
    108,
    3,
    9,
    255,
    225,
    176,
    12,
    39,
    255,
]
CAR_BRUSH += [156, 192, 0]


def photo(path, seed=0):
    """A JPEG or PNG of noise."""
    path.parent.mkdir(parents=True, exist_ok=True)
    noise = np.random.default_rng(seed).integers(0, 256, (HEIGHT, WIDTH, 3), dtype=np.uint8)
    Image.fromarray(noise).save(path)


def png(path, pixels, palette=None):
    path.parent.mkdir(parents=True, exist_ok=True)
    image = Image.fromarray(pixels)
    if palette is not None:
        image.putpalette([value for color in palette for value in color])
    image.save(path)


def text(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content if isinstance(content, str) else json.dumps(content))


def each():
    """(name, split as the folder is called) of every image."""
    return [*((name, "train") for name in TRAIN), *((name, "val") for name in VAL)]


def coco(root):
    for split, names in (("train", TRAIN), ("val", VAL)):
        for name in names:
            photo(root / "images" / split / f"{name}.jpg")
        images = [
            {"id": i, "file_name": f"{name}.jpg", "height": HEIGHT, "width": WIDTH}
            for i, name in enumerate(names)
        ]
        annotations = [
            {
                "id": 2 * i + j,
                "image_id": i,
                "category_id": number,
                "segmentation": [np.ravel(SQUARES[label]).tolist()],
                "iscrowd": 0,
            }
            for i in range(len(names))
            for j, (label, number) in enumerate((("road", 7), ("car", 3)))
        ]
        categories = [{"id": 7, "name": "road"}, {"id": 3, "name": "car"}]
        document = {"images": images, "annotations": annotations, "categories": categories}
        text(root / "annotations" / f"instances_{split}.json", document)


def coco_stuff(root):
    for name, split in each():
        photo(root / "images" / f"{split}2017" / f"{name}.jpg")
        pixels = np.array([255, 148, 2], np.uint8)[SCENE]
        png(root / "stuffthingmaps" / f"{split}2017" / f"{name}.png", pixels)
    text(root / "labels.txt", "0: unlabeled\n1: person\n3: car\n149: road\n")


def labelme(root):
    for name, split in each():
        photo(root / split / f"{name}.jpg")
        text(root / split / f"{name}.json", labelme_file(f"{name}.jpg"))


def labelme_file(image, shapes=None):
    if shapes is None:
        shapes = [
            {"label": label, "points": PILLOW[label], "shape_type": "polygon"}
            for label in ("road", "car")
        ]
    size = {"imageHeight": HEIGHT, "imageWidth": WIDTH}
    return {"version": "5.5.0", "shapes": shapes, "imagePath": image, "imageData": None, **size}


def voc(root):
    for name, _ in each():
        photo(root / "JPEGImages" / f"{name}.jpg")
        pixels = np.array([0, 20, 7], np.uint8)[SCENE]
        png(root / "SegmentationClass" / f"{name}.png", pixels, map(voc_color, range(256)))
    for split, names in (("train", TRAIN), ("val", VAL), ("trainval", TRAIN + VAL)):
        text(root / "ImageSets" / "Segmentation" / f"{split}.txt", "\n".join(names))
    names = ["_background_", *"ghijkl", "car", *"abcdefmnopqr", "road"]
    text(root / "class_names.txt", "\n".join(names))


def cvat(root):
    colors = np.array([(0, 0, 0), (128, 64, 128), (0, 0, 142)], np.uint8)
    for name, split in each():
        photo(root / "JPEGImages" / f"{name}.jpg")
        png(root / "SegmentationClass" / f"{name}.png", colors[SCENE])
        lists = root / "ImageSets" / "Segmentation" / f"{split}.txt"
        lists.parent.mkdir(parents=True, exist_ok=True)
        with open(lists, "a") as file:
            file.write(f"{name}\n")
    lines = ["# label:color_rgb:parts:actions", "background:0,0,0::", "car:0,0,142::"]
    text(root / "labelmap.txt", "\n".join([*lines, "road:128,64,128::", ""]))


def cvat_images(root):
    labels = "".join(
        f"<label><name>{name}</name><color>{color}</color></label>"
        for name, color in (("car", "#00008e"), ("road", "#804080"))
    )
    images = []
    for number, (name, split) in enumerate(each()):
        photo(root / "images" / split / f"{name}.jpg")
        road = ";".join(f"{x:.2f},{y:.2f}" for x, y in SQUARES["road"])
        images.append(
            f'<image id="{number}" name="{name}.jpg" subset="{split}" width="{WIDTH}" '
            f'height="{HEIGHT}"><mask label="car" rle="0, 15" left="2" top="3" width="5" '
            f'height="3" z_order="1"/><polygon label="road" points="{road}" z_order="0"/></image>'
        )
    head = f"<version>1.1</version><meta><job><labels>{labels}</labels></job></meta>"
    text(root / "annotations.xml", f"<annotations>{head}{''.join(images)}</annotations>")


def roboflow(root):
    for name, split in each():
        folder = root / {"val": "valid"}.get(split, split)
        photo(folder / f"{name}.jpg")
        png(folder / f"{name}_mask.png", SCENE)
        text(folder / "_classes.csv", "Pixel Value, Class\n0, background\n1, road\n2, car\n")


def mapillary(root):
    labels = [
        {"name": "unlabeled", "color": [0, 0, 0], "evaluate": False},
        {"name": "road", "color": [128, 64, 128], "evaluate": True},
        {"name": "car", "color": [0, 0, 142], "evaluate": True},
    ]
    text(root / "config_v2.0.json", {"labels": labels})
    for name, split in each():
        folder = root / {"train": "training", "val": "validation"}[split]
        photo(folder / "images" / f"{name}.jpg")
        png(folder / "v2.0" / "labels" / f"{name}.png", SCENE, map(voc_color, range(256)))
        png(folder / "v1.2" / "labels" / f"{name}.png", SCENE * 0)


def kitti(root):
    for name, _ in each():
        photo(root / "training" / "image_2" / f"{name}.png")
        png(root / "training" / "semantic" / f"{name}.png", np.array([1, 7, 26], np.uint8)[SCENE])
        photo(root / "testing" / "image_2" / f"{name}.png")


def bdd100k(root):
    car = cityscapes_labels(void="ignore").names.index("car")
    for name, split in each():
        photo(root / "seg" / "images" / split / f"{name}.jpg")
        pixels = np.array([255, 0, car], np.uint8)[SCENE]
        png(root / "seg" / "labels" / split / f"{name}_train_id.png", pixels)


def a2d2(root):
    base = root / "camera_lidar_semantic"
    names = {"#ff0000": "Car 1", "#c80000": "Car 2", "#b432b4": "RD normal street"}
    text(base / "class_list.json", names)
    colors = np.array([(1, 2, 3), (180, 50, 180), (200, 0, 0)], np.uint8)
    for name, _ in each():
        date, number = name.split("_")
        for kind in ("camera", "label"):
            file = f"{date}_{kind}_frontcenter_{number}.png"
            path = base / date / kind / "cam_front_center" / file
            if kind == "camera":
                photo(path)
            else:
                png(path, colors[SCENE])


def supervisely(root):
    classes = [
        {"title": "road", "shape": "any", "color": "#804080"},
        {"title": "car", "shape": "bitmap", "color": "#00008E"},
    ]
    text(root / "meta.json", {"classes": classes, "tags": []})
    buffer = io.BytesIO()
    Image.new("1", (5, 3), 1).save(buffer, "PNG")
    data = base64.b64encode(zlib.compress(buffer.getvalue())).decode()
    objects = [
        {
            "classTitle": "road",
            "geometryType": "polygon",
            "points": {"exterior": PILLOW["road"], "interior": []},
        },
        {"classTitle": "car", "geometryType": "bitmap", "bitmap": {"data": data, "origin": [2, 3]}},
    ]
    for name, split in each():
        photo(root / split / "img" / f"{name}.jpg")
        size = {"height": HEIGHT, "width": WIDTH}
        text(root / split / "ann" / f"{name}.jpg.json", {"size": size, "objects": objects})


def label_studio(root):
    size = {"original_width": WIDTH, "original_height": HEIGHT}
    points = [[x / WIDTH * 100, y / HEIGHT * 100] for x, y in PILLOW["road"]]
    road = {"points": points, "polygonlabels": ["road"]}
    car = {"format": "rle", "rle": CAR_BRUSH, "brushlabels": ["car"]}
    results = [
        {"type": kind, "value": value, "from_name": "tag", "to_name": "image", **size}
        for kind, value in (("polygonlabels", road), ("brushlabels", car))
    ]
    tasks = []
    for number, (name, split) in enumerate(each()):
        photo(root / split / f"{name}.jpg")
        data = {"image": f"/data/upload/1/0123abcd-{name}.jpg"}
        annotations = [{"id": number, "result": results, "was_cancelled": False}]
        tasks.append({"id": number, "data": data, "annotations": annotations})
    text(root / "project-1-at-2026.json", tasks)


def ultralytics(root):
    text(root / "data.yaml", "train: images/train\nval: images/val\nnames: {0: road, 1: car}\n")
    parts = {
        number: " ".join(f"{(x + 0.2) / WIDTH} {(y + 0.2) / HEIGHT}" for x, y in PILLOW[label])
        for number, label in enumerate(("road", "car"))
    }
    for name, split in each():
        photo(root / "images" / split / f"{name}.jpg")
        # The car is listed first; small lies over large all the same.
        text(root / "labels" / split / f"{name}.txt", f"1 {parts[1]}\n0 {parts[0]}\n")


def idd(root):
    objects = [{"label": label, "polygon": PILLOW[label]} for label in ("road", "car")]
    document = {"imgHeight": HEIGHT, "imgWidth": WIDTH, "objects": objects}
    for name, split in each():
        photo(root / "leftImg8bit" / split / "1" / f"{name}_leftImg8bit.png")
        text(root / "gtFine" / split / "1" / f"{name}_gtFine_polygons.json", document)


# Layout -> what writes it.
EXPORTS = {
    "cvat": cvat,
    "cvat_images": cvat_images,
    "voc": voc,
    "roboflow": roboflow,
    "mapillary": mapillary,
    "kitti": kitti,
    "bdd100k": bdd100k,
    "a2d2": a2d2,
    "supervisely": supervisely,
    "label_studio": label_studio,
    "coco_stuff": coco_stuff,
    "coco": coco,
    "ultralytics": ultralytics,
    "idd": idd,
    "labelme": labelme,
}
