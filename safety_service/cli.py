"""`campus-safety`: every command of the service, one module each in `commands/`."""

import typer

from safety_service import __version__
from safety_service.commands import (
    broker,
    db,
    decode,
    demo,
    documents,
    exports,
    imports,
    messages,
    partitions,
    people,
    rules,
    score,
    serve,
)

app = typer.Typer(
    help="Campus safety: events, alerts and cafeteria credit of a county's schools.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

for module in (demo, serve, decode, score, documents):
    module.register(app)

app.add_typer(db.app, name="db")
app.add_typer(partitions.app, name="partition")
app.add_typer(messages.app, name="messages")
app.add_typer(broker.app, name="broker")
app.add_typer(people.user_app, name="user")
app.add_typer(people.apikey_app, name="apikey")
app.add_typer(imports.school_app, name="school")
app.add_typer(imports.device_app, name="device")
app.add_typer(imports.inspection_app, name="inspection")
app.add_typer(exports.app, name="export")
app.add_typer(imports.boundary_app, name="boundary")
app.add_typer(rules.app, name="rules")


@app.command("version")
def version() -> None:
    """Print the version."""
    typer.echo(__version__)


def main() -> None:
    app()


if __name__ == "__main__":
    main()
