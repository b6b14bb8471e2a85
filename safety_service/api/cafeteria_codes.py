"""The QR code of a canteen door: whoever scans it has the inspector's page open at that cafeteria."""

import io
from urllib.parse import quote

import segno
from fastapi import Request, Response

from safety_service.api.cafeterias import CafeteriaDep, Reader
from safety_service.api.deps import SettingsDep
from safety_service.api.routing import new_router

router = new_router("cafeterias")

_SVG = "image/svg+xml"
_MARGIN_MODULES = 2
_HEADERS = {
    # Only a drawing, also where somebody opens it by itself.
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "private, max-age=3600",
}


@router.get(
    "/cafeterias/{cafeteria}/qr.svg",
    response_class=Response,
    responses={200: {"content": {_SVG: {}}, "description": "A square drawing without a size of its own"}},
)
def read_code(_caller: Reader, request: Request, settings: SettingsDep, place: CafeteriaDep) -> Response:
    """The address of the inspector's page for this cafeteria, as a QR code to print.

    It begins with CAMPUS_PUBLIC_URL, or without one with the address under which this request came.
    """
    base = settings.public_url or str(request.base_url)
    address = f"{base.rstrip('/')}/inspect?cafeteria={quote(place.id, safe='')}"
    drawing = io.BytesIO()
    code = segno.make_qr(address, error="q")
    code.save(drawing, kind="svg", xmldecl=False, border=_MARGIN_MODULES, omitsize=True, svgclass=None)
    return Response(drawing.getvalue(), media_type=_SVG, headers=_HEADERS)
