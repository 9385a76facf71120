"""The profile page: account data, password change and sessions."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from services.portal.pages.profile import browser_name

from ..people import PASSWORD, People
from ..videos import Videos

NEW = "a new and longer password"
PAGE = "/profile"


def form(csrf: str, **changes: str) -> dict[str, str]:
    fields = {"csrf_token": csrf, "current_password": PASSWORD, "password1": NEW, "password2": NEW}
    return {**fields, **changes}


def test_profile_requires_sign_in(client: FlaskClient) -> None:
    for answer in (client.get(PAGE), client.post(f"{PAGE}/password"), client.post(f"{PAGE}/sessions/end-others")):
        assert answer.status_code == 303
        assert answer.headers["Location"].startswith("/login")


def test_profile_shows_account_and_activity(people: People, videos: Videos) -> None:
    ana, eva = people.new(first_name="Ana", last_name="<b>Díaz</b>", city="Cali"), people.new()
    videos.vote(videos.published(ana), eva)
    videos.vote(videos.published(eva), ana)
    browser, _ = people.browser(ana)
    page = browser.get(PAGE).text
    assert "Ana &lt;b&gt;Díaz&lt;/b&gt;" in page and "Cali" in page and ana.email in page
    assert page.count("<dd>1</dd>") == 3
    assert eva.email not in page


def test_password_change_shows_a_notice(client: FlaskClient, people: People) -> None:
    ana = people.new()
    browser, csrf = people.browser(ana)
    answer = browser.post(f"{PAGE}/password", data=form(csrf))
    assert (answer.status_code, answer.headers["Location"]) == (303, PAGE)
    assert "Tu contraseña cambió." in browser.get(PAGE).text
    assert client.post("/login", data={"email": ana.email, "password": NEW}).status_code == 303


@pytest.mark.parametrize(
    ("changes", "field", "sentence"),
    [
        ({"current_password": "a wrong guess"}, "current_password", "This is not your current password."),
        ({"password2": "another password"}, "password2", "The two passwords are not the same."),
        ({"password1": "12345678", "password2": "12345678"}, "password1", "Too many people use this password."),
        ({"password1": "short", "password2": "short"}, "password1", "Use at least 8 characters."),
        ({"current_password": ""}, "current_password", "Fill in this field."),
    ],
)
def test_errors_are_shown_at_their_field(people: People, changes: dict[str, str], field: str, sentence: str) -> None:
    browser, csrf = people.browser(people.new())
    browser.set_cookie("language", "en")
    answer = browser.post(f"{PAGE}/password", data=form(csrf, **changes))
    assert answer.status_code == 400
    field_error = answer.text.split(f'id="{field}-error"')[1].split("</div>")[0]
    assert sentence in field_error
    assert PASSWORD not in answer.text and NEW not in answer.text


def test_too_many_guesses_return_429_with_a_message(people: People) -> None:
    browser, csrf = people.browser(people.new())
    for _ in range(10):
        browser.post(f"{PAGE}/password", data=form(csrf, current_password="a wrong guess"))
    answer = browser.post(f"{PAGE}/password", data=form(csrf))
    assert answer.status_code == 429
    assert "Lo intentaste demasiadas veces en poco tiempo." in answer.text
    assert int(answer.headers["Retry-After"]) <= 60


def test_session_can_be_ended_from_another_browser(people: People) -> None:
    ana = people.new()
    here, csrf = people.browser(ana)
    phone, _ = people.browser(ana)
    page = here.get(PAGE).text
    assert page.count("Este navegador") == 1
    (path,) = [part.split('"')[0] for part in page.split('action="') if part.startswith(f"{PAGE}/sessions/")][:1]
    assert here.post(path).status_code == 403
    assert phone.get(PAGE).status_code == 200
    assert here.post(path, data={"csrf_token": csrf}).headers["Location"] == PAGE
    assert [here.get(PAGE).status_code, phone.get(PAGE).status_code] == [200, 303]


def test_all_other_sessions_can_be_ended(people: People) -> None:
    ana = people.new()
    here, csrf = people.browser(ana)
    others = [people.browser(ana)[0] for _ in range(2)]
    here.post(f"{PAGE}/sessions/end-others", data={"csrf_token": csrf})
    assert [browser.get(PAGE).status_code for browser in (here, *others)] == [200, 303, 303]
    assert "end-others" not in here.get(PAGE).text


@pytest.mark.parametrize("session_id", ["0", "x", "99999999999999"])
def test_unknown_session_returns_404(people: People, session_id: str) -> None:
    browser, csrf = people.browser(people.new())
    answer = browser.post(f"{PAGE}/sessions/{session_id}/end", data={"csrf_token": csrf})
    assert answer.status_code == 404 and "<html" in answer.text


@pytest.mark.parametrize(
    ("agent", "name"),
    [
        (("Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Mobile "
         "Safari/537.36"), "Chrome, Android"),
        (("Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 Version/17.5 "
         "Mobile/15E148 Safari/604.1"), "Safari, iPhone"),
        (("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 "
         "Safari/537.36 Edg/126.0.0.0"), "Edge, Windows"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 14.5; rv:127.0) Gecko/20100101 Firefox/127.0", "Firefox, Mac"),
        ("Mozilla/5.0 (Linux; Android 13) AppleWebKit/537.36 SamsungBrowser/25.0 Chrome/121.0 Mobile Safari/537.36",
         "Samsung Internet, Android"),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0", "Firefox, Linux"),
        ("curl/8.8.0", "curl"),
        ("<script>alert(1)</script>", ""),
        ("", ""),
    ],
)  # fmt: skip
def test_user_agents_are_shown_as_browser_names(agent: str, name: str) -> None:
    assert browser_name(agent) == name
