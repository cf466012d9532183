"""Archives as an attacker makes them, and as people do."""

import io
import stat
import struct
import zipfile
from collections.abc import Mapping

MIB = 1024 * 1024
CENTRAL, LOCAL = b"PK\x01\x02", b"PK\x03\x04"
# Where fields stand behind a signature: in the directory, before the member.
FLAGS, METHOD, PACKED, SIZE = (8, 6), (10, 8), (20, 18), (24, 22)


def packed(members: Mapping[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as made:
        for name, data in members.items():
            made.writestr(name, data)
    return out.getvalue()


def with_link(name: str, target: str) -> bytes:
    info = zipfile.ZipInfo(name)
    info.create_system = 3
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as made:
        made.writestr(info, target)
    return out.getvalue()


def bomb(name: str = "bomb.jpg") -> bytes:
    """100 MB from 100 KB."""
    return packed({name: bytes(100 * MIB)})


def lying(archive: bytes, field: tuple[int, int], value: int, index: int = 0) -> bytes:
    """The same archive, a number of one member changed in the directory and before its data."""
    data = bytearray(archive)
    form = "<H" if field in (FLAGS, METHOD) else "<I"
    for signature, offset in ((CENTRAL, field[0]), (LOCAL, field[1])):
        at = -1
        for _ in range(index + 1):
            at = data.index(signature, at + 1)
        struct.pack_into(form, data, at + offset, value)
    return bytes(data)
