"""`openapi`: prints the document that describes the REST API."""

import json

import typer
from pydantic import SecretStr

from safety_service.main import create_app
from safety_service.settings import Settings


def register(app: typer.Typer) -> None:
    app.command("openapi")(openapi)


def openapi() -> None:
    """Print the OpenAPI document of the REST API."""
    # The document depends on no setting; no database is opened for it.
    settings = Settings(_env_file=None, database_url="sqlite://", secret_key=SecretStr("not used"))
    typer.echo(json.dumps(create_app(settings).openapi(), ensure_ascii=False, indent=1))
