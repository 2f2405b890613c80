"""Who gets a kernel when there are few, who waits, who makes room, and what each is told."""

import asyncio
import json
import threading
from contextlib import contextmanager

import pytest
from tornado.httpclient import HTTPRequest
from tornado.websocket import websocket_connect

from sandboxes.workbench import kernels
from sandboxes.workbench.kernels import Room
from tests.servers import wait_until
from tests.workbench.conftest import running_workbench
from tests.workbench.test_attacks import request_of

pytestmark = pytest.mark.xdist_group("few places")


@pytest.fixture(scope="module")
def few(kernels):
    """A workbench with one place, whose kernels are soon taken for unused."""
    with running_workbench("--kernels", "1", "--kernels-each", "1", "--idle", "3") as bench:
        yield bench


def state_of(bench, learner):
    return bench.ask("GET", "/api/workbench/state", learner)[2]


def keep_busy(bench, learner, kernel):
    """A cell that runs on: a kernel at work is not taken for unused."""

    async def send():
        address = f"ws://127.0.0.1:{bench.port}/api/kernels/{kernel}/channels?session_id=x"
        headers = {"Origin": bench.url, "Host": f"localhost:{bench.port}"}
        protocols = ["workbench", f"workbench.token.{learner.token}"]
        connection = await websocket_connect(HTTPRequest(address, headers=headers), subprotocols=protocols)
        code = {"code": "import time; time.sleep(600)", "silent": False, "allow_stdin": False}
        await connection.write_message(json.dumps(request_of("execute_request", code)))
        while (
            json.loads(await asyncio.wait_for(connection.read_message(), 60))["header"]["msg_type"] != "execute_input"
        ):
            pass
        connection.close()
        while await connection.read_message() is not None:
            pass

    asyncio.run(send())


@contextmanager
def asking(bench, learner):
    """Somebody asks for a kernel and waits for the answer; yields a dict that will hold ``kernel``."""
    got = {}
    thread = threading.Thread(target=lambda: got.update(kernel=bench.start(learner)[1]))
    thread.start()
    yield got
    thread.join()


def end_kernel(bench, learner, kernel):
    assert bench.status("DELETE", f"/api/kernels/{kernel}", learner) == 204


def test_who_finds_no_place_waits_is_told_the_number_in_the_queue_and_comes_in_by_turns(few):
    first, second, third = (few.site.add() for _ in range(3))
    _, kernel = few.start(first)
    keep_busy(few, first, kernel)
    with asking(few, second) as seconds:
        wait_until(lambda: state_of(few, second)["place"] == 1, "the second waits")
        with asking(few, third) as thirds:
            wait_until(lambda: state_of(few, third)["place"] == 2, "the third waits behind")
            told = state_of(few, third)
            assert told["kernel"] == "waiting"
            assert "คิวลำดับที่ 2" in told["sentence"]["th"]
            assert "number 2 in the queue" in told["sentence"]["en"]
            assert few.ask("GET", "/readyz")[2]["waiting"] == 2
            end_kernel(few, first, kernel)
            wait_until(lambda: "kernel" in seconds, "the second has the place")
            assert "kernel" not in thirds
            end_kernel(few, second, seconds["kernel"])
        end_kernel(few, third, thirds["kernel"])


def test_a_kernel_that_nobody_uses_is_ended_and_its_page_told_why(few):
    learner = few.site.add()
    few.start(learner)
    wait_until(lambda: state_of(few, learner)["kernel"] == "ended", "it has been unused for long enough")
    told = state_of(few, learner)
    assert told["status"] == "idle"
    assert "ไม่ได้ใช้งานมาสักพัก" in told["sentence"]["th"]
    assert "not used for a while" in told["sentence"]["en"]
    _, kernel = few.start(learner)  # and is there again when asked for
    assert state_of(few, learner)["kernel"] == "running"
    end_kernel(few, learner, kernel)


def test_a_person_with_a_kernel_too_many_loses_the_one_longest_unused_and_nobody_else_does(few):
    one = few.site.add()
    other = few.site.add(person=one.person)  # another notebook of the same person
    few.start(one)
    _, kernel = few.start(other)
    told = state_of(few, one)
    assert (told["kernel"], told["status"]) == ("ended", "other")
    assert "เปิดโน้ตบุ๊กอื่นไว้หลายเล่ม" in told["sentence"]["th"]
    assert state_of(few, other)["kernel"] == "running"
    end_kernel(few, other, kernel)


def test_a_second_tab_of_the_same_notebook_takes_no_second_place(few):
    learner = few.site.add()
    _, kernel = few.start(learner)
    assert few.start(learner)[1] == kernel
    end_kernel(few, learner, kernel)


# --- The queue itself ------------------------------------------------------------------------------------------------


def test_who_waits_too_long_is_told_to_ask_again_and_keeps_the_turn():
    room = Room(0, lambda: 0)

    async def ask():
        return [await room.enter(name, 0) for name in ("first", "second", "first")]

    assert asyncio.run(ask()) == [False, False, False]
    assert (room.place_in_queue("first"), room.place_in_queue("second")) == (1, 2)
    assert room.place_in_queue("never asked") is None


def test_who_has_gone_away_is_waited_for_no_longer(monkeypatch):
    taken = 1
    room = Room(1, lambda: taken)
    asyncio.run(room.enter("gone", 0))
    monkeypatch.setattr(kernels, "PATIENCE_SECONDS", -1.0)
    assert room.place_in_queue("gone") is None
    monkeypatch.undo()
    taken = 0
    assert asyncio.run(room.enter("here", 0))


def test_a_place_that_was_promised_is_not_given_twice():
    room = Room(1, lambda: 0)

    async def ask():
        entered = [await room.enter("one", 0), await room.enter("two", 0)]
        room.settle()  # the first has failed to start
        return [*entered, await room.enter("two", 0)]

    assert asyncio.run(ask()) == [True, False, True]
