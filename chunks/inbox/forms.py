"""What is asked for with the files: whose they are, and day 0.

Owns: the fields. Files are chosen by references in the list beside it.
"""

from datetime import UTC, date, datetime

from django import forms

from people.models import PATIENT_ID_LENGTH

FIRST_YEAR = 1985  # EDF knows no earlier start


class BatchForm(forms.Form):
    patient = forms.CharField(
        max_length=PATIENT_ID_LENGTH,
        label="Patient",
        help_text="An ID that exists; a new one is made on the server (add_patient).",
        widget=forms.TextInput(attrs={"list": "patients", "autocomplete": "off", "spellcheck": "false"}),
    )
    surgery_date = forms.DateField(
        label="Date of the implantation",
        help_text=(
            "Day 0. It is remembered as a hash alone: for a patient with recordings, type it again and it is checked."
        ),
        widget=forms.DateInput(attrs={"type": "date", "autocomplete": "off"}, format="%Y-%m-%d"),
    )
    identity_checked = forms.BooleanField(
        required=False,
        label="I have checked whose recording this is",
        help_text=(
            "For one file, chosen alone, whose header speaks of somebody else; those that say the same are taken "
            "afterwards without it. This is written down."
        ),
    )
    accept_truncated = forms.BooleanField(
        required=False,
        label="Accept truncated files",
        help_text="Takes files that are shorter than their header says.",
    )

    def clean_surgery_date(self) -> date:
        day: date = self.cleaned_data["surgery_date"]
        if not day.year >= FIRST_YEAR or day > datetime.now(UTC).date():
            raise forms.ValidationError(f"The date lies before {FIRST_YEAR} or in the future: check it.")
        return day
