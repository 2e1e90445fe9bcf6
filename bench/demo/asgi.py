"""The whole application: two endpoints, a session of the ORM for each request."""

import os
import statistics
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Annotated

from fastapi import Depends, FastAPI
from pydantic import BaseModel
from sqlalchemy import UniqueConstraint, create_engine, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

LOWER, UPPER, WINDOW, MINIMUM = -900, 900, 50, 10


class Base(DeclarativeBase):
    """The tables."""


class Measurement(Base):
    """A stored reading."""

    __tablename__ = "measurements"
    __table_args__ = (UniqueConstraint("tag", "timestamp"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    timestamp: Mapped[datetime] = mapped_column(index=True)
    tag: Mapped[str]
    value: Mapped[float]
    is_anomaly: Mapped[bool]


class Reading(BaseModel):
    """A reading of a request."""

    timestamp: datetime
    tag: str
    value: float


class Stored(BaseModel):
    """The answer to a reading."""

    status: str
    id: int
    is_anomaly: bool


# By default, requests of 64 clients fail: there are 15 connections, and each waits 5 s for the others' locks.
engine = create_engine(
    f"sqlite:///{os.environ['FERMON_DATA_DIR']}/demo.sqlite3", pool_size=64, connect_args={"timeout": 60}
)
Base.metadata.create_all(engine)
application = FastAPI()


def session() -> Iterator[Session]:
    """Yield the session of a request."""
    with Session(engine) as opened:
        yield opened


def is_anomaly(opened: Session, reading: Reading) -> bool:
    """Judge a value by fixed limits and by the last values of its tag."""
    rows = (
        select(Measurement.value)
        .where(Measurement.tag == reading.tag)
        .order_by(Measurement.timestamp.desc())
        .limit(WINDOW)
    )
    window = opened.scalars(rows).all()
    if len(window) >= MINIMUM:
        mean, sigma = statistics.fmean(window), statistics.pstdev(window)
        if abs(reading.value - mean) > 3 * sigma:
            return True
    return not LOWER <= reading.value <= UPPER


def store(opened: Session, readings: Sequence[Reading]) -> list[Stored]:
    """Store readings in one transaction and return a result for each."""
    rows = []
    for reading in readings:
        flag = is_anomaly(opened, reading)
        rows.append(Measurement(**reading.model_dump(), is_anomaly=flag))
        opened.add(rows[-1])
    opened.commit()
    return [Stored(status="success", id=row.id, is_anomaly=row.is_anomaly) for row in rows]


@application.post("/ingest", status_code=201)
def ingest(reading: Reading, opened: Annotated[Session, Depends(session)]) -> Stored:
    """Store one reading."""
    (stored,) = store(opened, [reading])
    return stored


@application.post("/ingest/batch", status_code=201)
def ingest_batch(readings: list[Reading], opened: Annotated[Session, Depends(session)]) -> list[Stored]:
    """Store several readings."""
    return store(opened, readings)
