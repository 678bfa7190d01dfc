"""A private CA and a server's certificate of it, made by openssl for a run."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

DAYS = "2"
OF_A_CA = ("-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign")


@dataclass(frozen=True, kw_only=True)
class Authority:
    """`ca` signed the certificate of the server at 127.0.0.1; `other_ca` signed nothing."""

    ca: Path
    other_ca: Path
    certificate: Path
    key: Path

    @property
    def server_options(self) -> list[str]:
        return [f"--ssl-ca={self.ca}", f"--ssl-cert={self.certificate}", f"--ssl-key={self.key}"]


def make_authority(folder: Path, *, name: str = "IP:127.0.0.1") -> Authority:
    for ca in ("ca", "other"):
        files = ["-keyout", folder / f"{ca}.key", "-out", folder / f"{ca}.pem"]
        _openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", DAYS, "-subj", f"/CN={ca}", *files, *OF_A_CA)
    request = folder / "server.csr"
    _openssl("req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=db", "-keyout", folder / "key.pem", "-out", request)
    (folder / "names").write_text(f"subjectAltName={name}\n")
    signing = ["-CA", folder / "ca.pem", "-CAkey", folder / "ca.key", "-CAcreateserial", "-extfile", folder / "names"]
    _openssl("x509", "-req", "-in", request, "-days", DAYS, "-out", folder / "certificate.pem", *signing)
    return Authority(
        ca=folder / "ca.pem",
        other_ca=folder / "other.pem",
        certificate=folder / "certificate.pem",
        key=folder / "key.pem",
    )


def _openssl(*arguments: object) -> None:
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)
