import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as nps

from chunks.edf.samples import expand_24bit, pack_24bit


@pytest.mark.parametrize(
    ("raw", "value"), [("000000", 0), ("ffffff", -1), ("ffff7f", 8388607), ("000080", -8388608), ("010203", 0x030201)]
)
def test_24_bits_are_little_endian_and_signed(raw: str, value: int) -> None:
    samples = expand_24bit(np.frombuffer(bytes.fromhex(raw), np.uint8))
    assert samples.tolist() == [value]
    assert samples.dtype == np.dtype("<i4")


@given(nps.arrays(np.int32, st.tuples(st.integers(0, 4), st.integers(0, 9)), elements=st.integers(-(2**23), 2**23 - 1)))
def test_24_bit_samples_come_back_in_any_shape(samples: np.ndarray) -> None:
    raw = np.frombuffer(pack_24bit(samples), np.uint8).reshape(samples.shape[0], samples.shape[1] * 3)
    assert np.array_equal(expand_24bit(raw), samples)


def test_a_part_of_wider_rows_is_expanded() -> None:
    wide = np.arange(60, dtype=np.uint8).reshape(2, 30)
    assert np.array_equal(expand_24bit(wide[:, 6:12]), expand_24bit(wide[:, 6:12].copy()))


@pytest.mark.parametrize("raw", [np.zeros(4, np.uint8), np.zeros(3, np.int8)])
def test_other_bytes_are_refused(raw: np.ndarray) -> None:
    with pytest.raises(ValueError, match="24-bit"):
        expand_24bit(raw)
