"""/swagger: the API's description, for programs and for people."""

from __future__ import annotations

from flask import Blueprint, Flask, current_app, jsonify, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from services.portal.api.openapi import document

blueprint = Blueprint("swagger", __name__, url_prefix="/swagger", template_folder="templates", static_folder="static")


def register(app: Flask) -> None:
    """Give an application the description of its API."""
    app.register_blueprint(blueprint)


@blueprint.get("")
def start() -> ResponseReturnValue:
    """Lead to the page."""
    return redirect(url_for("swagger.index"), 301)


@blueprint.get("/doc.json")
def doc() -> ResponseReturnValue:
    """The OpenAPI document."""
    return jsonify(document(current_app))


@blueprint.get("/index.html")
def index() -> ResponseReturnValue:
    """The same document as a page, made here: it loads nothing from other hosts."""
    return render_template("swagger/index.html", document=document(current_app))
