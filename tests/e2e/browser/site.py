"""The portal and a worker as separate processes."""

from __future__ import annotations

import json
import os
import sys
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import requests
from psycopg.conninfo import conninfo_to_dict

from emulator import aws, resources
from operations.local.deployment import LOOPBACK_PORTAL, LOOPBACK_WORKER
from services.environment import PortalEnvironment, WorkerEnvironment
from workspace.ports import LOOPBACK, free_port, is_listening
from workspace.processes import Child, ManagedProgram

MAX_UPLOAD_BYTES = 40 * 2**20


@dataclass(frozen=True)
class Site:
    """A running system."""

    url: str
    database_url: str


@contextmanager
def running(database_url: str, aws_port: int, folder: Path) -> Iterator[Site]:
    """Start the portal and a worker on a migrated database, and stop them at the end.

    Args:
        database_url: URL of a database for this system only.
        aws_port: port of the AWS emulator.
        folder: folder for the logs.
    """
    portal, worker = _environments(database_url, aws_port, free_port())
    web = _start("portal", portal.as_variables(), aws_port, folder)
    try:
        web.wait_until(lambda: is_listening(portal.portal_port), seconds=300)
        background = _start("worker", worker.as_variables(), aws_port, folder)
        try:
            yield Site(f"http://{LOOPBACK}:{portal.portal_port}", database_url)
        finally:
            background.stop()
    finally:
        web.stop()


def _start(name: str, variables: Mapping[str, str], aws_port: int, folder: Path) -> Child:
    environment = {**aws.without_aws(os.environ), **aws.client_variables(aws_port), **variables}
    return Child(
        ManagedProgram(
            name=name,
            arguments=[sys.executable, "-m", f"services.{name}"],
            log=folder / f"{name}.log",
            environment=environment,
            directory=Path(__file__).resolve().parents[3],
        )
    )


def _environments(database_url: str, aws_port: int, portal_port: int) -> tuple[PortalEnvironment, WorkerEnvironment]:
    database = conninfo_to_dict(database_url)
    manager = aws.client("secretsmanager", aws_port)
    name = uuid.uuid4().hex
    bucket = f"media-{name}"
    origin = f"http://{LOOPBACK}:{portal_port}"
    resources.create_bucket(aws.client("s3", aws_port), bucket, upload_origins=[origin])
    credentials = json.dumps({"username": database["user"], "password": database["password"]})
    shared = {
        "environment_name": "test",
        "release": "0" * 64,
        "database_host": str(database["host"]),
        "database_port": int(str(database["port"])),
        "database_name": str(database["dbname"]),
        "database_secret_arn": resources.create_secret(manager, f"{name}-database", credentials),
        "media_bucket": bucket,
        "queue_url": resources.create_queue(aws.client("sqs", aws_port), f"videos-{name}", visibility_seconds=60),
    }
    portal = PortalEnvironment(
        **shared,
        **(LOOPBACK_PORTAL | {"portal_port": portal_port, "max_upload_bytes": MAX_UPLOAD_BYTES}),
        token_secret_arn=resources.create_secret(manager, f"{name}-tokens", uuid.uuid4().hex),
    )
    worker = WorkerEnvironment(**shared, **(LOOPBACK_WORKER | {"max_job_seconds": 120, "stop_seconds": 25}))
    return portal, worker


@dataclass(frozen=True)
class Account:
    """A user account."""

    first_name: str
    last_name: str
    city: str
    email: str
    password: str = "una-clave-larga-y-rara"

    @property
    def name(self) -> str:
        return f"{self.first_name} {self.last_name}"


class Client:
    """A client of the API that signs up and signs in.

    Args:
        site: the site.
        account: the account to create.
    """

    def __init__(self, site: Site, account: Account) -> None:
        self.account = account
        self._site = site
        self._session = requests.Session()
        # Loopback only: ignore the proxy settings of the environment.
        self._session.trust_env = False
        self._post(
            "/api/auth/signup",
            json={
                "first_name": account.first_name,
                "last_name": account.last_name,
                "email": account.email,
                "password1": account.password,
                "password2": account.password,
                "city": account.city,
                "country": "Colombia",
            },
        )
        answer = self._post("/api/auth/login", json={"email": account.email, "password": account.password})
        self._session.headers["Authorization"] = f"Bearer {answer['access_token']}"

    def upload(self, path: Path, title: str, *, is_public: bool = True) -> str:
        """Upload a file with the multipart form; return the video's id."""
        with path.open("rb") as file:
            form = {"title": title, "is_public": "true" if is_public else "false"}
            answer = self._post("/api/videos/upload", data=form, files={"video_file": (path.name, file, "video/mp4")})
        return answer["task_id"]

    def begin_upload(self, path: Path, title: str) -> str:
        """Start an upload of a file of one part; return the link to which a page sends the part."""
        declared = {"title": title, "filename": path.name, "size": path.stat().st_size}
        upload = self._post("/api/videos/uploads", json=declared)
        answer = self._session.post(
            f"{self._site.url}/api/videos/uploads/{upload['video_id']}/parts", json={"numbers": [1]}, timeout=60
        )
        answer.raise_for_status()
        return str(answer.json()["parts"][0]["url"])

    def vote(self, video_id: str) -> None:
        """Vote for a video."""
        self._post(f"/api/public/videos/{video_id}/vote")

    def retract(self, video_id: str) -> None:
        """Withdraw a vote."""
        self._session.delete(f"{self._site.url}/api/public/videos/{video_id}/vote", timeout=60).raise_for_status()

    def moderate(self, path: str, **body: str) -> None:
        """Perform an action as a moderator."""
        self._post(f"/api/moderation/{path}", json=body)

    def own_videos(self) -> list[str]:
        """List the ids of this user's videos, newest first."""
        return [video["video_id"] for video in self._session.get(f"{self._site.url}/api/videos", timeout=60).json()]

    def wait_until_done(self, *, count: int, seconds: float = 600) -> None:
        """Wait until every video of this user is processed or failed.

        Args:
            count: number of videos.
            seconds: timeout.
        """
        deadline = time.monotonic() + seconds
        while True:
            answer = self._session.get(f"{self._site.url}/api/videos", timeout=60)
            done = [video for video in answer.json() if video["status"] in ("processed", "failed")]
            if len(done) == count:
                return
            if time.monotonic() > deadline:
                raise TimeoutError(f"only {len(done)} of {count} videos were done after {seconds:g} s")
            time.sleep(0.2)

    def _post(self, path: str, **body: object) -> dict[str, str]:
        answer = self._session.post(f"{self._site.url}{path}", timeout=60, **body)  # type: ignore[arg-type]
        answer.raise_for_status()
        content: dict[str, str] = answer.json()
        return content
