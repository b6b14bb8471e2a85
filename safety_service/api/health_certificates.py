"""Health certificates of kitchen staff: who has to renew one, and by when."""

from typing import Annotated

from fastapi import Depends, Path, Response

from safety_service.api.cafeterias import CafeteriaDep
from safety_service.api.deps import Now, SessionDep, SettingsDep, Wake, require
from safety_service.api.paging import LIST_RESPONSES, ListOf, PagingDep
from safety_service.api.routing import new_router
from safety_service.api.schemas_duties import HealthCertificateIn, HealthCertificateOut, certificates_out
from safety_service.domain.rights import Caller
from safety_service.services import health_certificates
from safety_service.services.cafeterias import county_day
from safety_service.store import health_certificates as store
from safety_service.store.session import after_commit

router = new_router("duties")

Reader = Annotated[Caller, Depends(require("duties:read"))]
Recorder = Annotated[Caller, Depends(require("duties:record"))]
Reference = Annotated[str, Path(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,39}$", examples=["07"])]


def wanted(school: str | None = None, cafeteria: str | None = None) -> store.CertificateFilter:
    return store.CertificateFilter(school=school, cafeteria=cafeteria)


@router.get("/health-certificates", responses=LIST_RESPONSES, response_model=ListOf[HealthCertificateOut])
def list_certificates(
    _caller: Reader,
    session: SessionDep,
    settings: SettingsDep,
    now: Now,
    wanted: Annotated[store.CertificateFilter, Depends(wanted)],
    paging: PagingDep,
) -> ListOf[HealthCertificateOut] | Response:
    """By school, cafeteria and the school's own number of the person."""
    today = county_day(settings.timezone, now)
    return paging.answer(
        lambda after, limit: store.list_page(session, wanted, after, limit),
        lambda rows: certificates_out(rows, today),
        HealthCertificateOut,
    )


@router.put("/health-certificates/{cafeteria}/{reference}")
def put_certificate(
    caller: Recorder,
    session: SessionDep,
    settings: SettingsDep,
    now: Now,
    wake: Wake,
    place: CafeteriaDep,
    reference: Reference,
    body: HealthCertificateIn,
) -> HealthCertificateOut:
    """Adds one, or renews it; of the name only the first character is kept."""
    after_commit(session, wake)
    row = health_certificates.put(
        session,
        place,
        reference,
        person=body.person,
        expires_on=body.expires_on,
        by=caller.name,
        now=now,
        timezone=settings.timezone,
    )
    return certificates_out([row], county_day(settings.timezone, now))[0]


@router.delete("/health-certificates/{cafeteria}/{reference}", status_code=204)
def delete_certificate(
    _caller: Recorder, session: SessionDep, now: Now, wake: Wake, place: CafeteriaDep, reference: Reference
) -> None:
    """For somebody who works there no longer: nothing of the person is kept."""
    after_commit(session, wake)
    health_certificates.remove(session, place, reference, now)
