"""Open data to download: the LIVES set and establishments in the manner of FHRS."""

import tempfile
from datetime import date
from typing import Annotated, Any

from fastapi import Depends, Query, Response
from starlette.background import BackgroundTask
from starlette.responses import StreamingResponse

from safety_service.api.cafeterias import Reader
from safety_service.api.deps import Now, SessionDep, SettingsDep
from safety_service.api.routing import new_router
from safety_service.api.schemes import BookDep
from safety_service.services import feeds

router = new_router("exports")

ZIP = "application/zip"
_IN_MEMORY_BYTES = 8 << 20
_BLOCK_BYTES = 1 << 16


def feed(
    settings: SettingsDep,
    book: BookDep,
    now: Now,
    lang: Annotated[feeds.Language, Query(description="The language of names and grades")] = "zh",
    since: Annotated[date | None, Query(alias="from", description="Visits on this day or later")] = None,
    until: Annotated[date | None, Query(alias="to", description="Visits on this day or earlier")] = None,
) -> feeds.Feed:
    return feeds.Feed(
        book=book,
        now=now,
        timezone=settings.timezone,
        municipality=settings.county_name_zh if lang == "zh" else settings.county_name_en,
        url=settings.public_url,
        language=lang,
        since=since,
        until=until,
    )


FeedDep = Annotated[feeds.Feed, Depends(feed)]


@router.get(
    "/exports/lives.zip",
    response_class=Response,
    responses={200: {"content": {ZIP: {}}, "description": "Five CSV files in one ZIP"}},
)
def read_lives(_caller: Reader, session: SessionDep, wanted: FeedDep) -> Response:
    """The LIVES open-data set: businesses, inspections, violations, feed_info, legend."""
    target = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY_BYTES)  # noqa: SIM115 - closed after the answer
    feeds.write_lives(session, wanted, target)
    target.seek(0)
    return StreamingResponse(
        iter(lambda: target.read(_BLOCK_BYTES), b""),
        media_type=ZIP,
        headers={"Content-Disposition": 'attachment; filename="lives.zip"'},
        background=BackgroundTask(target.close),
    )


@router.get("/exports/fhrs.json")
def read_fhrs(_caller: Reader, session: SessionDep, wanted: FeedDep) -> dict[str, Any]:
    """Every cafeteria with the rating of its last visit, in the shape of the FHRS open data."""
    return feeds.fhrs(session, wanted)
