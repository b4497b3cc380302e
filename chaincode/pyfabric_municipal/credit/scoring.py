"""Scores, pure: what a model makes of a subject's effective inputs. The same inputs and model give the same score."""

from collections.abc import Iterable, Mapping
from typing import Annotated

from pydantic import Field

from pyfabric_municipal.common.values import Count, Model, Positive, Text, json_digest
from pyfabric_municipal.credit.decisions import Sector
from pyfabric_municipal.credit.grades import TaxGrade

Points = Annotated[int, Field(ge=-1_000_000, le=1_000_000)]


class GradeFrom(Model):
    """A grade, and the points from which on it is given."""

    grade: Annotated[str, Field(pattern=r"^[A-Z]{1,3}$")]
    points: Count


class ScoreModel(Model):
    """How points are counted, in integers: from `start`, plus those of each input, never below 0.

    `penalties` has the points of each sector, `lists` those of the abnormal and the serious list, `tax` those of
    each grade. `grades` begins with the best, and the last one is given from 0 on.
    """

    version: Text
    start: Positive
    penalties: Mapping[Sector, Points]
    lists: Mapping[str, Points]
    tax: Mapping[TaxGrade, Points]
    grades: Annotated[tuple[GradeFrom, ...], Field(min_length=1)]

    def digest(self) -> str:
        """Return the digest of the whole model, whose version alone could be given twice."""
        return json_digest(self.model_dump(mode="json"))


class Input(Model):
    """A record that a score cites: which revision or version of it, what of it counted, and how many points."""

    kind: str
    id: str
    version: Positive
    factor: str
    points: Points


class Counted(Model):
    """What a model makes of inputs."""

    points: Count
    grade: str


def count(model: ScoreModel, inputs: Iterable[Input]) -> Counted:
    """Return the points and the grade of these inputs."""
    points = max(model.start + sum(one.points for one in inputs), 0)
    grade = next((one.grade for one in model.grades if one.points <= points), None)
    return Counted(points=points, grade=grade or model.grades[-1].grade)


def inputs_digest(inputs: Iterable[Input]) -> str:
    """Return the digest of inputs: the same records in the same versions have the same."""
    return json_digest([one.model_dump(mode="json") for one in inputs])
