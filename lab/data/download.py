"""Downloads files that are pinned by SHA-256, within bounds of time and size.

`fetch` returns the bytes that have the digest, from Keras's cache or from the web, or
raises a `DownloadError`. What the bytes mean is for the caller to know.
"""

import hashlib
import os
import queue
import threading
import time
from collections.abc import Callable, Generator
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from didithelp import files
from didithelp.errors import DataError, reason

if TYPE_CHECKING:
    from urllib.request import OpenerDirector

LOOPBACK_HOSTS = ("localhost", "127.0.0.1", "::1")


class DownloadError(DataError):
    """A download failed; the message is "host: reason", for the caller to complete."""


@dataclass(frozen=True)
class Download:
    """One file on the web, with the digest that makes it trustworthy.

    url: with https, or http on this machine.
    sha256: 64 hexadecimal digits.
    cache: path below Keras's home folder; None if the file is not kept.
    silence_seconds: the longest wait for the connection and for every next byte.
    total_seconds: the longest that all of it may take.
    max_bytes: the most that a misbehaving server can send.
    """

    url: str
    sha256: str
    cache: str | None = None
    silence_seconds: float = 10.0
    total_seconds: float = 120.0
    max_bytes: int = 64 * 2**20


def is_secure(url: str) -> bool:
    """Whether nobody can change the answer on the way: https, or from this machine."""
    parts = urlsplit(url)
    local = parts.scheme == "http" and parts.hostname in LOOPBACK_HOSTS
    return parts.scheme == "https" or local


def keras_home() -> Path:
    """Keras's own folder, found without importing Keras, which loads TensorFlow."""
    return Path(os.path.expanduser(os.environ.get("KERAS_HOME") or "~/.keras"))


def fetch(download: Download) -> bytes:
    """Get a file from Keras's cache or from the web, where the cache then has it.

    The content stays in memory: so the bytes that were verified are those that are
    parsed, and an interrupted download leaves nothing behind.

    Raises:
        DownloadError: it could not be downloaded, or has another digest.
    """
    cached = keras_home() / download.cache if download.cache else None
    if cached and os.path.isfile(cached):
        try:
            content = cached.read_bytes()
        except OSError:
            content = b""
        if hashlib.sha256(content).hexdigest() == download.sha256:
            return content
    content = _download(download)
    if cached:
        _store(cached, content)
    return content


def _store(path: Path, content: bytes) -> None:
    """Write the whole file or none; a cache that cannot be written is no failure."""
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        files.write_whole(path, content)


def _download(download: Download) -> bytes:
    """The body at `download.url`, or a `DownloadError` that names host and reason."""
    host = urlsplit(download.url).hostname or "no host"
    body = bytearray()
    with closing(_arriving_parts(download, host)) as parts:
        for part in parts:
            body += part
            if len(body) > download.max_bytes:
                raise DownloadError(f"{host}: more than {download.max_bytes} bytes")
    digest = hashlib.sha256(body).hexdigest()
    if digest != download.sha256:
        raise DownloadError(
            f"{host}: {len(body)} bytes with SHA-256 {digest[:12]}... "
            f"instead of {download.sha256[:12]}..."
        )
    return bytes(body)


def _arriving_parts(download: Download, host: str) -> Generator[bytes, None, None]:
    """Yield the body as it arrives, and give up when it stalls or takes too long.

    A thread does the reading: no socket time-out bounds a name lookup, nor a server
    that sends its headers one byte at a time.
    """
    arrivals: queue.SimpleQueue[bytes | str | None] = queue.SimpleQueue()
    abandoned = threading.Event()
    threading.Thread(
        target=_receive, args=(download, arrivals.put, abandoned.is_set), daemon=True
    ).start()
    deadline = time.monotonic() + download.total_seconds
    try:
        while (remaining := deadline - time.monotonic()) > 0:
            try:
                part = arrivals.get(timeout=min(remaining, download.silence_seconds))
            except queue.Empty:
                if remaining > download.silence_seconds:
                    raise DownloadError(f"{host}: {_silence(download)}") from None
                continue
            if part is None:
                return
            if isinstance(part, str):
                raise DownloadError(f"{host}: {part}")
            yield part
        raise DownloadError(f"{host}: not done in {download.total_seconds:g} seconds")
    finally:
        abandoned.set()


def _receive(
    download: Download,
    put: Callable[[bytes | str | None], None],
    is_abandoned: Callable[[], bool],
) -> None:
    """Call `put` with each part of the body, then with None, or a reason as text."""
    from urllib.error import HTTPError, URLError

    try:
        with _opener().open(download.url, timeout=download.silence_seconds) as response:
            while not is_abandoned() and (part := response.read1(2**16)):
                put(part)
        put(None)
    except HTTPError as error:
        put(f"HTTP {error.code} {reason(Exception(error.reason))}")
        error.close()
    except Exception as error:  # nobody would see what this thread raised
        cause = error.reason if isinstance(error, URLError) else error
        if isinstance(cause, TimeoutError):  # the socket's limit came first
            put(_silence(download))
        else:
            put(reason(cause if isinstance(cause, Exception) else Exception(cause)))


def _silence(download: Download) -> str:
    return f"no answer for {download.silence_seconds:g} seconds"


def _opener() -> "OpenerDirector":
    """Make urllib's usual opener, but follow redirects to secure addresses only."""
    from urllib.error import URLError
    from urllib.request import HTTPRedirectHandler, Request, build_opener

    class SecureRedirects(HTTPRedirectHandler):
        def redirect_request(
            self, req: Request, fp: Any, code: int, msg: str, headers: Any, newurl: str
        ) -> Request | None:
            leaves_https = req.type == "https" and not newurl.startswith("https:")
            if leaves_https or not is_secure(newurl):
                raise URLError(f"redirected to {newurl}, which is not https")
            return super().redirect_request(req, fp, code, msg, headers, newurl)

    return build_opener(SecureRedirects)
