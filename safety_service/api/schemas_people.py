"""What users and API keys have in common."""

from pydantic import BaseModel, ConfigDict, Field

from safety_service.domain.rights import KeyRole
from safety_service.services import people


class GrantIn(BaseModel):
    """A role and its schools. admin and duty_officer see every school unless some are listed."""

    model_config = ConfigDict(extra="forbid")

    role: KeyRole
    schools: list[str] = Field(default=[], max_length=2000)
    all_schools: bool = False

    def grant(self) -> people.Grant:
        return people.Grant(role=self.role, schools=frozenset(self.schools), all_schools=self.all_schools)
