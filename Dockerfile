# The service and the simulator. Everything that is installed was checked against requirements.lock.

FROM python:3.12-slim AS build
WORKDIR /build
COPY requirements.lock .
# All of the lock is fetched and verified here; the last stage takes only what the service needs of it.
RUN pip wheel --no-cache-dir --no-deps --require-hashes --wheel-dir /wheels --requirement requirements.lock
COPY pyproject.toml README.md LICENSE ./
COPY safety_service safety_service
COPY device_simulator device_simulator
COPY alembic alembic
RUN pip install --no-cache-dir --no-index --find-links /wheels hatchling \
    && pip wheel --no-cache-dir --no-deps --no-index --no-build-isolation --wheel-dir /wheels .

FROM python:3.12-slim
RUN --mount=type=bind,from=build,source=/wheels,target=/wheels \
    pip install --no-cache-dir --no-index --find-links /wheels "campus-safety[s3]" \
    && useradd --system --create-home --home-dir /var/lib/campus-safety campus
USER campus
WORKDIR /var/lib/campus-safety
# A volume takes over the owner of the folder that it is mounted on.
RUN mkdir data
ENV CAMPUS_HTTP_HOST=0.0.0.0 \
    CAMPUS_HTTP_PORT=8000 \
    CAMPUS_DATA_DIR=/var/lib/campus-safety/data \
    PYTHONUNBUFFERED=1
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request as r; r.urlopen(f'http://127.0.0.1:{os.environ[\"CAMPUS_HTTP_PORT\"]}/healthz', timeout=4)"]
CMD ["campus-safety", "serve"]
