"""What an administrator says on the page: how the headers database is to sleep, and what it is woken from.

Owns: that nothing is put to sleep without a yes, and that a snapshot is one of those that AWS named a moment ago.
"""

from collections.abc import Iterable

from django import forms

from hibernation.jobs import Choice
from hibernation.site import Site
from hibernation.snapshots import Held
from hibernation.states import Goal

OWN, BUCKETS = "", "buckets"
ON_RDS = [
    (Goal.SNAPSHOT.value, "As a snapshot, and the instance is deleted: costs least, for weeks and months"),
    (Goal.STOP.value, "Stopped: quicker to wake, but its disk is paid for and AWS starts it again after 7 days"),
]
CLOSED = [(Goal.CLOSED.value, "Close search and stop nothing: there is no RDS instance here")]


class HibernateForm(forms.Form):
    mode = forms.ChoiceField(widget=forms.RadioSelect, label="How")
    sure = forms.BooleanField(
        label="Search is away until somebody wakes it",
        error_messages={"required": "Say that you know it: search is away until somebody wakes it."},
    )

    def __init__(self, *args: object, site: Site, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type] # Django's own
        modes = ON_RDS if site.on_rds else CLOSED
        self.fields["mode"].choices = modes  # type: ignore[attr-defined]
        self.fields["mode"].initial = modes[0][0]

    @property
    def goal(self) -> Goal:
        return Goal(self.cleaned_data["mode"])


class WakeForm(forms.Form):
    source = forms.ChoiceField(required=False, label="From")

    def __init__(self, *args: object, snapshots: Iterable[Held], on_rds: bool, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type] # Django's own
        choices = [(OWN, "As it fell asleep")]
        if on_rds:
            choices += [(each.name, each.line) for each in snapshots if each.verified]
            choices.append((BUCKETS, "The buckets alone: a new instance, filled again (slower)"))
        self.fields["source"].choices = choices  # type: ignore[attr-defined]

    @property
    def choice(self) -> Choice:
        source = self.cleaned_data["source"]
        if source == BUCKETS:
            return Choice(from_buckets=True)
        return Choice(snapshot=source)
