"""`manage.py package_lambdas`: the zips of the two functions that AWS runs."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings

from chunks.command import PortalCommand
from lambdas.errors import PackagingError
from lambdas.package import read_ca, write_all


class Command(PortalCommand):
    help = (
        "Make the zips of the two AWS Lambda functions, the same bytes on every machine. Each is named after its "
        "content: upload both and give their names to lambdas/template.yaml."
    )
    for_people = (PackagingError, OSError)

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--out", metavar="DIR", type=Path, help="a folder (else lambdas in the data folder)")

    def handle(self, *_args: Any, **options: Any) -> None:  # noqa: ANN401 (the signature is Django's)
        folder = options["out"] or settings.DATA_DIR / "lambdas"
        for made in write_all(folder, ca=read_ca(settings.RDS_CA_FILE)):
            self.stdout.write(f"{made.path}  {made.size_bytes} bytes  sha256 {made.sha256}")
