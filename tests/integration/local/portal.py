"""A player who uses the local portal's API."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import requests

from operations.local.clips import make_clip

PASSWORD = "a long enough password"


def wait(condition: Callable[[], Any], seconds: float = 300) -> None:
    """Wait until a condition holds; fail after the timeout."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def sign_in(url: str) -> dict[str, str]:
    """Sign a player up if needed, and return the authorization header."""
    account = {"first_name": "Ana", "last_name": "Ruiz", "email": "ana@anb.example", "city": "Cali"}
    form = {**account, "password1": PASSWORD, "password2": PASSWORD, "country": "Colombia"}
    assert requests.post(f"{url}/api/auth/signup", json=form, timeout=30).status_code in (201, 400)
    login = {"email": "ana@anb.example", "password": PASSWORD}
    token = requests.post(f"{url}/api/auth/login", json=login, timeout=30).json()["access_token"]
    return {"Authorization": f"Bearer {token}"}


def upload(url: str, folder: Path, *, title: str = "A clip to keep") -> None:
    """Upload a one-second clip and wait until it is processed."""
    make_clip(folder / "clip.mp4", seconds=1)
    with (folder / "clip.mp4").open("rb") as clip:
        response = requests.post(
            f"{url}/api/videos/upload",
            headers=sign_in(url),
            data={"title": title, "is_public": "true"},
            files={"video_file": ("clip.mp4", clip, "video/mp4")},
            timeout=60,
        )
    assert response.status_code == 201, response.text
    wait(lambda: title in titles(public(url)))


def public(url: str) -> list[dict[str, Any]]:
    """Return the public videos."""
    videos: list[dict[str, Any]] = requests.get(f"{url}/api/public/videos", timeout=30).json()
    return videos


def titles(videos: list[dict[str, Any]]) -> list[str]:
    """Return the titles of videos."""
    return [video["title"] for video in videos]


def own(url: str) -> list[dict[str, Any]]:
    """Return the player's own videos, processed or not."""
    videos: list[dict[str, Any]] = requests.get(f"{url}/api/videos", headers=sign_in(url), timeout=30).json()
    return videos


def assert_plays(url: str, video: dict[str, Any]) -> None:
    """Fail if a video's file is not an MP4."""
    response = requests.get(requests.compat.urljoin(url, video["processed_url"]), timeout=30)
    assert response.status_code == 200
    assert response.content[4:8] == b"ftyp"
