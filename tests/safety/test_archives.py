"""Archives that would write elsewhere, lead elsewhere, or fill the disk: models and datasets."""

import io
import stat
import struct
import tarfile
import zipfile

import pytest

import dlkit
from dlkit.data import unpack
from dlkit.registry import errors

OUTSIDE = ["../pwned", "/tmp/pwned", "assets/../../pwned", "C:\\pwned", "assets\\..\\..\\pwned"]


def info(name, mode=0, **fields):
    found = zipfile.ZipInfo(name)
    found.external_attr = mode << 16
    for field, value in fields.items():
        setattr(found, field, value)
    return found


def refused(path):
    with pytest.raises(errors.UnsafeFile) as caught:
        dlkit.load_model(path)
    return caught.value.message.replace(f"{path}: ", "")


@pytest.mark.parametrize("name", OUTSIDE)
def test_ghsa_hqp4_a_member_of_a_model_that_lands_elsewhere(rewrite, marker, name):
    message = refused(rewrite(members={name: b"x"}))
    absolute = name.startswith(("/", "C:"))
    how = "an absolute path" if absolute else "a path that leads out of the archive"
    assert f"is named by {how}" in message


def test_keras_22973_a_link_in_a_model(rewrite, marker):
    link = info("assets/vocabulary.txt", stat.S_IFLNK | 0o777)
    assert refused(rewrite(members={link: b"/etc/passwd"})).startswith(
        "assets/vocabulary.txt is a link"
    )


def test_a_device_in_a_model(rewrite, marker):
    device = info("assets/x", stat.S_IFCHR | 0o666)
    assert "assets/x is neither a file nor a folder" in refused(rewrite(members={device: b""}))


def test_an_encrypted_member(rewrite, marker):
    path = rewrite(members={"assets/x": b"123"})
    content = bytearray(path.read_bytes())
    place = content.rindex(b"PK\x01\x02") + 8  # the flag bits of the last entry of the directory
    content[place] |= 1
    path.write_bytes(content)
    assert "assets/x is encrypted" in refused(path)


def test_a_compression_that_takes_much_memory(rewrite, marker):
    member = info("assets/x", compress_type=zipfile.ZIP_LZMA)
    assert "assets/x is compressed by method 14" in refused(rewrite(members={member: b"x"}))


def test_a_member_that_keras_does_not_write(rewrite, marker):
    assert refused(rewrite(members={"evil.py": b""})).startswith(
        "evil.py is no part of a .keras archive"
    )


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_two_members_of_one_name(rewrite, marker):
    path = rewrite()
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("config.json", "{}")
    assert refused(path).startswith("config.json is there twice")


def test_cwe_409_a_member_that_unfolds_to_gigabytes(rewrite, marker):
    bomb = info("assets/x", compress_type=zipfile.ZIP_DEFLATED)
    message = refused(rewrite(members={bomb: bytes(100 * 2**20)}))
    assert message.startswith("assets/x would unfold from ") and "to 104,857,600;" in message


def test_cwe_409_many_members_that_share_their_bytes(rewrite, marker):
    """Each alone is within the limit; the directory points all of them at the same content."""
    path = rewrite()
    with zipfile.ZipFile(path, "a") as archive:
        member = info("assets/0", compress_type=zipfile.ZIP_DEFLATED)
        archive.writestr(member, bytes(60 * 2**20))
        for number in range(1, 200):
            twin = info(f"assets/{number}", compress_type=zipfile.ZIP_DEFLATED)
            for field in ("header_offset", "CRC", "compress_size", "file_size", "flag_bits"):
                setattr(twin, field, getattr(member, field))
            archive.filelist.append(twin)
            archive.NameToInfo[twin.filename] = twin
        archive._didModify = True
    with pytest.raises(errors.UnsafeFile, match=r"hostile\.keras would unfold from .* 12,5"):
        dlkit.load_model(path)


def tar(path, *members, mode="w:gz"):
    """An archive of `(TarInfo or name, content)`."""
    with tarfile.open(path, mode) as archive:
        for member, content in members:
            if isinstance(member, str):
                member = tarfile.TarInfo(member)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return path


def special(name, kind, target=""):
    found = tarfile.TarInfo(name)
    found.type, found.linkname = kind, target
    return found


def unpacked(archive, tmp_path):
    """The message with which it is refused; nothing of it stays."""
    folder = tmp_path / "into" / "folder"
    with pytest.raises(errors.UnsafeFile) as caught:
        unpack.unpack(archive, folder)
    assert list(folder.parent.iterdir()) == []
    return caught.value.message.replace(f"{archive}: ", "")


