"""Sign-up, sign-in and sign-out pages."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Flask, render_template, request
from flask.typing import ResponseReturnValue

from services.contest.users import find_user
from services.portal.accounts.identity import begin_session, end_session
from services.portal.accounts_service import COMMON, DIFFERENT, WRONG_PASSWORD, sign_in, sign_up
from services.portal.database import statements
from services.portal.error_messages import refusal_sentence, rule_sentence
from services.portal.http.errors import ApiError
from services.portal.pages.navigation import next_path, redirect_back
from services.portal.pages.notices import set_notice
from services.portal.request_models import InvalidFields, UserLogin, UserRegistration, read_fields

_SUGGESTED_CITIES = (
    "Armenia", "Barranquilla", "Bogotá", "Bucaramanga", "Buenaventura", "Cali", "Cartagena", "Cúcuta", "Florencia",
    "Ibagué", "Leticia", "Manizales", "Medellín", "Montería", "Neiva", "Pasto", "Pereira", "Popayán", "Quibdó",
    "Riohacha", "San Andrés", "Santa Marta", "Sincelejo", "Soacha", "Tunja", "Valledupar", "Villavicencio", "Yopal",
)  # fmt: skip

# Form fields by the error text that concerns them.
_FIELD_OF = {
    DIFFERENT: "password2",
    COMMON: "password1",
    WRONG_PASSWORD: "current_password",
    "Email already registered": "email",
}

pages = Blueprint("accounts", __name__)


def register(app: Flask) -> None:
    """Register the account pages."""
    app.register_blueprint(pages)


@pages.get("/signup")
def signup() -> str:
    """Show the sign-up form."""
    return _signup_page({"country": "Colombia"})


@pages.post("/signup")
def create() -> ResponseReturnValue:
    """Create the account and sign the browser in."""
    fields = {name: value.strip() if "password" not in name else value for name, value in request.form.items()}
    try:
        registration = read_fields(UserRegistration, fields)
        user_id = sign_up(registration)
    except ApiError as problem:
        return _signup_page(fields, problem), problem.status
    with statements() as connection:
        user = find_user(connection, user_id)
    response = redirect_back()
    if user is not None:
        begin_session(response, user)
    return set_notice(response, "welcome")


@pages.get("/login")
def login() -> str:
    """Show the sign-in form."""
    return _login_page({})


@pages.post("/login")
def enter() -> ResponseReturnValue:
    """Sign the browser in."""
    fields = {"email": request.form.get("email", "").strip(), "password": request.form.get("password", "")}
    try:
        user = sign_in(read_fields(UserLogin, fields))
    except ApiError as problem:
        return _login_page(fields, problem), problem.status
    response = redirect_back("gallery.show")
    begin_session(response, user)
    return response


@pages.post("/logout")
def logout() -> ResponseReturnValue:
    """Sign the browser out, on every instance."""
    response = redirect_back()
    end_session(response)
    return set_notice(response, "signed-out")


def _signup_page(form: dict[str, str], problem: ApiError | None = None) -> str:
    return render_template(
        "pages/signup.html", form=form, suggested_cities=_SUGGESTED_CITIES, next=next_path(), **form_errors(problem)
    )


def _login_page(form: dict[str, str], problem: ApiError | None = None) -> str:
    return render_template("pages/login.html", form=form, next=next_path("gallery.show"), **form_errors(problem))


def form_errors(problem: ApiError | None) -> dict[str, Any]:
    """Return the template's variables for a problem: a sentence for each field, or one for the form."""
    if isinstance(problem, InvalidFields):
        return {"errors": {field: rule_sentence(field, rule) for field, rule in problem.broken.items()}, "problem": ""}
    sentence = refusal_sentence(problem.text) if problem else ""
    field = _FIELD_OF.get(problem.text) if problem else None
    return {"errors": {field: sentence}, "problem": ""} if field else {"errors": {}, "problem": sentence}
