"""What a fit is taken away as: a PyMC script, a notebook, tables, a report. Imports neither PyMC nor JAX."""
