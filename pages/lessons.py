"""Lessons: short guided steps, each with something to predict, to set up and to look for."""

import streamlit as st

from bnn_lib.dashboard import lesson_view, lessons, links, notices, state, views
from bnn_lib.dashboard.head import head
from bnn_lib.dashboard.session import open_session

open_session()
state.enter("lessons")
views.inject_style()
found = lessons.find()
link, problems = links.read(state.query())
lesson = found.by_name.get(link.lesson)
with head(notices.plain(lesson.title) if lesson else "Lessons"):
    if lesson:
        # With a field, or it would be the address that the menu has, by which one comes back to a lesson.
        st.page_link(lessons.PATH, label="All lessons", icon=":material/menu_book:", query_params={"lesson": ""})
notices.show_problems(problems, "")
lesson_view.show_problems(found)
if link.lesson and not lesson:
    st.warning(notices.plain(f"There is no lesson {link.lesson!r}. Here are those that there are."))
if lesson:
    lesson_view.show_step(lesson, min(link.step, len(lesson.steps)))
else:
    lesson_view.show_list(found)
state.write(state.query())
