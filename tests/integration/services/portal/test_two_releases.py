"""A new release migrates the schema while the previous one serves from the same database."""

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
NEXT_VERSION = len(read_migrations()) + 1
DOWN = "ALTER TABLE videos DROP COLUMN court;\n"


class UserTraffic:
    """Users of one portal who repeatedly sign up, sign in, upload and vote."""

    def __init__(self, portal: PortalProcess, video_id: object, clients: int = 2) -> None:
        self._portal = portal
        self._video_id = video_id
        self._end = threading.Event()
        self.failures: list[str] = []
        self.rounds = 0
        self._threads = [threading.Thread(target=self._run) for _ in range(clients)]
        for thread in self._threads:
            thread.start()

    def _run(self) -> None:
        while not self._end.is_set():
            try:
                self._run_round()
                self.rounds += 1
            except (requests.RequestException, AssertionError) as error:
                self.failures.append(repr(error))

    def _run_round(self) -> None:
        url, email = self._portal.url, f"{uuid.uuid4().hex}@example.com"
        self._request("POST", f"{url}/api/auth/signup", 201, json=registration(email=email))
        login = {"email": email, "password": PASSWORD}
        token = self._request("POST", f"{url}/api/auth/login", 200, json=login)["access_token"]
        headers = {"Authorization": f"Bearer {token}"}
        clip = {"video_file": ("play.mp4", b"clip" * 100)}
        self._request("POST", f"{url}/api/videos/upload", 201, headers=headers, data={"title": "Triple"}, files=clip)
        self._request("POST", f"{url}/api/public/videos/{self._video_id}/vote", 200, headers=headers)
        self._request("GET", f"{url}/api/public/rankings", 200)

    @staticmethod
    def _request(method: str, url: str, status: int, **arguments: Any) -> Any:
        answer = requests.request(method, url, timeout=60, **arguments)
        assert answer.status_code == status, f"{method} {url}: {answer.status_code} {answer.text[:200]}"
        return answer.json()

    def wait_for_rounds(self, rounds: int) -> None:
        target = self.rounds + rounds
        while self.rounds < target and not self.failures:
            time.sleep(0.05)

    def stop(self) -> None:
        self._end.set()
        for thread in self._threads:
            thread.join()


def build_next_release(folder: Path) -> Path:
    """Copy this release and add one migration, as the release builder lays it out."""
    shutil.copytree(ROOT / "services", folder / "services", ignore=shutil.ignore_patterns("__pycache__"))
    migrations = folder / "services" / "migrations"
    (migrations / f"{NEXT_VERSION:03}_next.up.sql").write_text(UP)
    (migrations / f"{NEXT_VERSION:03}_next.down.sql").write_text(DOWN)
    (folder / "services" / "release.json").write_text(json.dumps({"version": "9.0.0", "commit": "next"}))
    return folder


def deep_check(portal: PortalProcess, is_expected: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """Poll the deep check until it is as expected: its result is cached for two seconds, and machines may be busy."""
    end = time.monotonic() + 60
    while True:
        report: dict[str, Any] = requests.get(f"{portal.url}/health/deep", timeout=60).json()
        if is_expected(report) or time.monotonic() > end:
            return report
        time.sleep(0.5)


def test_next_release_migrates_beside_the_running_one(
    start_portal: PortalStarter,
    portal_environment: PortalEnvironment,
    people: People,
    videos: Videos,
    tmp_path: Path,
) -> None:
    video_id = videos.published(people.new())
    current = start_portal()
    current.wait_until_healthy()
    old = UserTraffic(current, video_id)
    old.wait_for_rounds(3)
    folder = build_next_release(tmp_path / "next")
    migrated = subprocess.run(
        [sys.executable, "-m", "services.shared.migrate", "up"],
        env={**os.environ, **portal_environment.as_variables()},
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (migrated.returncode, migrated.stdout) == (0, f"applied {NEXT_VERSION:03}_next\n")
    next_portal = start_portal(folder=folder)
    next_portal.wait_until_healthy()
    new = UserTraffic(next_portal, video_id)
    for traffic in (old, new):
        traffic.wait_for_rounds(3)
    report = deep_check(next_portal, lambda report: report["status"] == "healthy")
    assert (report["release"]["version"], report["schema"]) == (
        "9.0.0",
        {"version": NEXT_VERSION, "expected": NEXT_VERSION, "ok": True},
    )
    report = deep_check(current, lambda report: report["schema"]["version"] == NEXT_VERSION)
    assert (report["release"]["version"], report["schema"]) == (
        "development",
        {"version": NEXT_VERSION, "expected": NEXT_VERSION - 1, "ok": True},
    )
    for traffic in (old, new):
        traffic.stop()
    assert old.failures == new.failures == []
