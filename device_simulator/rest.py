"""Inspections over HTTP: the REST call an inspector's phone makes."""

from datetime import datetime

import httpx

from device_simulator.happenings import Happening


class InspectionDesk:
    """Posts inspections to the service at `base_url`; counts what it accepted and what it did not."""

    def __init__(
        self, base_url: str, api_key: str | None, transport: httpx.BaseTransport | None = None
    ) -> None:
        headers = {"X-API-Key": api_key} if api_key else {}
        self._client = httpx.Client(base_url=base_url, headers=headers, timeout=5.0, transport=transport)
        self.accepted = 0
        self.refused = 0

    def post(self, happening: Happening, now: datetime, key: str) -> str | None:
        """Post one inspection under an idempotency key; the reason in one line if it was not accepted."""
        body = {**happening.attributes, "date": now.date().isoformat()}
        path = f"/api/v1/cafeterias/{body['cafeteria']}/inspections"
        try:
            answer = self._client.post(path, json=body, headers={"Idempotency-Key": key})
        except httpx.HTTPError as error:
            self.refused += 1
            return f"inspection of {body['cafeteria']} not delivered: {error}"
        if answer.is_success:
            self.accepted += 1
            return None
        self.refused += 1
        return f"inspection of {body['cafeteria']} refused: {answer.status_code} {_reason(answer)}"

    def close(self) -> None:
        """Close the connections."""
        self._client.close()


def _reason(answer: httpx.Response) -> str:
    try:
        problem = answer.json()
    except ValueError:
        return answer.reason_phrase
    if not isinstance(problem, dict):
        return answer.reason_phrase
    return str(problem.get("detail") or problem.get("title") or answer.reason_phrase)
