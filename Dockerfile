# syntax=docker/dockerfile:1
# `scripts/image_steps.py` runs these steps one by one without an engine; tests/test_dockerfile.py reads them.

FROM python:3.13-slim AS build
# For the compiled decoder; without it the program is the same, and slower. Nothing of it is in the image.
RUN apt-get update && apt-get install --yes --no-install-recommends gcc libc6-dev
WORKDIR /src
COPY pyproject.toml hatch_build.py README.md LICENSE ./
COPY contract contract
COPY receiver receiver
COPY translator translator
COPY storage storage
COPY api api
COPY service service
RUN python -m venv /opt/tracepond
RUN /opt/tracepond/bin/pip install --no-cache-dir --disable-pip-version-check /src
RUN /opt/tracepond/bin/pip uninstall --yes --disable-pip-version-check pip

FROM python:3.13-slim
LABEL org.opencontainers.image.title="tracepond" \
      org.opencontainers.image.description="OpenTelemetry of GenAI applications in one DuckDB file" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build /opt/tracepond /opt/tracepond
RUN install --directory --owner=10001 --group=10001 /data
# Inside a container everything must bind 0.0.0.0; who may reach it is decided where its ports are published.
# Keys: TRACEPOND_AUTH_MODE=keys and auth.projects, or LANGFUSE_INIT_PROJECT_PUBLIC_KEY and ..._SECRET_KEY.
ENV PATH=/opt/tracepond/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    TRACEPOND_RECEIVERS_OTLP_PROTOCOLS_GRPC_ENDPOINT=0.0.0.0:4317 \
    TRACEPOND_RECEIVERS_OTLP_PROTOCOLS_HTTP_ENDPOINT=0.0.0.0:4318 \
    TRACEPOND_STORAGE_PATH=/data/tracepond.duckdb \
    TRACEPOND_AUTH_MODE=none
USER 10001:10001
WORKDIR /data
VOLUME /data
EXPOSE 4317 4318
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=6s --start-period=20s CMD ["tracepond", "healthcheck"]
ENTRYPOINT ["tracepond"]
CMD ["serve"]
