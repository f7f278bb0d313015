"""A Java trust store from the certificates that the environment names.

The bundled Java has a trust store of its own and does not read SSL_CERT_FILE, so downloads fail behind a company's
certificate authority unless its certificates are handed over in Java's format.
"""

from __future__ import annotations

import os
import warnings
from pathlib import Path

PASSWORD = "changeit"  # noqa: S105 - Java insists on one; the store holds public certificates only


def java_options(folder: Path) -> list[str]:
    """Write the trust store into `folder` if the environment names certificates; return Java's options for it."""
    source = os.environ.get("SSL_CERT_FILE") or os.environ.get("REQUESTS_CA_BUNDLE")
    if not source or not Path(source).is_file():
        return []
    store = folder / "truststore.p12"
    store.write_bytes(_truststore(Path(source).read_bytes()))
    return [
        f"-Djavax.net.ssl.trustStore={store}",
        f"-Djavax.net.ssl.trustStorePassword={PASSWORD}",
        "-Djavax.net.ssl.trustStoreType=PKCS12",
    ]


def _truststore(pem: bytes) -> bytes:
    from cryptography import x509  # noqa: PLC0415 - slow to import and needed once per machine
    from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, pkcs12  # noqa: PLC0415 - as above

    with warnings.catch_warnings():  # some old public authorities have odd serial numbers; not ours to mend
        warnings.simplefilter("ignore")
        loaded = x509.load_pem_x509_certificates(pem)
    certificates = [pkcs12.PKCS12Certificate(certificate, f"ca-{n}".encode()) for n, certificate in enumerate(loaded)]
    return pkcs12.serialize_java_truststore(certificates, BestAvailableEncryption(PASSWORD.encode()))
