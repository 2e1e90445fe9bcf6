"""Whatever breaks, in whatever order: what was acknowledged is stored once, what was refused is not.

``make torture SECONDS=600 SEED=7`` runs it for longer, and with a seed that was seen to fail.
"""

import os
import random
import sys
from collections import Counter

import pytest

from tests.torture.conftest import finish
from tests.torture.disk import MIB, Quota, mounted
from tests.torture.faults import FAULTS, Torture, disk_full, torment

pytestmark = [pytest.mark.sqlite, pytest.mark.no_cover]
SECONDS = float(os.environ.get("FERMON_TORTURE_SECONDS") or 40)
LONG_S = 120


@pytest.fixture
def torture(tmp_path, new_plant, new_writers, seed):
    """A plant on a disk of its own, with writers that post to it."""
    with mounted(tmp_path / "data", int((96 + SECONDS) * MIB)) as disk:
        plant = new_plant()
        plant.start()
        writers = new_writers(plant.url, seed)
        for writer in writers:
            writer.start()
        yield Torture(plant, disk, writers, random.Random(seed), lock_s=30 if SECONDS >= LONG_S else 4)
        plant.close()


def told(torture: Torture) -> str:
    """What was done, for whoever reads the output."""
    answers = sum((writer.answers for writer in torture.writers), Counter())
    faults = ", ".join(torture.struck)
    return f"{len(torture.struck)} faults: {faults}\nanswers: {dict(sorted(answers.items()))}\n"


def test_no_reading_is_lost_and_none_is_doubled(torture, seed) -> None:
    torment(torture, SECONDS)
    sys.stdout.write(told(torture))
    problems = finish(torture.plant, torture.writers)
    assert not problems, f"FERMON_TORTURE_SEED={seed} {torture.struck}\n" + "\n".join(problems[:30])
    assert {fault.__name__ for fault in FAULTS} == set(torture.struck)
    assert all(torture.answers(code) for code in (200, 201, 202, 400, 409, 503))


def test_the_production_server_killed_while_many_wait_for_one_commit(new_plant, new_writers, seed) -> None:
    plant = new_plant()
    plant.start("server")
    writers = new_writers(plant.url, seed, sizes=[1] * 21 + [4])  # 66 at once
    for writer in writers:
        writer.start()
    torture = Torture(plant, Quota(), writers, random.Random(seed), lock_s=0)
    for _ in range(2):
        torture.wait_for(201)
        torture.pause(1)
        plant.kill("server")
    torture.wait_for(201)
    problems = finish(plant, writers)
    assert not problems, f"FERMON_TORTURE_SEED={seed}\n" + "\n".join(problems[:30])
    assert all(torture.answers(code) for code in (200, 201, 400, 409))


def test_a_full_disk_is_answered_503_also_where_no_disk_can_be_mounted(new_plant, new_writers, seed) -> None:
    plant = new_plant()
    plant.start("web")
    writers = new_writers(plant.url, seed)
    for writer in writers:
        writer.start()
    torture = Torture(plant, Quota(), writers, random.Random(seed), lock_s=0)
    torture.wait_for(201)
    disk_full(torture)
    torture.wait_for(201)
    problems = finish(plant, writers)
    assert not problems, f"FERMON_TORTURE_SEED={seed}\n" + "\n".join(problems[:30])
