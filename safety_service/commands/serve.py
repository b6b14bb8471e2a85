"""`serve`: the service against the database and the broker of the settings."""

from typing import Annotated

import structlog
import typer

from safety_service import logs
from safety_service.commands.errors import one_line_errors
from safety_service.domain.errors import Refused
from safety_service.main import create_app
from safety_service.runtime import Runtime, begin_receiver, prepare
from safety_service.server import bind, end_like_ctrl_c, run
from safety_service.settings import DEFAULT_SECRET, Settings
from safety_service.store import migrations, partitions
from safety_service.store.session import open_engine

log = structlog.get_logger(__name__)

ROLES = {"api", "pipeline"}
SHORTEST_SECRET = 16


def register(app: typer.Typer) -> None:
    @app.command("serve")
    @one_line_errors
    def serve(
        roles: Annotated[
            str, typer.Option(help="What this process does: api, pipeline, or both")
        ] = "api,pipeline",
        partition: Annotated[
            str, typer.Option(help="The partition whose pipeline this is")
        ] = partitions.COUNTY_PARTITION,
    ) -> None:
        """Run the service until Ctrl-C or SIGTERM."""
        settings = Settings()
        wanted = _roles(roles)
        check_secret(settings)
        logs.configure(settings.log_level)
        serve_forever(settings, wanted, partition)


def _roles(text: str) -> set[str]:
    wanted = {role.strip() for role in text.split(",") if role.strip()}
    if not wanted or not wanted <= ROLES:
        raise typer.BadParameter(f"expected api, pipeline or api,pipeline, not {text!r}")
    return wanted


def check_secret(settings: Settings) -> None:
    """Raises Refused for the default secret, and for one that could be guessed."""
    secret = settings.secret_key.get_secret_value()
    if secret == DEFAULT_SECRET or len(secret) < SHORTEST_SECRET:
        raise Refused(
            f"set it to a random text of at least {SHORTEST_SECRET} characters before the service starts",
            place="CAMPUS_SECRET_KEY",
        )


def serve_forever(settings: Settings, roles: set[str], partition: str) -> None:
    """Brings the schema up to date, then serves; without the role `api` only health and metrics answer."""
    end_like_ctrl_c()
    listener = bind(settings.http_host, settings.http_port)
    reserve = begin_receiver() if "pipeline" in roles else None
    if settings.database_url is None:
        settings.data_dir.mkdir(parents=True, exist_ok=True)
    engine = open_engine(settings.resolved_database_url)
    migrations.upgrade(engine)
    prepare(settings, engine)
    runtime = Runtime(settings, engine, pipeline="pipeline" in roles, partition=partition, reserve=reserve)
    app = create_app(settings, engine, runtime=runtime, api="api" in roles)
    host, port = listener.getsockname()[:2]
    log.info("serving", host=host, port=port, roles=sorted(roles))
    run(app, listener)
