"""TLS to the database: verified against RDS's certificates, which are those of AWS and valid for decades."""

from __future__ import annotations

import dataclasses
import hashlib
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from botocore.session import Session

from emulator import aws
from emulator.async_thread import EventLoopThread
from emulator.tls_proxies import CertificateAuthority, postgres_tls_proxy
from services.environment import PortalEnvironment
from services.shared.aws import aws_client
from services.shared.database import RDS_CA_BUNDLE, DatabaseConnector, rds_ca_file
from services.shared.secrets import SecretStore
from workspace.ports import LOOPBACK

_SHA256 = "90a6f1a7978a1b1b096dca6c57511ca48d3b8cf052f8e704baf358f34ea2f21b"
"""SHA-256 of AWS's file. Update it with the file, after a comparison with a download over HTTPS from AWS."""

_KEYS = ("RSA2048", "RSA4096", "ECC384")
"""The certificate authorities rds-ca-rsa2048-g1, rds-ca-rsa4096-g1 and rds-ca-ecc384-g1 of each region.
https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.SSL.html"""


@contextmanager
def database_with_tls(
    environment: PortalEnvironment, authority: CertificateAuthority, name: str
) -> Iterator[PortalEnvironment]:
    """Serve the database over TLS with a certificate for this name; yield an environment that verifies it."""
    listener = socket.create_server((LOOPBACK, 0))
    with (
        EventLoopThread() as loop,
        postgres_tls_proxy(loop, listener, authority.server_context([name]), environment.database_port),
    ):
        yield dataclasses.replace(environment, database_port=listener.getsockname()[1], database_ssl_mode="verify-full")


def written(authority: CertificateAuthority, folder: Path) -> str:
    file = folder / "authority.pem"
    file.write_text(authority.certificate)
    return str(file)


def connect(environment: PortalEnvironment) -> str:
    """Connect as the services do; return the row that the server sent."""
    connector = DatabaseConnector(environment, SecretStore(aws_client("secretsmanager", aws.REGION)))
    with connector() as connection:
        row = connection.execute("SELECT current_database()").fetchone()
    assert row is not None
    return str(row[0])


def test_connects_to_server_signed_by_the_given_authority(
    portal_environment: PortalEnvironment, tmp_path: Path
) -> None:
    authority = CertificateAuthority()
    with database_with_tls(portal_environment, authority, LOOPBACK) as environment:
        verified = dataclasses.replace(environment, database_ca_file=written(authority, tmp_path))
        assert connect(verified) == portal_environment.database_name


def test_certificate_of_another_authority_is_refused(portal_environment: PortalEnvironment, tmp_path: Path) -> None:
    with database_with_tls(portal_environment, CertificateAuthority(), LOOPBACK) as environment:
        other = dataclasses.replace(environment, database_ca_file=written(CertificateAuthority(), tmp_path))
        with pytest.raises(psycopg.OperationalError, match="certificate verify failed"):
            connect(other)


def test_only_rds_is_trusted_by_default(portal_environment: PortalEnvironment) -> None:
    with (
        database_with_tls(portal_environment, CertificateAuthority(), LOOPBACK) as environment,
        pytest.raises(psycopg.OperationalError, match="certificate verify failed"),
    ):
        connect(environment)


def test_certificate_of_another_host_is_refused(portal_environment: PortalEnvironment, tmp_path: Path) -> None:
    authority = CertificateAuthority()
    other_host = "other.c9akciq32.us-east-1.rds.amazonaws.com"
    with database_with_tls(portal_environment, authority, other_host) as environment:
        verified = dataclasses.replace(environment, database_ca_file=written(authority, tmp_path))
        with pytest.raises(psycopg.OperationalError, match=f'{other_host}" does not match host name'):
            connect(verified)


def test_server_without_tls_is_refused(portal_environment: PortalEnvironment) -> None:
    verified = dataclasses.replace(portal_environment, database_ssl_mode="verify-full")
    with pytest.raises(psycopg.OperationalError, match="server does not support SSL"):
        connect(verified)


def certificates() -> dict[str, datetime]:
    """The bundle's root certificates: common name and expiry."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(RDS_CA_BUNDLE)
    found = {}
    for certificate in context.get_ca_certs():
        subject = {key: value for ((key, value),) in certificate["subject"]}
        assert certificate["subject"] == certificate["issuer"], subject
        expiry = ssl.cert_time_to_seconds(certificate["notAfter"])
        found[subject["commonName"]] = datetime.fromtimestamp(expiry, UTC)
    return found


def test_bundle_is_the_pinned_file_of_aws() -> None:
    assert hashlib.sha256(RDS_CA_BUNDLE.read_bytes()).hexdigest() == _SHA256


def test_bundle_has_each_region_and_authority() -> None:
    regions = Session().get_available_regions("rds")
    assert len(regions) >= 34
    expected = {f"Amazon RDS {region} Root CA {key} G1" for region in regions for key in _KEYS}
    assert expected - set(certificates()) == set()


def test_services_trust_the_authorities_of_their_region_only() -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(rds_ca_file("eu-south-2"))
    names = {value for each in context.get_ca_certs() for ((key, value),) in each["subject"] if key == "commonName"}
    assert names == {f"Amazon RDS eu-south-2 Root CA {key} G1" for key in _KEYS}
    with pytest.raises(ValueError, match="AWS_REGION is 'mars-north-1'; must be a region with certificates"):
        rds_ca_file("mars-north-1")


def test_certificates_expire_in_decades() -> None:
    assert min(certificates().values()) > datetime.now(UTC) + timedelta(days=30 * 365)
