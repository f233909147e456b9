"""Spans of web servers, HTTP clients, databases and queues: what a reader of model calls may fold away.

By the scope alone, which lists have at hand. Sources of the names: open-telemetry/opentelemetry-python-contrib and
opentelemetry-js-contrib (`instrumentation/*`), opentelemetry-java-instrumentation (`docs/supported-libraries.md`),
opentelemetry-go-contrib, learn.microsoft.com ".NET distributed tracing".
"""

import re
from functools import lru_cache

LIBRARIES = frozenset(re.findall(r"\S+", """
    aiohttp aiohttp_client aiohttp_server asgi asyncio asyncpg aiokafka aio_pika aiopg aws_lambda aws_sdk boto boto3sqs
    celery confluent_kafka dbapi django elasticsearch falcon fastapi flask grpc httpx jinja2 kafka kafka_python logging
    mysql mysqlclient pika psycopg psycopg2 pymemcache pymongo pymssql pymysql pyramid redis remoulade requests
    sqlalchemy sqlite3 starlette system_metrics threading tornado tortoiseorm urllib urllib3 wsgi
    amqplib bunyan cassandra_driver connect dataloader dns express fastify fetch fs generic_pool graphql hapi http
    ioredis kafkajs knex koa lru_memoizer memcached mongodb mongoose mysql2 nestjs_core net pg pino redis_4 restify
    router socket.io socket_io tedious undici winston xml_http_request document_load
    apache_httpclient hibernate http_url_connection jaxrs jdbc jedis jetty kafka_clients lettuce mongo netty okhttp
    rabbitmq servlet spring_data spring_scheduling spring_web spring_webflux spring_webmvc tomcat
"""))  # fmt: skip
"""Libraries without the version that some names end with."""

_OF_LIBRARY = re.compile(
    r"(?:opentelemetry\.instrumentation\.|@opentelemetry/instrumentation-|io\.opentelemetry\.)([\w.-]+?)(?:-\d[\d.]*)?"
)
PREFIXES = (
    "go.opentelemetry.io/contrib/instrumentation/", "Microsoft.AspNetCore", "Microsoft.EntityFrameworkCore",
    "System.Net.Http", "Npgsql", "OpenTelemetry.Instrumentation.", "next.js",
)  # fmt: skip


def is_infrastructure(kind: str, scope_name: str | None) -> bool:
    """Whether a span tells of plumbing: of no kind that this program knows, and made by such a library."""
    return kind == "span" and scope_name is not None and _is_plumbing(scope_name)


@lru_cache(maxsize=1024)
def _is_plumbing(scope_name: str) -> bool:
    found = _OF_LIBRARY.fullmatch(scope_name)
    if found:
        return found[1].replace("-", "_") in LIBRARIES
    return scope_name.startswith(PREFIXES)
