"""Files of tensors by their suffix."""

import ml_dtypes
import numpy as np
import pytest
from safetensors.numpy import save_file

from dlkit.weights import tensors


@pytest.mark.parametrize("dtype", ["float32", "float16", "int64", ml_dtypes.bfloat16])
def test_safetensors(tmp_path, dtype):
    array = np.arange(6).reshape(2, 3).astype(dtype)
    save_file({"a.weight": array}, tmp_path / "net.safetensors")
    found = tensors.READERS[".safetensors"](tmp_path / "net.safetensors")
    assert found["a.weight"].dtype == array.dtype
    np.testing.assert_array_equal(found["a.weight"], array)


@pytest.mark.parametrize("content", [b"", b"\xff" * 40, (2**50).to_bytes(8, "little") + b"{}"])
def test_no_safetensors(tmp_path, content):
    (tmp_path / "net.safetensors").write_bytes(content)
    with pytest.raises(ValueError, match=r"no \.safetensors file"):
        tensors.read_safetensors(tmp_path / "net.safetensors")
