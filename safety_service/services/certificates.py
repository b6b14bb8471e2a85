"""An authority of the county's own, and the broker's certificate by it: made once, renewed in time."""

import ipaddress
import os
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from safety_service.domain.errors import Refused

AUTHORITY_DAYS = 3650
SERVER_DAYS = 397
"""What clients accept at most (CA/Browser Forum, Baseline Requirements 6.3.2)."""
RENEWED_BEFORE = timedelta(days=60)
_BACKDATED = timedelta(hours=1)
"""Devices with a slow clock must not find the certificate not yet valid."""


def ensure(directory: Path, hosts: Sequence[str], now: datetime) -> list[Path]:
    """ca.crt, ca.key, server.crt and server.key; what is there, valid and for these hosts, stays.

    The authority is made once, because every device is told of it. Raises Refused for a file that cannot be
    read, or an authority that has expired.
    """
    directory.mkdir(parents=True, exist_ok=True)
    names = ("ca.crt", "ca.key", "server.crt", "server.key")
    authority_file, authority_key_file, server_file, server_key_file = (directory / name for name in names)
    if authority_file.exists():
        authority, key = _certificate(authority_file), _key(authority_key_file)
        if authority.not_valid_after_utc <= now:
            raise Refused(
                "has expired; move it away and give the devices a new one", place=str(authority_file)
            )
    else:
        key = ec.generate_private_key(ec.SECP256R1())
        authority = _authority(key, now)
        _write_key(authority_key_file, key)
        authority_file.write_bytes(authority.public_bytes(serialization.Encoding.PEM))
    if not (server_file.exists() and _serves(_certificate(server_file), hosts, now)):
        own = ec.generate_private_key(ec.SECP256R1())
        _write_key(server_key_file, own)
        server = _server(own, hosts, authority, key, now)
        server_file.write_bytes(server.public_bytes(serialization.Encoding.PEM))
    return [authority_file, authority_key_file, server_file, server_key_file]


def _authority(key: ec.EllipticCurvePrivateKey, now: datetime) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Campus safety broker authority")])
    usage = x509.KeyUsage(
        digital_signature=False,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=True,
        crl_sign=True,
        encipher_only=False,
        decipher_only=False,
    )
    return (
        _begun(name, name, key, now, AUTHORITY_DAYS)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )


def _server(
    own: ec.EllipticCurvePrivateKey,
    hosts: Sequence[str],
    authority: x509.Certificate,
    key: ec.EllipticCurvePrivateKey,
    now: datetime,
) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, hosts[0][:64])])
    issued_by = x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key())
    return (
        _begun(name, authority.subject, own, now, SERVER_DAYS)
        .add_extension(x509.SubjectAlternativeName([_general_name(host) for host in hosts]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(issued_by, critical=False)
        .sign(key, hashes.SHA256())
    )


def _begun(
    name: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, now: datetime, days: int
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _BACKDATED)
        .not_valid_after(now + timedelta(days=days))
    )


def _general_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _serves(certificate: x509.Certificate, hosts: Sequence[str], now: datetime) -> bool:
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return {_general_name(host) for host in hosts} == set(names) and (
        certificate.not_valid_after_utc > now + RENEWED_BEFORE
    )


def _certificate(path: Path) -> x509.Certificate:
    try:
        return x509.load_pem_x509_certificate(path.read_bytes())
    except ValueError as error:
        raise Refused(f"is no certificate: {error}", place=str(path)) from error


def _key(path: Path) -> ec.EllipticCurvePrivateKey:
    try:
        key = serialization.load_pem_private_key(path.read_bytes(), None)
    except (ValueError, TypeError) as error:
        raise Refused(f"is no private key: {error}", place=str(path)) from error
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise Refused("is no key that this program made", place=str(path))
    return key


def _write_key(path: Path, key: ec.EllipticCurvePrivateKey) -> None:
    content = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(content)
