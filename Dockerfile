# The app, the scheduler and the workers are one image; compose.yaml has a command for each.
# check=error=true

FROM python:3.13-slim AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN python -m venv /opt/venv
COPY requirements.txt /tmp/requirements.txt
RUN /opt/venv/bin/pip install --requirement /tmp/requirements.txt

FROM python:3.13-slim
# The user's number is fixed, so that a volume's owner is the same on every machine.
RUN useradd --uid 10001 --no-create-home --home-dir /tmp --shell /usr/sbin/nologin bnn \
    && install --directory --owner bnn --group bnn /var/lib/bnn
COPY --from=build /opt/venv /opt/venv
WORKDIR /app
COPY app.py ./
COPY .streamlit/config.toml .streamlit/config.toml
COPY pages pages
COPY bnn_lib bnn_lib
# Everything that is written goes to the store, or to /tmp: the rest may be read-only. There is no compiler here,
# and none is needed: PyTensor is told so, and JAX has its own.
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONPATH=/app \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    HOME=/tmp \
    BNN_STORE=/var/lib/bnn/results \
    BNN_COMPILE_CACHE=/var/lib/bnn/compiled \
    PYTENSOR_FLAGS=cxx=,base_compiledir=/tmp/pytensor \
    NUMBA_CACHE_DIR=/tmp/numba \
    MPLCONFIGDIR=/tmp/matplotlib
USER 10001:10001
VOLUME /var/lib/bnn
EXPOSE 8501
# The web server's own health. Whether fits run now is /ready, for a load balancer.
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8501/_stcore/health', timeout=4)"]
CMD ["streamlit", "run", "app.py", "--server.port=8501", "--server.address=0.0.0.0"]
