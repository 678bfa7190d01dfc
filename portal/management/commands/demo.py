"""`manage.py demo`: made-up patients, taken in and searched by the same commands as real ones; then the portal."""

import shlex
from typing import Any, ClassVar

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import CommandError, CommandParser

from behavior.models import TaskAlias
from behavior.names import fold
from behavior.place import sessions_here
from chunks.command import PortalCommand
from chunks.models import Recording, RecordingState
from people.roles import Role
from people.scope import server_scope
from portal.demo_accounts import GRANTED, LOGIN_FILE, Login, make_people
from portal.demo_patients import DEMO, PATIENTS, DemoPatient, make_sources
from portal.demo_sessions import ALIAS, ALIAS_OF, ALIGNED, SESSIONS, make_files
from portal.errors import NotServed


class Command(PortalCommand):
    help = "Make two demo patients with synthetic recordings, sessions and two demo accounts, then serve the portal."
    for_people: ClassVar[tuple[type[Exception], ...]] = (NotServed,)

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--no-serve", action="store_true", help="make everything, but do not serve it")

    def handle(self, *_args: Any, no_serve: bool, **_options: Any) -> None:  # noqa: ANN401 (the signature is Django's)
        if settings.ENVIRONMENT.https:
            raise CommandError(
                f"ECOG_URL is {settings.PORTAL_URL}: the demo, whose passwords are shown, is for this machine alone."
            )
        for patient in PATIENTS:
            self._take_in(patient)
        self._take_in_sessions()
        self._show()
        logins = make_people(data_dir=settings.DATA_DIR, by=server_scope(means="command"))
        if no_serve:
            self.stdout.write("\n".join(_notes(logins)))
            return
        self.stdout.write("")
        call_command("serve", notes=_notes(logins), stdout=self.stdout)

    def _take_in(self, patient: DemoPatient) -> None:
        present = Recording.objects.filter(patient=patient.name, state=RecordingState.OK).count()
        if present >= len(patient.recordings):
            return
        made = len(patient.recordings)
        self.stdout.write(f"Making patient {patient.name}: {made} recordings of 16 channels at 500 Hz …")
        folder = settings.DATA_DIR / patient.name
        make_sources(patient, folder=folder)
        self._run(f"add_patient {patient.name}")
        self._run(f"ingest_edf {shlex.quote(str(folder))} --subject {patient.name} --surgery-date {patient.surgery}")

    def _take_in_sessions(self) -> None:
        sessions = sessions_here()
        held = sum(1 for patient in PATIENTS for _ in sessions.of_subject(patient.name))
        if held >= len(SESSIONS):
            return
        folder = settings.DATA_DIR / "demo-sessions"
        make_files(folder)
        TaskAlias.objects.get_or_create(folded=fold(ALIAS), defaults={"alias": ALIAS, "task": ALIAS_OF})
        self._run(f"ingest_behavior {shlex.quote(str(folder))}")
        try:
            self._run(f"align_session {ALIGNED.task}_{ALIGNED.patient.name}.json")
        except CommandError as error:  # recordings of an earlier demo have other codes
            self.stdout.write(str(error))
        self._run("tasks")

    def _show(self) -> None:
        self._run(f"search --patient {DEMO.name} --channel LTG1..LTG4 --start 'day 1 14:30' --stop 'day 1 16:00'")
        taken = shlex.quote(str(settings.DATA_DIR / "demo-download"))
        words = f"--patient {DEMO.name} --channel LTG1,DC01 --start 'day 1 14:30' --stop 'day 1 14:45'"
        self._run(f"download --to {taken} {words}")

    def _run(self, words: str) -> None:
        self.stdout.write(self.style.MIGRATE_HEADING(f"\n$ python manage.py {words}"))
        name, *arguments = shlex.split(words)
        call_command(name, *arguments)


def _notes(logins: list[Login]) -> list[str]:
    sees = {
        Role.RESEARCHER: f"finds and fetches patient {GRANTED} alone",
        Role.ADMINISTRATOR: "sees all, and the administration",
    }
    lines = [
        f"  {login.name:<16} password {login.password or '(changed since)':<18} {sees[login.role]}" for login in logins
    ]
    return ["Log in as", *lines, f"  Kept in {settings.DATA_DIR / LOGIN_FILE}."]
