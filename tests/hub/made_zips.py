"""Zips in memory: harmless ones, and ones that nobody should unpack."""

import hashlib
import io
import stat
import struct
import zipfile


def zipped(entries, method=zipfile.ZIP_DEFLATED):
    """entries: (name or ZipInfo, bytes) in order; without dates, so that the bytes are the same."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for entry, data in entries:
            named = entry if isinstance(entry, zipfile.ZipInfo) else zipfile.ZipInfo(entry)
            archive.writestr(named, data, compress_type=method)
    return file.getvalue()


HARMLESS = zipped([("labels.json", b"{}"), ("variables/a", b"weights"), ("model.onnx", b"graph")])
SHA256 = hashlib.sha256(HARMLESS).hexdigest()


def _special(kind):
    entry = zipfile.ZipInfo("link")
    entry.create_system, entry.external_attr = 3, (kind | 0o777) << 16
    return zipped([(entry, b"/etc/passwd")])


def _patched(data, signature, offset, value):
    """`data` with another field in the header that begins with `signature`."""
    place = data.index(signature) + offset
    return data[:place] + value + data[place + len(value) :]


def _nameless():
    """The one byte of its name is made a byte of its extra field."""
    data = _patched(zipped([("a", b"x")]), b"PK\x03\x04", 26, struct.pack("<HH", 0, 1))
    return _patched(data, b"PK\x01\x02", 28, struct.pack("<HH", 0, 1))


def _lying_bomb():
    """16 MiB that both headers call 10 bytes."""
    data = zipped([("zeros", bytes(2**24))])
    data = _patched(data, b"PK\x03\x04", 22, struct.pack("<I", 10))
    return _patched(data, b"PK\x01\x02", 24, struct.pack("<I", 10))


def _overlapping():
    """One file of 1 MiB, which 40 entries name as theirs."""
    data = zipped([("a" * 8, bytes(2**20))])
    start, end = data.index(b"PK\x01\x02"), data.index(b"PK\x05\x06")
    entry = data[start:end]
    entries = b"".join(entry.replace(b"a" * 8, b"%08d" % i) for i in range(40))
    tail = bytearray(data[end:])
    tail[8:12] = struct.pack("<HH", 40, 40)
    tail[12:16] = struct.pack("<I", len(entries))
    return data[:start] + entries + bytes(tail)


# Bytes of a zip, and a part of what is said of it, where 2 MiB are allowed.
REFUSED = {
    "parent": (zipped([("a", b""), ("../evil", b"x")]), "'../evil' is no plain name"),
    "parent within": (zipped([("a/../../evil", b"x")]), "is no plain name"),
    "parent folder": (zipped([("../", b"")]), "is no plain name"),
    "absolute": (zipped([("/tmp/evil", b"x")]), "'/tmp/evil' is no plain name"),
    "backslash": (zipped([("..\\evil", b"x")]), "is no plain name"),
    "drive": (zipped([("C:evil", b"x")]), "is no plain name"),
    "dot": (zipped([("./a", b"x")]), "is no plain name"),
    "no name": (_nameless(), "the entry '' is no plain name"),
    "NUL": (
        zipped([("evil#.png", b"x")]).replace(b"evil#.png", b"evil\0.png"),
        "has a name that is cut short",
    ),
    "link": (_special(stat.S_IFLNK), "'link' is a link"),
    "device": (_special(stat.S_IFCHR), "'link' is a device"),
    "pipe": (_special(stat.S_IFIFO), "'link' is a device"),
    "twice": (zipped([("a", b"1"), ("A", b"2")]), "the entry 'A' is there twice"),
    "file and folder": (zipped([("a", b"1"), ("A/b", b"2")]), "'a' is a file and a folder"),
    "lzma": (zipped([("a", b"x" * 99)], zipfile.ZIP_LZMA), "is compressed by method 14"),
    "encrypted": (
        _patched(HARMLESS, b"PK\x01\x02", 8, b"\x01\x00"),
        "'labels.json' is encrypted",
    ),
    "bomb": (zipped([("zeros", bytes(2**24))]), "unpacks to 16777216 bytes, allowed: 2097152"),
    "bomb of parts": (zipped([(f"{i}", bytes(2**20)) for i in range(3)]), "unpacks to 3145728"),
    "overlapping": (_overlapping(), "unpacks to 41943040"),
    "lying bomb": (_lying_bomb(), "not a zip file that can be read"),
    "many entries": (zipped([(f"{i:060}", b"") for i in range(10_000)]), "is not read"),
    "no zip": (b"hello", "found no end of a zip file"),
    "nothing": (b"", "found no end of a zip file"),
    "a page": (b"<html>" * 100, "found no end of a zip file"),
    "cut": (HARMLESS[:-10], "found no end of a zip file"),
    "another checksum": (
        _patched(HARMLESS, b"PK\x01\x02", 16, b"\x00\x00\x00\x00"),
        "not a zip file that can be read (Bad CRC-32",
    ),
    "damaged": (
        _patched(HARMLESS, b"PK\x03\x04", 30 + len("labels.json"), b"\xff"),
        "not a zip file that can be read (Error -3 while decompressing",
    ),
    "64 bit": (HARMLESS[:-22] + b"PK\x06\x07" + bytes(16) + HARMLESS[-22:], "no end of a zip"),
}
