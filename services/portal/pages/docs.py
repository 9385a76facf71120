"""/openapi.json and /docs: the API's description, for programs and for people."""

from __future__ import annotations

import json

from flask import Blueprint, Flask, Response, current_app, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from services.portal.api.openapi import Json, document

_DOCUMENT = "openapi"

pages = Blueprint("docs", __name__)


def register(app: Flask) -> None:
    """Give an application the description of its API."""
    app.register_blueprint(pages)


@pages.get("/openapi.json")
@pages.get("/swagger/doc.json", endpoint="former_openapi")
def openapi() -> Response:
    """The OpenAPI document, also under the path that it had first."""
    response = Response(json.dumps(_document(), ensure_ascii=False), content_type="application/json; charset=utf-8")
    response.headers["Cache-Control"] = "no-cache"
    response.add_etag()
    response.make_conditional(request)
    return response


@pages.get("/docs")
def show() -> str:
    """The same document as a page, made here: it loads nothing from other hosts."""
    return render_template("pages/docs.html", document=_document())


@pages.get("/swagger")
@pages.get("/swagger/")
@pages.get("/swagger/index.html")
def former() -> ResponseReturnValue:
    """Lead on from where the page was first."""
    return redirect(url_for("docs.show"), 301)


def _document() -> Json:
    """The document of the application at work; its routes do not change once it serves."""
    made: Json = current_app.extensions.get(_DOCUMENT) or document(current_app)
    current_app.extensions[_DOCUMENT] = made
    return made
