"""What may be kept of an equipment field."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chunks.equipment import equipment_model


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("NKC-EEG-1200A_V01.00", "NKC-EEG-1200A V01.00"),
        ("EEG-1100C V01.00", "EEG-1100C V01.00"),
        ("Natus_Quantum_SN_20170314", "Natus Quantum"),
        ("BCI2000", "BCI2000"),
        ("BioSemi_ActiveTwo_4711", "BioSemi ActiveTwo"),
        ("Dr._Smith_room_12", ""),
        ("17", ""),
        ("", ""),
    ],
)
def test_make_model_and_version_are_kept_and_nothing_else(text: str, kept: str) -> None:
    assert equipment_model(text) == kept


@given(st.text(alphabet="0123456789_ -", min_size=4))
def test_a_number_alone_is_never_kept(text: str) -> None:
    assert equipment_model(text) == ""
