"""A wallet in memory."""

from pyfabric.hfc.fabric.user import User, enrolled_user
from pyfabric.hfc.fabric_ca.enrollment import Enrollment
from pyfabric.hfc.util.keyvaluestore import KeyValueStore

__all__ = ["InMemoryWalletStore"]


class InMemoryWalletStore:
    """Enrolments by name, as long as the program runs."""

    def __init__(self) -> None:
        self._Map: dict[str, Enrollment] = {}

    def exists(self, enrollment_id: str) -> bool:
        """Return whether there is an enrolment of that name."""
        return enrollment_id in self._Map

    def remove(self, enrollment_id: str) -> None:
        """Forget an enrolment. Raises KeyError when there is none."""
        del self._Map[enrollment_id]

    def put(self, enrollment_id: str, user_enrollment: Enrollment) -> None:
        """Keep an enrolment, over an older one. Raises ValueError for anything else."""
        if not isinstance(user_enrollment, Enrollment):
            raise ValueError(f"{user_enrollment!r} is no Enrollment")  # noqa: TRY004 - as it was
        self._Map[enrollment_id] = user_enrollment

    def create_user(
        self, enrollment_id: str, org: str, msp_id: str, state_store: KeyValueStore | None = None
    ) -> User:
        """Return the user of an enrolment. Raises AttributeError when there is none."""
        if not self.exists(enrollment_id):
            raise AttributeError(f"there is no enrolment {enrollment_id!r} in this wallet")
        return enrolled_user(enrollment_id, org, msp_id, self._Map[enrollment_id], state_store)
