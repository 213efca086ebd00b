"""Lessons: short guided steps, each with something to predict, to set up and to look for."""

import streamlit as st

from bnn_lib.dashboard import lesson_view, lessons, links, notices, state, views
from bnn_lib.dashboard.head import head
from bnn_lib.dashboard.session import open_session

open_session()
state.enter("lessons")
views.inject_style()
found = lessons.find()
query = state.query()
link, problems = links.read(query)
state.take(query)
here = lessons.named_by(link)
with head(notices.plain(here[0].title) if here else "Lessons"):
    if here:
        icon = ":material/menu_book:"
        st.button("All lessons", key="lessons_all", type="tertiary", icon=icon, on_click=state.go, args=({},))
notices.show_problems(problems, "")
lesson_view.show_problems(found)
if link.lesson and not here:
    lesson_view.show_unknown(link.lesson, "Here are those that there are.")
if here:
    lesson_view.show_step(*here)
else:
    lesson_view.show_list(found)
state.write(query)