@pytest.mark.parametrize("name", OUTSIDE)
@pytest.mark.parametrize("kind", ["tar", "zip"])
def test_cve_2024_55459_a_member_that_lands_elsewhere(tmp_path, marker, name, kind):
    path = tmp_path / f"a.{kind}"
    if kind == "tar":
        tar(path, ("fine", b"x"), (name, b"x"))
    else:
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr(name, b"x")
    message = unpacked(path, tmp_path)
    absolute = name.startswith(("/", "C:"))
    assert ("absolute path" if absolute else "leads out of the archive") in message


def test_cve_2025_12060_a_link_that_a_later_member_is_written_through(tmp_path, marker):
    link = special("out", tarfile.SYMTYPE, "../..")
    path = tar(tmp_path / "a.tar.gz", (link, b""), ("out/pwned", b"x"))
    assert unpacked(path, tmp_path).startswith("out is a link to '../..'")


def test_cve_2025_12060_links_that_lead_out_only_together(tmp_path, marker):
    """Each link stays inside by itself; `tarfile`'s filter once resolved them too early."""
    long = "d" * 200
    path = tar(
        tmp_path / "a.tar.gz",
        (special(long, tarfile.DIRTYPE), b""),
        (special("a", tarfile.SYMTYPE, long), b""),
        (special("b", tarfile.SYMTYPE, "a/../.."), b""),
        ("b/pwned", b"x"),
    )
    assert unpacked(path, tmp_path).startswith("a is a link to 'ddd")


def test_keras_22973_a_hard_link_to_a_file_of_the_user(tmp_path, marker):
    (tmp_path / "secret").write_text("x")
    link = special("copy", tarfile.LNKTYPE, "../../secret")
    path = tar(tmp_path / "a.tar", (link, b""), ("copy", b"overwritten"), mode="w")
    assert unpacked(path, tmp_path).startswith("copy is a link to '../../secret'")
    assert (tmp_path / "secret").read_text() == "x"


@pytest.mark.parametrize("kind", [tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE])
def test_devices(tmp_path, marker, kind):
    path = tar(tmp_path / "a.tar", (special("dev", kind), b""), mode="w")
    assert unpacked(path, tmp_path).startswith("dev is a device")


@pytest.mark.parametrize("kind", ["tar", "zip"])
def test_cwe_409_bombs(tmp_path, marker, kind):
    path = tmp_path / f"a.{kind}"
    if kind == "tar":
        tar(path, ("fine", b"x"), ("zeros", bytes(100 * 2**20)))
    else:
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("zeros", bytes(100 * 2**20))
    assert unpacked(path, tmp_path).startswith("zeros would unfold from ")


def test_cwe_409_a_record_of_names_that_fills_the_memory(tmp_path, marker):
    path = tmp_path / "a.tar.gz"
    with tarfile.open(path, "w:gz", format=tarfile.PAX_FORMAT) as archive:
        member = tarfile.TarInfo("x")
        member.pax_headers = {"comment": "x" * 2**20}
        archive.addfile(member)
    assert "has a record of 1,0" in unpacked(path, tmp_path)


@pytest.mark.parametrize("names", [("a", "a"), ("a", "a/b")])
def test_a_member_over_another(tmp_path, marker, names):
    path = tar(tmp_path / "a.tar", *((name, b"x") for name in names), mode="w")
    assert unpacked(path, tmp_path).startswith(f"{names[1]} collides with another member")


def test_permissions_are_not_taken_over(tmp_path):
    evil = tarfile.TarInfo("run")
    evil.mode, evil.uid = 0o6777, 0
    unpack.unpack(tar(tmp_path / "a.tar", (evil, b"x"), mode="w"), tmp_path / "folder")
    mode = (tmp_path / "folder" / "run").stat().st_mode
    assert not mode & (stat.S_ISUID | stat.S_ISGID | stat.S_IXUSR)


def test_a_name_with_control_characters_is_shown_without_them(rewrite, marker):
    message = refused(rewrite(members={"\x1b[2Jevil": b""}))
    assert message.startswith("\\x1b[2Jevil is no part") and "\x1b" not in message


def test_the_header_of_the_weights_is_not_believed(rewrite):
    """The place of the content is told by a header of its own, which may be any bytes."""
    path = rewrite()
    with zipfile.ZipFile(path) as archive:
        offset = archive.getinfo("model.weights.h5").header_offset
    content = bytearray(path.read_bytes())
    struct.pack_into("<HH", content, offset + 26, 65535, 65535)
    path.write_bytes(content)
    with pytest.raises(errors.ModelFileError, match=r"is no \.keras archive"):
        dlkit.load_model(path)
