"""How a lesson is shown: the list, one step, and the strip on the page that a step has set up."""

from __future__ import annotations

import streamlit as st

from bnn_lib.dashboard import lessons, links, share, state
from bnn_lib.dashboard.lesson_file import PAGES, Lesson, Lessons, Step
from bnn_lib.dashboard.notices import plain
from bnn_lib.errors import counted, shown

CHOICE = "w.lesson_choice"


def show_problems(found: Lessons) -> None:
    """Name the files that are broken."""
    for problem in found.problems:
        st.warning(plain(problem), icon=":material/menu_book:")


# --- the list -----------------------------------------------------------------------------------------------


def show_list(found: Lessons) -> None:
    """Show what lessons there are, and how far one is in each."""
    st.markdown(
        "Each step asks what you expect, sets the app up, and says what to look for. "
        "Guess first: a wrong guess is what one learns from."
    )
    with st.container(key="lesson_list", gap="small"):
        for number, lesson in enumerate(found.by_name.values(), start=1):
            with st.container(key=f"lesson_{lesson.name}", gap="xsmall"):
                with st.container(horizontal=True, gap="small", vertical_alignment="center"):
                    st.button(
                        f"{number}. {plain(lesson.title)}",
                        key=f"open_lesson_{lesson.name}",
                        type="tertiary",
                        on_click=state.go,
                        args=(lessons.query_of(lesson, _next_step(lesson)),),
                    )
                    st.caption(_progress(lesson), width="content")
                st.markdown(plain(lesson.summary))


def _next_step(lesson: Lesson) -> int:
    steps = range(1, len(lesson.steps) + 1)
    return next((number for number in steps if (lesson.name, number) not in lessons.answers()), 1)


def _progress(lesson: Lesson) -> str:
    done, steps = lessons.answered(lesson), len(lesson.steps)
    return counted(steps, "step") if not done else "done" if done == steps else f"{done} of {steps} steps done"


# --- one step -----------------------------------------------------------------------------------------------


def show_step(lesson: Lesson, number: int) -> None:
    """Show one step: what to predict, what to open, what to look for."""
    step, steps = lesson.steps[number - 1], len(lesson.steps)
    with st.container(key="lesson_step", gap="small"):
        st.caption(f"Step {number} of {steps}")
        st.markdown(f"## {plain(step.title)}")
        if step.text:
            st.markdown(step.text)
        _question(lesson, number, step)
        with st.container(key="lesson_go", horizontal=True, gap="small", vertical_alignment="center"):
            if st.button(
                plain(step.set_up.label), key="lesson_set_up", type="primary", icon=":material/play_arrow:"
            ):
                query = step.set_up.query | links.Link(lesson=lesson.name, step=number).to_query()
                st.switch_page(PAGES[step.set_up.page].path, query_params=query)
            _turn("Step before", lesson, number - 1, ":material/arrow_back:")
            _turn("Next step", lesson, number + 1, ":material/arrow_forward:")
            share.whole_link()


def _question(lesson: Lesson, number: int, step: Step) -> None:
    """Ask; once there is an answer, say what is right and why."""
    here = (lesson.name, number)
    given = lessons.answers().get(here)
    key = f"{CHOICE}.{lesson.name}.{number}"
    st.session_state[key] = given

    def answer() -> None:
        chosen = st.session_state[key]
        if isinstance(chosen, int) and 0 <= chosen < len(step.choices):
            lessons.answers()[here] = chosen

    with st.container(key="lesson_question", border=True, gap="small"):
        st.markdown(f"**What do you expect?** {step.question}")
        st.radio(
            "Your guess",
            range(len(step.choices)),
            format_func=lambda i: step.choices[i].text,
            index=None,
            key=key,
            on_change=answer,
            label_visibility="collapsed",
        )
        if given is None:
            st.caption("Choose one, and the answer appears.")
        else:
            right = _sentence(step.choices[step.right].text)
            first = "Correct." if given == step.right else f"The answer: {right}"
            st.markdown(f"**{first}** {step.why}")
            st.markdown(f"**Look for:** {step.look}")


def _sentence(text: str) -> str:
    return text if text.endswith((".", "?", "!")) else f"{text}."


def _turn(label: str, lesson: Lesson, number: int, icon: str) -> None:
    if 1 <= number <= len(lesson.steps):
        key, query = f"lesson_{label}", lessons.query_of(lesson, number)
        st.button(label, key=key, type="tertiary", icon=icon, on_click=state.go, args=(query,))


def show_unknown(name: str, instead: str = "") -> None:
    """Say that there is no lesson of this name, and what there is instead."""
    st.warning(plain(f"There is no lesson {shown(name)}. {instead}"), icon=":material/link_off:")


# --- on the page that a step has set up ---------------------------------------------------------------------


def show_strip() -> None:
    """Show what the page's link says: a teacher's title and note, or a lesson's step and the way back to it."""
    link = links.current()
    if link.title or link.note:
        with st.container(key="link_note", gap=None):
            if link.title:
                st.markdown(f"## {plain(link.title)}")
            if link.note:
                st.markdown(plain(link.note))
    if not link.lesson:
        return
    found = lessons.current()
    if found is None:
        show_unknown(link.lesson)
        return
    lesson, number = found
    step = lesson.steps[number - 1]
    with st.container(key="lesson_strip", horizontal=True, gap="small", vertical_alignment="center"):
        st.markdown(f"**{plain(lesson.title)}, step {number}.** Look for: {step.look}")
        if step.set_up.experiment != st.session_state[state.STATE]:
            again = step.set_up.query | link.to_query()
            label, icon, page = "Set up again", ":material/replay:", step.set_up.page
            if state.is_at(page):
                st.button(label, key="lesson_again", type="tertiary", icon=icon, on_click=state.go, args=(again,))
            else:
                st.page_link(PAGES[page].path, label=label, icon=icon, query_params=again)
        st.page_link(
            lessons.PATH,
            label="Back to the lesson",
            icon=":material/menu_book:",
            query_params=lessons.query_of(lesson, number),
        )
