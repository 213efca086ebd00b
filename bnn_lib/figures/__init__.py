"""Arrays in, Plotly figures out; `palettes` holds every colour."""
