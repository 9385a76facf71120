"""Users of the portal's API over HTTP, and the clip that they upload."""

from __future__ import annotations

import time
import uuid
from pathlib import Path
from typing import Any

import imageio_ffmpeg
import requests

from operations.local import clips

PASSWORD = "correct horse battery staple"
PROCESSED_WITHIN_SECONDS = 90


class ApiUser:
    """A user who signs up, signs in and uses the API.

    Args:
        url: URL of the portal.
        name: first name.
        city: city of the account.
    """

    def __init__(self, url: str, name: str, city: str) -> None:
        self._url = url
        self.name, self.city = name, city
        self.email = f"{name.lower()}-{uuid.uuid4().hex[:8]}@anb.example"
        self._session = requests.Session()
        self._session.trust_env = False

    def sign_up(self) -> requests.Response:
        form = {"first_name": self.name, "last_name": "Rojas", "email": self.email, "city": self.city}
        return self._post("/api/auth/signup", json={**form, "country": "Colombia"} | self._passwords())

    def sign_in(self) -> dict[str, Any]:
        answer = self.request_token()
        assert answer.status_code == 200, answer.text
        token: dict[str, Any] = answer.json()
        return token

    def request_token(self) -> requests.Response:
        answer = self._post("/api/auth/login", json={"email": self.email, "password": PASSWORD})
        if answer.ok:
            self._session.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
        return answer

    def upload(self, clip: Path, title: str) -> requests.Response:
        with clip.open("rb") as file:
            files = {"video_file": (clip.name, file, "video/mp4")}
            return self._post("/api/videos/upload", data={"title": title, "is_public": "true"}, files=files)

    def wait_until_processed(self, video: str) -> dict[str, Any]:
        """Wait until a video is processed, within the time that the specification allows; return it."""
        deadline = time.monotonic() + PROCESSED_WITHIN_SECONDS
        while True:
            content: dict[str, Any] = self.get(f"/api/videos/{video}").json()
            assert content["status"] != "failed", content
            if content["status"] == "processed":
                return content
            assert time.monotonic() < deadline, f"still {content['status']} after {PROCESSED_WITHIN_SECONDS} s"
            time.sleep(1)

    def vote(self, video: str) -> requests.Response:
        return self._post(f"/api/public/videos/{video}/vote")

    def get(self, path: str, **parameters: str) -> requests.Response:
        return self._session.get(requests.compat.urljoin(self._url, path), params=parameters, timeout=60)

    def _post(self, path: str, **content: Any) -> requests.Response:
        return self._session.post(f"{self._url}{path}", timeout=120, **content)

    @staticmethod
    def _passwords() -> dict[str, str]:
        return {"password1": PASSWORD, "password2": PASSWORD}


def make_clip(path: Path) -> Path:
    """Create a clip of 45 s, 1080x1920, with a tone."""
    arguments = ["-f", "lavfi", "-i", "testsrc2=size=1080x1920:rate=30", "-f", "lavfi", "-i", "sine=frequency=440"]
    arguments += ["-t", "45", "-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-c:a", "aac"]
    return clips.encode(imageio_ffmpeg.get_ffmpeg_exe(), arguments, path)
