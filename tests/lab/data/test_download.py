"""Downloads: the pinned digest, Keras's cache, and servers that misbehave.

Nothing is asked of a host other than this machine.
"""

import hashlib
import ipaddress
import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from lab.data import download as download_module
from lab.data.download import Download, DownloadError, fetch
from tests.web import serve

pytestmark = pytest.mark.usefixtures("keras_home")

DIGEST = "0" * 64
CONTENT = b"what was asked for"
CACHE = "datasets/file.npz"


@pytest.fixture
def download(server) -> Download:
    """A file on the server, which belongs into Keras's cache."""
    server.bodies["/file.npz"] = CONTENT
    digest = hashlib.sha256(CONTENT).hexdigest()
    return Download(f"{server.url}/file.npz", digest, CACHE)


@pytest.fixture
def cached(keras_home) -> Path:
    """Where the file belongs; the folder is there, the file is not."""
    path = keras_home / CACHE
    path.parent.mkdir(parents=True)
    return path


# --- the cache ------------------------------------------------------------------------


def test_a_file_is_downloaded_once_and_kept_alone(server, download, keras_home):
    assert fetch(download) == fetch(download) == CONTENT
    assert server.requests == ["/file.npz"]
    assert (keras_home / CACHE).read_bytes() == CONTENT
    assert os.listdir(keras_home / "datasets") == ["file.npz"]


def test_a_cached_file_needs_no_network(server, download, cached):
    cached.write_bytes(CONTENT)
    assert fetch(download) == CONTENT
    assert server.requests == []


def test_a_damaged_cache_is_replaced(download, cached):
    cached.write_bytes(CONTENT[:-1])
    assert fetch(download) == CONTENT
    assert cached.read_bytes() == CONTENT


def test_a_cache_that_cannot_be_written_is_no_failure(download, keras_home):
    keras_home.write_text("a file where the folder should be")
    assert fetch(download) == CONTENT


def test_a_cache_half_written_leaves_no_file(download, cached, monkeypatch):
    def fail(*_):
        raise OSError("No space left on device")

    monkeypatch.setattr(os, "replace", fail)
    assert fetch(download) == CONTENT
    assert os.listdir(cached.parent) == []


# --- servers --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "limits", "words"),
    [
        ("/silent", {"silence_seconds": 0.2}, "127.0.0.1: no answer for 0.2 seconds"),
        ("/silent", {"total_seconds": 0.2}, "127.0.0.1: not done in 0.2 seconds"),
        ("/slow", {"total_seconds": 0.3}, "127.0.0.1: not done in 0.3 seconds"),
        ("/slow", {"silence_seconds": 0.01}, "0.01 seconds"),
        ("/drip", {"silence_seconds": 0.2}, "127.0.0.1: no answer for 0.2 seconds"),
        ("/large", {"max_bytes": 1000}, "127.0.0.1: more than 1000 bytes"),
    ],
)
def test_a_misbehaving_server_cannot_hold_us(server, path, limits, words):
    server.bodies |= {"/slow": bytes(1000), "/large": bytes(300_000)}
    download = Download(f"{server.url}{path}", DIGEST, **limits)
    with pytest.raises(DownloadError, match=words):
        fetch(download)


def test_it_does_not_matter_which_of_two_clocks_sees_the_silence_first(server):
    download = Download(f"{server.url}/silent", DIGEST, silence_seconds=0.1)
    arrivals = []
    download_module._receive(download, arrivals.append, lambda: False)
    assert arrivals == ["no answer for 0.1 seconds"]


def test_a_refused_body_is_not_read_on_in_the_background(server):
    download = Download(f"{server.url}/endless", DIGEST, max_bytes=10**6)
    with pytest.raises(DownloadError) as caught:
        fetch(download)
    # `caught` keeps the traceback alive, as a caller that handles the error would.
    assert caught.value and server.hung_up.wait(30)


def test_a_redirect_is_followed(server, download):
    server.redirects["/moved.npz"] = download.url
    moved = replace(download, url=f"{server.url}/moved.npz")
    assert fetch(moved) == CONTENT
    assert server.requests == ["/moved.npz", "/file.npz"]


@pytest.mark.parametrize(
    "target",
    ["http://example.org/file.npz", "ftp://127.0.0.1/file.npz", "file:///etc/passwd"],
)
def test_a_redirect_to_what_is_not_https_is_refused(server, target):
    server.redirects["/file.npz"] = target
    with pytest.raises(DownloadError, match="127.0.0.1: .*edirect"):
        fetch(Download(f"{server.url}/file.npz", DIGEST))


@pytest.fixture
def certificate(tmp_path, monkeypatch) -> Path:
    """A self-signed certificate and its key, which this process then trusts."""
    path = tmp_path / "certificate.pem"
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    local = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([local]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + signed.public_bytes(serialization.Encoding.PEM)
    )
    monkeypatch.setenv("SSL_CERT_FILE", str(path))
    return path


def test_https_is_never_left_for_http(certificate):
    digest = hashlib.sha256(CONTENT).hexdigest()
    with serve(certificate) as secure:
        secure.bodies["/file.npz"] = CONTENT
        assert fetch(Download(f"{secure.url}/file.npz", digest)) == CONTENT
        for target in ("http://example.org/file.npz", "http://127.0.0.1/file.npz"):
            secure.redirects["/moved.npz"] = target
            with pytest.raises(DownloadError, match=f"redirected to {target}, which"):
                fetch(Download(f"{secure.url}/moved.npz", digest))


def test_a_server_that_nobody_vouches_for_is_refused(certificate, monkeypatch):
    monkeypatch.delenv("SSL_CERT_FILE")
    with serve(certificate) as secure:
        secure.bodies["/file.npz"] = CONTENT
        with pytest.raises(DownloadError, match="CERTIFICATE_VERIFY_FAILED"):
            fetch(Download(f"{secure.url}/file.npz", DIGEST))
