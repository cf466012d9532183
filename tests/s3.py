"""A server that speaks S3 over HTTP, in a process of its own."""

import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from urllib.error import URLError
from urllib.request import urlopen

import s3fs

BUCKET = "mirada-photos"


@contextmanager
def serving(port: int | None = None) -> Iterator[str]:
    """The endpoint of a server whose objects go with it."""
    if port is None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
    endpoint = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _wait(endpoint)
        yield endpoint
    finally:
        server.kill()
        server.wait()


def environment(endpoint: str) -> Mapping[str, str]:
    """What the administrator of a store sets."""
    return {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": "test-key",
        "AWS_SECRET_ACCESS_KEY": "test-secret-word",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def client(endpoint: str) -> s3fs.S3FileSystem:
    """Another one than the store's: it sees what is really there."""
    return s3fs.S3FileSystem(
        endpoint_url=endpoint,
        key="test-key",
        secret="test-secret-word",
        use_listings_cache=False,
        skip_instance_cache=True,
    )


def _wait(endpoint: str) -> None:
    ends_at = time.monotonic() + 60
    while True:
        try:
            with urlopen(endpoint, timeout=5):
                return
        except (URLError, ConnectionError):
            if time.monotonic() > ends_at:
                raise
            time.sleep(0.1)
