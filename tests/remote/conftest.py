"""An environment without credentials or proxies of its own, a fresh cache, and the servers."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest

from checkpoint import crafted
from checkpoint.crafted import FLOAT, INT64
from ckptls.checkpoint.storage.backends import forget
from remote.servers import Request, Site, google_server, s3_server, web_server

SECRET = "a-very-secret-key"
VARIABLES = [("global_step", INT64, []), ("vgg_16/fc8/weights", FLOAT, [1, 1, 4096, 1000])]
LARGE_BYTES = 50_000_000


@pytest.fixture(autouse=True)
def surroundings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The cache's folder; nothing of the machine's own settings counts."""
    for name in list(os.environ):
        if name.startswith(("AWS_", "FSSPEC_", "GOOGLE_", "STORAGE_")) or "proxy" in name.lower():
            monkeypatch.delenv(name)
    nowhere = str(tmp_path / "no-such-file")
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE", "NETRC", "BOTO_CONFIG"):
        monkeypatch.setenv(name, nowhere)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("NO_GCE_CHECK", "true")
    monkeypatch.setenv("CKPTLS_CACHE_DIR", str(tmp_path / "cache"))
    forget()
    yield tmp_path / "cache" / "remote"
    forget()


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A folder with a checkpoint of every kind that remote ones are compared with."""
    root = tmp_path / "tree"
    files = {
        "run/model.ckpt-9.index": crafted.index(VARIABLES),
        "run/model.ckpt-100.index": crafted.index([*VARIABLES, ("new", FLOAT, [2])]),
        "run/model.ckpt-100.data-00000-of-00001": bytes(100_000),
        "run/checkpoint": b'model_checkpoint_path: "model.ckpt-100"\n',
        "moved/m-1.index": crafted.index(VARIABLES),
        "moved/checkpoint": b'model_checkpoint_path: "/cns/old/m-1"\n',
        "lone/m.index": crafted.index(VARIABLES, crafted.SNAPPY),
        "saved/saved_model.pb": b"graph",
        "saved/variables/variables.index": crafted.index(VARIABLES),
        "v1/vgg_16.ckpt": crafted.v1(VARIABLES),
        "v1/s.ckpt-00000-of-00002": crafted.v1(VARIABLES[:1]),
        "v1/s.ckpt-00001-of-00002": crafted.v1(VARIABLES[1:]),
        "bad/m.index": crafted.index(VARIABLES)[:40],
        "bad/c.index": _corrupt(crafted.index(VARIABLES)),
        "pair/a-1.index": crafted.index(VARIABLES),
        "pair/a-2.index": crafted.index(VARIABLES),
    }
    for name, content in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(content)
    return root


def _corrupt(data: bytes) -> bytes:
    return data[:20] + bytes([data[20] ^ 255]) + data[21:]


def files_of(root: Path) -> dict[str, bytes]:
    """The files of a folder by their paths in it."""
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in root.rglob("*")
        if path.is_file()
    }


@pytest.fixture(scope="session")
def large_v1() -> bytes:
    """A V1 file of 50 MB, of which nearly everything is tensors."""
    tensors = [(b"\x00t%02d\x00\x01\x00" % i, bytes(LARGE_BYTES // 50)) for i in range(50)]
    return crafted.v1(VARIABLES, tensors)


@pytest.fixture(scope="session")
def s3_url() -> Iterator[tuple[str, list[Request]]]:
    """Where moto's server listens, and what it was asked."""
    requests: list[Request] = []
    with s3_server(requests) as url:
        yield url, requests


class Bucket:
    """A bucket of an S3 server."""

    def __init__(self, endpoint: str, requests: list[Request]) -> None:
        self.requests = requests
        self._client = boto3.client("s3", endpoint_url=endpoint)
        self._resource = boto3.resource("s3", endpoint_url=endpoint)

    def make(self) -> None:
        self._client.create_bucket(Bucket="bucket")

    def put(self, key: str, content: bytes) -> None:
        self._client.put_object(Bucket="bucket", Key=key, Body=content)

    def publish(self, key: str) -> None:
        """Let everybody list the bucket and read one object."""
        self._client.put_bucket_acl(Bucket="bucket", ACL="public-read")
        self._client.put_object_acl(Bucket="bucket", Key=key, ACL="public-read")

    def clear(self) -> None:
        bucket = self._resource.Bucket("bucket")
        bucket.objects.all().delete()
        bucket.delete()

    def bodies(self) -> list[str]:
        """The objects of which content was sent, in order."""
        return [
            request.path.removeprefix("/bucket/")
            for request in self.requests
            if request.method == "GET" and request.path.count("/") > 1 and request.sent_bytes
        ]


@pytest.fixture
def s3(s3_url: tuple[str, list[Request]], monkeypatch: pytest.MonkeyPatch) -> Iterator[Bucket]:
    """An empty bucket, `s3://bucket`, and the credentials for it in the environment."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", s3_url[0])
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    bucket = Bucket(*s3_url)
    bucket.make()
    s3_url[1].clear()
    yield bucket
    bucket.clear()


@pytest.fixture
def s3_tree(s3: Bucket, tree: Path) -> Bucket:
    """The bucket with all that is in the tree."""
    for name, content in files_of(tree).items():
        s3.put(name, content)
    s3.requests.clear()
    return s3


@pytest.fixture
def site() -> Iterator[Site]:
    """A web server without files."""
    with web_server(Site()) as served:
        yield served


@pytest.fixture
def web_tree(site: Site, tree: Path) -> Site:
    """The web server with all that is in the tree; it lists nothing."""
    site.files.update({f"/{name}": content for name, content in files_of(tree).items()})
    return site


@pytest.fixture
def google_tree(
    tree: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[dict[str, bytes], list[Request]]]:
    """All that is in the tree as `gs://bucket`: its objects, and what the server was asked."""
    objects, requests = files_of(tree), []  # type: ignore[var-annotated]
    with google_server(objects, requests) as url:
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", url)
        yield objects, requests
