"""Threads: a channel whose target hangs delays no other, and no thread is left."""

import threading
from datetime import UTC, datetime

import pytest

from monitoring.alarms.state_machine import Act
from monitoring.models import Channel, Delivery, DeliveryAttempt
from monitoring.notifications.dispatcher import Dispatcher
from monitoring.notifications.message import Message, Outcome, Result
from monitoring.notifications.notifier import Notifier
from tests.alarming import act, define
from tests.commands.conftest import wait_until
from tests.notifications.desk import channel, states
from tests.patience import stretched


def own_threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name.startswith("channel-")]


@pytest.mark.threads
@pytest.mark.django_db(transaction=True)
def test_a_hanging_a_broken_and_a_refusing_channel_delay_no_other() -> None:
    released = threading.Event()
    sent: set[str] = set()

    def send(to: Channel, message: Message) -> Outcome:
        if to.name == "hanging":
            released.wait(600)
            return Outcome(Result.UNKNOWN, "no answer within 10 s")
        if to.name == "broken":
            raise RuntimeError("a password")
        if to.name == "refusing":
            return Outcome(Result.TEMPORARY, "connection refused")
        sent.add(to.name)
        return Outcome(Result.OK)

    for name in ("hanging", "broken", "refusing", *(f"good {number}" for number in range(5))):
        channel(name)
    notifier = Notifier(lambda: Dispatcher(send))
    stopped = threading.Event()
    thread = threading.Thread(target=lambda: notifier.run(should_stop=stopped.is_set))
    thread.start()
    try:
        wait_until(lambda: notifier.runner is not None, 10)
        act(define(priority="critical"), Act.ACTIVE, at=datetime.now(UTC))
        wait_until(lambda: len(sent) == 5, 10)  # while the hanging one hangs
        wait_until(lambda: states().get("sent") == 5, 10)
        hanging = f"channel-{Channel.objects.get(name='hanging').pk}"
        wait_until(lambda: [each.name for each in own_threads()] == [hanging], 5)
    finally:
        released.set()
        stopped.set()
        thread.join(stretched(10))
    assert not thread.is_alive()
    wait_until(lambda: not own_threads(), 5)
    assert states() == {"sent": 5, "waiting": 3}
    broken = DeliveryAttempt.objects.filter(channel__name="broken").first()
    assert (broken.outcome, broken.detail) == ("unknown", "the sender failed: RuntimeError")
    assert Delivery.objects.get(channel__name="hanging").may_repeat
