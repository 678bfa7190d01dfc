"""Samples in bytes, both ways: 16 bit of EDF and 24 bit of BDF, little-endian, as numpy arrays."""

import numpy as np
import numpy.typing as npt

Samples = npt.NDArray[np.int16] | npt.NDArray[np.int32]


def expand_24bit(raw: npt.NDArray[np.uint8]) -> npt.NDArray[np.int32]:
    """Give 24-bit samples, `raw` of shape (..., 3 * k), as sign-extended `<i4` of shape (..., k)."""
    if raw.dtype != np.uint8 or raw.shape[-1] % 3:
        raise ValueError("24-bit samples are uint8 whose last dimension is a multiple of three")
    shape = (*raw.shape[:-1], raw.shape[-1] // 3)
    samples = np.empty(shape, dtype="<i4")
    triples, quads = raw.reshape(*shape, 3), samples.view(np.uint8).reshape(*shape, 4)
    for byte in range(3):  # one byte at a time is four times as fast as all three
        quads[..., byte + 1] = triples[..., byte]
    samples >>= 8  # arithmetic: the sign comes along, and the lowest byte, which was never set, goes
    return samples


def pack_24bit(samples: npt.NDArray[np.int32]) -> bytes:
    """Give samples within 24 bits as bytes; the inverse of `expand_24bit`."""
    wide = np.ascontiguousarray(samples, dtype="<i4").reshape(-1)
    return wide.view(np.uint8).reshape(-1, 4)[:, :3].tobytes()
