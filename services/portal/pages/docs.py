"""/openapi.json and /docs: the API's documentation, for programs and for people."""

from __future__ import annotations

import json

from flask import Blueprint, Flask, Response, current_app, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from services.portal.api.openapi import Json, document

_DOCUMENT = "openapi"

pages = Blueprint("docs", __name__)


def register(app: Flask) -> None:
    """Register the API's documentation."""
    app.register_blueprint(pages)


@pages.get("/openapi.json")
@pages.get("/swagger/doc.json", endpoint="former_openapi")
def openapi() -> Response:
    """Return the OpenAPI document, also under its former path."""
    response = Response(json.dumps(_document(), ensure_ascii=False), content_type="application/json; charset=utf-8")
    response.headers["Cache-Control"] = "no-cache"
    response.add_etag()
    response.make_conditional(request)
    return response


@pages.get("/docs")
def show() -> str:
    """Show the same document as a page, which loads nothing from other hosts."""
    return render_template("pages/docs.html", document=_document())


@pages.get("/swagger")
@pages.get("/swagger/")
@pages.get("/swagger/index.html")
def former() -> ResponseReturnValue:
    """Redirect from the page's former paths."""
    return redirect(url_for("docs.show"), 301)


def _document() -> Json:
    """Return the current application's document, cached: routes do not change while it serves."""
    generated: Json = current_app.extensions.get(_DOCUMENT) or document(current_app)
    current_app.extensions[_DOCUMENT] = generated
    return generated
