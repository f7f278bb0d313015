from __future__ import annotations

import signal
from collections import Counter
from collections.abc import Callable

import pytest

from operations.events import Event
from tests.flows.bundle_maker import Bundle, Job, make_bundle
from tests.flows.program import End, Program
from tests.flows.services import ScriptedWorkspace, paused_run

MakeProgram = Callable[[str], Program]
KILLED = -signal.SIGKILL
RUNS_SECONDS = 3.0


def job_and_pipeline(program: Program, name: str, **more: Job) -> Bundle:
    # Pipelines are called after their bundle, for their names are unique in a workspace, and all tests share one.
    return make_bundle(program.folder, name, {"load": Job("bronze"), **more}, pipelines=(f"silver_{name}",))


# One operation whose process dies at every dangerous moment, and is resumed each time.


@pytest.fixture(scope="module")
def deaths(one_workspace: ScriptedWorkspace, program_in: MakeProgram) -> tuple[Program, list[End]]:
    one_workspace.play()
    program = program_in("deaths")
    bundle = job_and_pipeline(program, "deaths")
    ends = [program.dying("after", Event.DEPLOY_STARTED, "", "operate", str(bundle.folder))]
    resume = ("operate", "--resume", program.story().id)
    ends += [
        program.dying("after", Event.RUN_INTENDED, "jobs.load", *resume),
        program.dying("before", Event.RUN_STARTED, "jobs.load", *resume),
        program.dying("after", Event.RUN_INTENDED, "pipelines.silver_deaths", *resume),
        program.dying("before", Event.RUN_STARTED, "pipelines.silver_deaths", *resume),
        program.run(*resume),
    ]
    return program, ends


def test_each_process_died_where_it_was_told_to(deaths: tuple[Program, list[End]]) -> None:
    assert [end.exit_code for end in deaths[1][:-1]] == [KILLED] * 5


def test_the_last_process_brings_the_operation_to_its_end(deaths: tuple[Program, list[End]]) -> None:
    program, ends = deaths
    assert ends[-1].exit_code == 0, ends[-1]
    assert program.story().verdict == "verified"


def test_a_job_has_one_run_although_the_process_died_around_its_start(
    deaths: tuple[Program, list[End]], one_workspace: ScriptedWorkspace
) -> None:
    handles = deaths[0].story().all(Event.RUN_STARTED)
    job = next(data["handle"] for data in handles if data["handle"]["resource"] == "jobs.load")
    assert len(one_workspace.runs_of_job(job["parent_id"])) == 1


def test_a_pipeline_has_one_update_although_the_process_died_around_its_start(
    deaths: tuple[Program, list[End]], one_workspace: ScriptedWorkspace
) -> None:
    started = deaths[0].story().started
    assert (started.count("pipelines.silver_deaths"), len(one_workspace.updates("silver_deaths"))) == (1, 1)


def test_a_run_that_was_started_before_the_death_is_told_as_taken_up(deaths: tuple[Program, list[End]]) -> None:
    program, ends = deaths
    assert [data["adopted"] for data in program.story().all(Event.RUN_STARTED)] == [True, True]
    assert "pipelines.silver_deaths #1 taken up again" in ends[-1].stdout


# One operation that is killed from outside: during a run, during an update, and while a person is waited for.


@pytest.fixture(scope="module")
def killed(one_workspace: ScriptedWorkspace, prefect_api: str, program_in: MakeProgram) -> tuple[Program, list[End]]:
    slow = {"seconds": RUNS_SECONDS}
    fault = {"job": "*check", "state": "FAILED", "error": "ValueError: the delivery is empty", "occurrence": 1}
    one_workspace.play(tasks=[{"job": "*load", **slow}, fault], updates=[slow])
    program = program_in("killed")
    bundle = job_and_pipeline(program, "killed", check=Job("gold_merge"))
    process = program.start("operate", str(bundle.folder))
    story = process.reached(lambda story: "jobs.load" in story.started)
    ends = [process.kill_group()]
    resume = ("operate", "--resume", story.id)
    process = program.start(*resume)
    process.until(lambda: "pipelines.silver_killed" in story.started)
    ends.append(process.signal(signal.SIGKILL))
    process = program.start(*resume, "--answer-wait", "300")
    process.until(lambda: paused_run(prefect_api, bundle.folder))
    ends.append(process.kill_group())
    story.answer("run_again")
    return program, [*ends, program.run(*resume, "--output", "json")]


def test_a_killed_operation_goes_on_to_its_end(killed: tuple[Program, list[End]]) -> None:
    program, ends = killed
    assert [end.exit_code for end in ends] == [KILLED, KILLED, KILLED, 0], ends[-1]
    assert program.story().verdict == "verified"


def test_nothing_is_started_twice_because_of_a_kill(
    killed: tuple[Program, list[End]], one_workspace: ScriptedWorkspace
) -> None:
    assert Counter(killed[0].story().started) == {"jobs.load": 1, "pipelines.silver_killed": 1, "jobs.check": 2}
    assert len(one_workspace.updates("silver_killed")) == 1


def test_a_question_outlives_the_process_that_waited_for_its_answer(killed: tuple[Program, list[End]]) -> None:
    story = killed[0].story()
    assert len(story.all(Event.QUESTION_ASKED)) == 1
    assert [data["option"] for data in story.all(Event.QUESTION_ANSWERED)] == ["run_again"]


def test_a_verified_end_in_json_is_one_document_and_its_progress_is_on_stderr(
    killed: tuple[Program, list[End]],
) -> None:
    program, ends = killed
    document = ends[-1].document
    assert (document["operation"], document["verdict"], document["exit_code"]) == (program.story().id, "verified", 0)
    assert "jobs.check #2 verified" in ends[-1].stderr


def test_no_process_prints_a_traceback(killed: tuple[Program, list[End]], deaths: tuple[Program, list[End]]) -> None:
    assert "Traceback" not in "".join(end.stdout + end.stderr for end in (*killed[1], *deaths[1]))
