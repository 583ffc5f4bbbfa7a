import io

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image, ImageOps

from dlkit.data import decode
from dlkit.data.errors import DataError

SIDE = 16


def picture(width=40, height=24):
    """Smooth, and unlike itself under any turn."""
    y, x = np.mgrid[:height, :width]
    return np.stack([x * 255 // width, y * 255 // height, (x + y) * 2], -1).astype(np.uint8)


def encoded(image, kind="PNG", **options):
    file = io.BytesIO()
    image = Image.fromarray(image) if isinstance(image, np.ndarray) else image
    image.save(file, kind, **options)
    return file.getvalue()


def written(folder, contents, name="file.png"):
    path = folder / name
    path.write_bytes(contents)
    return path


def test_a_png_of_the_right_size_comes_as_it_is(tmp_path):
    image = picture(SIDE, SIDE)
    got = decode.read(written(tmp_path, encoded(image)), SIDE)
    assert got.dtype == np.uint8
    np.testing.assert_array_equal(got, image)


def test_resizing_is_pillows_bilinear(tmp_path):
    """An oracle: Pillow's resize is antialiased too; it rounds between its two passes."""
    image = picture(70, 50)
    expected = np.asarray(Image.fromarray(image).resize((SIDE, SIDE), Image.Resampling.BILINEAR))
    got = decode.read(written(tmp_path, encoded(image)), SIDE)
    assert np.abs(got.astype(int) - expected).max() <= 1


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_applied_as_pillow_does(tmp_path, orientation):
    image = Image.fromarray(picture())
    exif = Image.Exif()
    exif[decode.ORIENTATION] = orientation
    contents = encoded(image, "JPEG", quality=95, exif=exif)
    turned = ImageOps.exif_transpose(Image.open(io.BytesIO(contents)))
    expected = np.asarray(turned.resize((SIDE, SIDE), Image.Resampling.BILINEAR)).astype(int)
    got = decode.read(written(tmp_path, contents), SIDE)
    assert np.abs(got - expected).max() <= 6  # two JPEG decoders differ by a little
    assert decode.inspect(contents) == (orientation, "")


@pytest.mark.parametrize("orientation", [0, 9, 7000])
def test_an_orientation_that_means_nothing_is_upright(orientation):
    exif = Image.Exif()
    exif[decode.ORIENTATION] = orientation
    assert decode.inspect(encoded(picture(), "JPEG", exif=exif)) == (1, "")


@pytest.mark.parametrize(
    ("mode", "kind"),
    [
        ("L", "PNG"),
        ("L", "JPEG"),
        ("RGB", "JPEG"),
        ("RGBA", "PNG"),
        ("P", "PNG"),
        ("1", "PNG"),
        ("LA", "PNG"),
        ("CMYK", "JPEG"),
    ],
)
@pytest.mark.parametrize("channels", [1, 3])
def test_every_kind_of_pixel_becomes_8_bit(tmp_path, mode, kind, channels):
    image = Image.fromarray(picture(SIDE, SIDE)).convert(mode)
    got = decode.read(written(tmp_path, encoded(image, kind)), SIDE, channels)
    expected = np.asarray(image.convert("RGB").convert("L" if channels == 1 else "RGB"))
    assert got.shape == (SIDE, SIDE, channels) and got.dtype == np.uint8
    assert np.abs(got.mean((0, 1)) - expected.reshape(SIDE, SIDE, channels).mean((0, 1))).max() < 3


def test_16_bits_are_scaled_to_8(tmp_path):
    image = Image.fromarray((np.arange(256).reshape(16, 16) * 257).astype(np.uint16))
    got = decode.read(written(tmp_path, encoded(image)), SIDE, 1)
    np.testing.assert_array_equal(got[..., 0], np.arange(256).reshape(16, 16))


def test_of_an_animated_png_the_first_picture_is_taken(tmp_path):
    first, second = Image.new("RGB", (16, 16), "red"), Image.new("RGB", (16, 16), "blue")
    contents = encoded(first, "PNG", save_all=True, append_images=[second])
    assert decode.read(written(tmp_path, contents), SIDE)[0, 0].tolist() == [255, 0, 0]


def test_the_contents_decide_and_not_the_name(tmp_path):
    contents = encoded(picture(SIDE, SIDE), "PNG")
    got = decode.read(written(tmp_path, contents, "photo.jpg"), SIDE)
    np.testing.assert_array_equal(got, picture(SIDE, SIDE))


def damaged(contents):
    half = len(contents) // 2
    return contents[:half] + bytes([contents[half] ^ 0xFF]) + contents[half + 1 :]


@pytest.mark.parametrize(
    ("contents", "problem"),
    [
        (b"", "is empty"),
        (b"not an image", "is no JPEG or PNG image"),
        (encoded(picture(), "GIF"), "is a GIF, not a JPEG or PNG"),
        (encoded(picture(), "BMP"), "is a BMP"),
        (encoded(picture(), "WEBP"), "is a WebP"),
        (b"<!DOCTYPE html><title>404</title>", "is a web page"),
        (encoded(picture(), "JPEG")[:300], "is broken"),
        (encoded(picture(), "JPEG")[:-20], "is broken: it is cut off or damaged"),
        (encoded(picture(), "PNG")[:20], "is broken: its header cannot be read"),
        (encoded(picture(), "PNG")[:-14], "is broken: it is cut off or damaged"),
        (encoded(picture(), "PNG")[:-40], "is broken"),
        (damaged(encoded(picture(), "PNG")), "is broken"),
    ],
)
def test_a_file_that_is_no_whole_image_is_refused_by_path(tmp_path, contents, problem):
    path = written(tmp_path, contents, "cat.jpg")
    assert decode.inspect(contents)[1].startswith(problem)
    with pytest.raises(DataError, match=problem) as caught:
        decode.read(path, SIDE)
    assert str(path) in str(caught.value)


def test_a_header_that_claims_too_much_is_refused_before_decoding(monkeypatch):
    monkeypatch.setattr(decode, "LARGEST", 40 * 24 - 1)
    monkeypatch.setattr(tf.io, "decode_image", None)
    assert "claims 40 × 24 pixels" in decode.inspect(encoded(picture()))[1]


def test_a_missing_file_is_refused_by_path(tmp_path):
    with pytest.raises(DataError, match=r"gone\.png cannot be read: No such file"):
        decode.read(tmp_path / "gone.png", SIDE)
