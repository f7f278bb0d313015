from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import httpx
import pytest

if TYPE_CHECKING:
    from tests.contract.conftest import Sandbox

ME = "/api/2.0/preview/scim/v2/Me"
Send = Callable[..., httpx.Response]


@pytest.fixture
def send(sandbox: Sandbox) -> Iterator[Send]:
    headers = {"Authorization": f"Bearer {sandbox.token}"}
    with httpx.Client(base_url=sandbox.host, headers=headers, timeout=20, trust_env=False) as client:
        yield client.request
        client.delete("/sandbox/faults")


def fault(send: Send, **rule: Any) -> None:
    send("POST", "/sandbox/faults", json=rule).raise_for_status()


def test_a_throttled_request_names_the_time_to_wait_and_the_next_passes(send: Send) -> None:
    fault(send, kind="error", status=429, retry_after=7, route=ME)
    refused = send("GET", ME)
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "7")
    assert refused.json()["error_code"] == "REQUEST_LIMIT_EXCEEDED"
    assert send("GET", ME).status_code == 200


def test_the_sdk_gets_over_a_fault_that_ends(sandbox: Sandbox, send: Send) -> None:
    fault(send, kind="error", status=503, retry_after=0, route=ME, count=2)
    assert sandbox.client.current_user.me().user_name
    assert send("GET", "/sandbox/faults").json()["faults"][0]["left"] == 0


def test_route_method_count_and_skip_say_which_requests_are_met(send: Send) -> None:
    fault(send, kind="error", status=500, method="POST", route="/api/*/workspace/mkdirs", count=1, skip=1)
    folder = {"path": "/Shared/faults"}
    assert send("GET", "/api/2.0/workspace/get-status", params={"path": "/"}).status_code == 200
    codes = [send("POST", "/api/2.0/workspace/mkdirs", json=folder).status_code for _ in range(3)]
    assert codes == [200, 500, 200]


@pytest.mark.parametrize(("when", "made"), [("before", False), ("after", True)])
def test_a_connection_breaks_before_or_after_the_request_took_effect(send: Send, when: str, made: bool) -> None:  # noqa: FBT001  the expected value
    folder = {"path": f"/Shared/reset {when} {time.time_ns()}"}
    fault(send, kind="reset", when=when, route="*/mkdirs")
    with pytest.raises(httpx.ReadError, match="reset by peer"):
        send("POST", "/api/2.0/workspace/mkdirs", json=folder)
    found = send("GET", "/api/2.0/workspace/get-status", params=folder).status_code
    assert found == (200 if made else 404)


def test_an_answer_that_is_lost_to_a_503_took_effect(send: Send) -> None:
    folder = {"path": f"/Shared/lost {time.time_ns()}"}
    fault(send, kind="error", when="after", route="*/mkdirs")
    assert send("POST", "/api/2.0/workspace/mkdirs", json=folder).status_code == 503
    assert send("GET", "/api/2.0/workspace/get-status", params=folder).status_code == 200


def test_a_slow_answer_is_an_answer(send: Send) -> None:
    fault(send, kind="latency", seconds=0.3, route=ME)
    slow = send("GET", ME).elapsed
    assert slow.total_seconds() >= 0.3


def test_faults_are_listed_and_cleared_and_never_meet_their_own_routes(send: Send) -> None:
    fault(send, kind="error", status=500, count=None)
    listed = send("GET", "/sandbox/faults").json()["faults"]
    assert [(one["kind"], one["left"], one["hits"]) for one in listed] == [("error", None, 0)]
    send("DELETE", f"/sandbox/faults/{listed[0]['id']}")
    assert send("GET", ME).status_code == 200


def test_a_fault_that_makes_no_sense_is_refused(send: Send) -> None:
    answer = send("POST", "/sandbox/faults", json={"kind": "error", "status": 200})
    assert (answer.status_code, answer.json()["error_code"]) == (400, "INVALID_PARAMETER_VALUE")
    assert "status" in answer.json()["message"]


def test_the_routes_of_faults_need_the_token(sandbox: Sandbox) -> None:
    assert httpx.get(f"{sandbox.host}/sandbox/faults", trust_env=False).status_code == 401


def test_runs_end_with_a_lost_cluster_when_the_engine_is_killed(sandbox: Sandbox, send: Send) -> None:
    sandbox.play(tasks=[{"seconds": 60}])
    run_id = sandbox.start(sandbox.make_job("slow"))

    def state(word: str) -> Any:
        found = sandbox.client.jobs.get_run(run_id).as_dict()
        return found if found["tasks"][0]["state"]["life_cycle_state"] == word else None

    sandbox.eventually(lambda: state("RUNNING"))
    send("POST", "/sandbox/engine/kill")
    lost = sandbox.eventually(lambda: state("INTERNAL_ERROR"))
    assert "driver" in lost["state"]["state_message"]
    sandbox.play()
    assert sandbox.run(sandbox.make_job("again")).as_dict()["state"]["result_state"] == "SUCCESS"


def test_the_command_line_makes_lists_and_ends_faults(sandbox: Sandbox, send: Send) -> None:
    assert sandbox.command("fault", check=False).returncode == 2
    added = sandbox.fault("add", "error", "--status", "429", "--retry-after", "0", "--route", ME)
    assert added.stdout.endswith(" is in force.\n")
    assert f"error 429 before * {ME}  1 left" in sandbox.fault("list").stdout
    assert send("GET", ME).status_code == 429
    assert sandbox.fault("clear").stdout == "All faults are ended.\n"
    assert sandbox.fault("list").stdout == "No fault is in force.\n"
    refused = sandbox.fault("clear", "99", check=False)
    assert (refused.returncode, refused.stderr) == (1, "sandbox: Fault 99 does not exist.\n")
