"""A release brings the schema to its version while the one before it serves on the same database."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import requests

from services.environment import PortalEnvironment
from services.shared.migrate import read_migrations

from .people import PASSWORD, People, registration
from .process import ROOT, PortalProcess, PortalStarter
from .videos import Videos

UP = "ALTER TABLE videos ADD COLUMN court TEXT NOT NULL DEFAULT 'unknown';\n"
NEXT = len(read_migrations()) + 1
DOWN = "ALTER TABLE videos DROP COLUMN court;\n"


class Crowd:
    """People who sign up, sign in, send a clip and vote, one after the other, at one portal."""

    def __init__(self, portal: PortalProcess, video_id: object, clients: int = 2) -> None:
        self._portal = portal
        self._video_id = video_id
        self._end = threading.Event()
        self.failures: list[str] = []
        self.rounds = 0
        self._threads = [threading.Thread(target=self._come) for _ in range(clients)]
        for thread in self._threads:
            thread.start()

    def _come(self) -> None:
        while not self._end.is_set():
            try:
                self._visit()
                self.rounds += 1
            except (requests.RequestException, AssertionError) as error:
                self.failures.append(repr(error))

    def _visit(self) -> None:
        url, email = self._portal.url, f"{uuid.uuid4().hex}@example.com"
        self._ask("POST", f"{url}/api/auth/signup", 201, json=registration(email=email))
        login = {"email": email, "password": PASSWORD}
        token = self._ask("POST", f"{url}/api/auth/login", 200, json=login)["access_token"]
        headers = {"Authorization": f"Bearer {token}"}
        clip = {"video_file": ("play.mp4", b"clip" * 100)}
        self._ask("POST", f"{url}/api/videos/upload", 201, headers=headers, data={"title": "Triple"}, files=clip)
        self._ask("POST", f"{url}/api/public/videos/{self._video_id}/vote", 200, headers=headers)
        self._ask("GET", f"{url}/api/public/rankings", 200)

    @staticmethod
    def _ask(method: str, url: str, status: int, **arguments: Any) -> Any:
        answer = requests.request(method, url, timeout=60, **arguments)
        assert answer.status_code == status, f"{method} {url}: {answer.status_code} {answer.text[:200]}"
        return answer.json()

    def wait_for(self, rounds: int) -> None:
        wanted = self.rounds + rounds
        while self.rounds < wanted and not self.failures:
            time.sleep(0.05)

    def leave(self) -> None:
        self._end.set()
        for thread in self._threads:
            thread.join()


def next_release(folder: Path) -> Path:
    """This release with one more migration, as its builder would lay it down."""
    shutil.copytree(ROOT / "services", folder / "services", ignore=shutil.ignore_patterns("__pycache__"))
    migrations = folder / "services" / "migrations"
    (migrations / f"{NEXT:03}_next.up.sql").write_text(UP)
    (migrations / f"{NEXT:03}_next.down.sql").write_text(DOWN)
    (folder / "services" / "release.json").write_text(json.dumps({"version": "9.0.0", "commit": "next"}))
    return folder


def deep(portal: PortalProcess, good: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """The deep check, once it says what is expected; it is kept for two seconds, and a busy machine is slow."""
    end = time.monotonic() + 60
    while True:
        told: dict[str, Any] = requests.get(f"{portal.url}/health/deep", timeout=60).json()
        if good(told) or time.monotonic() > end:
            return told
        time.sleep(0.5)


def test_the_next_release_migrates_and_starts_beside_this_one(
    start_portal: PortalStarter,
    portal_environment: PortalEnvironment,
    people: People,
    videos: Videos,
    tmp_path: Path,
) -> None:
    video_id = videos.published(people.new())
    this = start_portal()
    this.wait_until_healthy()
    old = Crowd(this, video_id)
    old.wait_for(3)
    folder = next_release(tmp_path / "next")
    migrated = subprocess.run(
        [sys.executable, "-m", "services.shared.migrate", "up"],
        env={**os.environ, **portal_environment.as_variables()},
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (migrated.returncode, migrated.stdout) == (0, f"applied {NEXT:03}_next\n")
    beside = start_portal(folder=folder)
    beside.wait_until_healthy()
    new = Crowd(beside, video_id)
    for crowd in (old, new):
        crowd.wait_for(3)
    told = deep(beside, lambda told: told["status"] == "healthy")
    assert (told["release"]["version"], told["schema"]) == ("9.0.0", {"version": NEXT, "expected": NEXT, "ok": True})
    told = deep(this, lambda told: told["schema"]["version"] == NEXT)
    assert (told["release"]["version"], told["schema"]) == (
        "development",
        {"version": NEXT, "expected": NEXT - 1, "ok": True},
    )
    for crowd in (old, new):
        crowd.leave()
    assert old.failures == new.failures == []
