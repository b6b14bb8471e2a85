"""`openapi` and `asyncapi`: print the documents that describe the REST API and the MQTT interface."""

import json

import typer
from pydantic import SecretStr

from safety_service.main import create_app
from safety_service.services.asyncapi import document
from safety_service.settings import Settings


def register(app: typer.Typer) -> None:
    app.command("openapi")(openapi)
    app.command("asyncapi")(asyncapi)


def openapi() -> None:
    """Print the OpenAPI document of the REST API."""
    # The document depends on no setting; no database is opened for it, so this file does not come to be.
    settings = Settings(
        _env_file=None, database_url="sqlite:///never-opened.db", secret_key=SecretStr("not used")
    )
    typer.echo(json.dumps(create_app(settings).openapi(), ensure_ascii=False, indent=1))


def asyncapi() -> None:
    """Print the AsyncAPI document of what devices publish and what the service answers."""
    typer.echo(json.dumps(document(), ensure_ascii=False, indent=1))
