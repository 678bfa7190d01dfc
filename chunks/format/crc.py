"""CRC-32 of two byte strings joined, from the CRCs of the two: a chunk's file CRC is known without reading it again.

Appending `n` bytes multiplies a CRC by x to the power of 8n, modulo the CRC's polynomial over GF(2); the power is found
by squaring, so the cost grows with the logarithm of the length (about 0.1 ms).
Source: M. Adler, "crc32_combine" of zlib 1.2.12 and later; the polynomial is that of ISO 3309, bits reflected.
"""

_POLYNOMIAL = 0xEDB88320
_ONE = 0x80000000  # x to the power of 0: the highest bit stands for the lowest power


def _multiply(left: int, right: int) -> int:
    """The product of two polynomials modulo the CRC's."""
    product = 0
    mask = _ONE
    while mask:
        if left & mask:
            product ^= right
        right = (right >> 1) ^ (_POLYNOMIAL if right & 1 else 0)
        mask >>= 1
    return product


def combine_crc32(first: int, second: int, *, second_bytes: int) -> int:
    """The CRC-32 of a string of CRC `first` followed by one of CRC `second` that is `second_bytes` long."""
    power, square, bits = _ONE, _ONE >> 8, second_bytes  # square: x to the power of 8, that is one byte
    while bits:
        if bits & 1:
            power = _multiply(square, power)
        square = _multiply(square, square)
        bits >>= 1
    return _multiply(power, first) ^ second


def hex8(crc: int) -> str:
    """A CRC as it is written everywhere: eight lower-case hex digits."""
    return f"{crc:08x}"
